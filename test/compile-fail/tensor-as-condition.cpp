// tensor-as-condition.cpp - a branch would need the value.
// error: use of deleted function
#include <needle/needle.h>

int main() {
  if (needle::ones({2}))
    return 1;
}
