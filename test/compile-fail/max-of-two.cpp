// max-of-two.cpp - max reduces; the elementwise one is maximum.
// error: use of deleted function
#include <needle/needle.h>

int main() {
  needle::Tensor x = needle::ones({2});
  (void)needle::max(x, x);
}
