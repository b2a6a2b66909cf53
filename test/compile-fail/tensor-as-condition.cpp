// tensor-as-condition.cpp - a branch would need the value.
// error: could not convert
#include <needle/needle.h>

int main() {
  if (needle::ones({2}))
    return 1;
}
