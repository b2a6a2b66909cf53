// float-parameter.cpp - every value would be another signature.
// error: a jitted function takes no float or double
#include <needle/needle.h>

int main() {
  auto step = needle::jit(
      [](const needle::Tensor &x, double rate) { return x * rate; });
  (void)step;
}
