// SafeRun.h - runs a Program without its machine code, in memory of just the
// promised sizes: steps outside are seen here, and all of them by a sanitizer.
#pragma once

#include "needle/runtime/Program.h"

#include <deque>
#include <memory>

namespace needle::fuzz {

/// A copy of a Program whose kernels read the first and the last byte of each
/// buffer that they are given, and of their scratch memory.
class CheckedProgram {
public:
  explicit CheckedProgram(const runtime::Program &source);
  const std::shared_ptr<runtime::Program> &program() const { return copy; }

  /// Whether a run takes little memory and time: what is well-formed may still
  /// ask for all of both.
  bool isSmall() const;
  /// Runs the commands; every argument, result, ... has a heap block of its
  /// own.
  void run();

private:
  /// What a kernel may touch. Its address is the call's only scalar.
  struct Promise {
    std::vector<int64_t> bufferBytes;
    int64_t scratchBytes;
    const CheckedProgram *program;
  };
  struct Block {
    std::unique_ptr<char[]> memory;
    int64_t bytes;
  };
  char *makeBlock(int64_t bytes);
  void check(const void *memory, int64_t bytes) const;
  static void touch(void *const *buffers, const int64_t *scalars, int64_t tile,
                    void *scratch);
  void replaceKernels(std::vector<runtime::Command> &commands);

  std::shared_ptr<runtime::Program> copy;
  std::deque<Promise> promises; // stay where they are
  std::vector<Block> blocks;    // while run() does
};

} // namespace needle::fuzz
