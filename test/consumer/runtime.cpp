// runtime.cpp - the runtime alone: no LLVM, no front end.
#include <needle/runtime/Program.h>
#include <needle/runtime/Target.h>

#include <cstdio>

int main() {
  needle::runtime::Program program;
  std::printf("%s %zu\n", needle::Target::cpu().name().c_str(),
              program.commands.size());
}
