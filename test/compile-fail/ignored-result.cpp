// ignored-result.cpp - ops return their result and change nothing.
// error: ignoring return value
#include <needle/needle.h>

int main() {
  needle::Tensor x = needle::ones({2});
  needle::relu(x);
}
