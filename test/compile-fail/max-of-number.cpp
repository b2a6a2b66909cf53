// max-of-number.cpp - an axis is an integer; maximum takes numbers.
// error: use of deleted function
#include <needle/needle.h>

int main() {
  needle::Tensor x = needle::ones({2});
  (void)needle::max(x, 0.0);
}
