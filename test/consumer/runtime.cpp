// runtime.cpp - the runtime alone: no LLVM, no front end.
#include <needle/runtime/Execution.h>
#include <needle/runtime/Step.h>

#include <cstdio>

int main() {
  auto program = std::make_shared<needle::runtime::Program>();
  needle::runtime::Executable executable(program);
  executable.execute({}).done.wait();
  try {
    needle::Step::load("no/such/file");
    return 1;
  } catch (const needle::Error &) {
  }
  std::printf("%zu commands\n", executable.program().commands.size());
}
