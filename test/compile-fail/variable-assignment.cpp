// variable-assignment.cpp - only assign() changes a variable.
// error: use of deleted function
#include <needle/needle.h>

int main() {
  needle::Variable a(needle::ones({2})), b(needle::ones({2}));
  a = b;
}
