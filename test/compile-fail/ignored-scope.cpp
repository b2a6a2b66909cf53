// ignored-scope.cpp - a scope without a name ends at once.
// error: ignoring return value
#include <needle/needle.h>

int main() { needle::TargetScope("reference"); }
