// runtime.cpp - the runtime alone: no LLVM, no front end.
#include <needle/runtime/Execution.h>

#include <cstdio>

int main() {
  auto program = std::make_shared<needle::runtime::Program>();
  needle::runtime::Executable executable(program);
  executable.execute({}).done.wait();
  std::printf("%zu commands\n", executable.program().commands.size());
}
