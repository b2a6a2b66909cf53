// Run.h - the state of one run of a Program: where its values are, right now.
#pragma once

#include "needle/runtime/Execution.h"
#include "needle/runtime/ThreadPool.h"

#include <unordered_map>

namespace needle::runtime {

/// For each loop, at any depth, the values that follow from its moving ones
/// and must be resolved again in each iteration.
using LoopDependents = std::unordered_map<const Loop *, std::vector<int32_t>>;
LoopDependents findDependents(const Program &program);

/// Memory that one run works with.
struct RunMemory {
  std::vector<char *> arguments;
  std::vector<char *> results;
  char *arena;
  char *workspace;
  char *scratch; // of every thread
  char *constants;
};

/// Reused from run to run, by one thread at a time: its lists keep their
/// memory.
class Run {
public:
  Run(const Program &program, const LoopDependents &dependents)
      : program(program), dependents(dependents),
        pointers(program.values.size()) {}

  /// Resolves the values of `memory` and runs all commands. Throws IndexError
  /// when a kernel reported a bad index, after the last command.
  void operator()(const ExecuteOptions &options);

  RunMemory memory;

private:
  /// A call with its pointers: `buffers` starts at that place of `gathered`.
  struct Prepared {
    TileFunction *function;
    size_t buffers;
    const int64_t *scalars;
  };

  void resolve(int32_t number);
  void run(const std::vector<Command> &commands);
  void run(const Launch &launch);
  void run(const Phase &phase);
  void run(const Copy &copy);
  void run(const HostCall &call);
  void run(const Loop &loop);
  void resetStatus();
  void checkStatus() const;

  const Program &program;
  const LoopDependents &dependents;
  std::vector<void *> pointers; // of the values
  std::vector<void *> gathered;
  std::vector<Prepared> calls;
  ThreadPool *threads = nullptr;
  Profile *profile = nullptr;
};

/// Throws IndexError when an argument with an indexLimit holds an index outside
/// of [-limit, limit).
void checkIndices(const Program &program,
                  const std::vector<BufferPtr> &arguments);

/// The error for an op named by `text`, which may already start with the place.
[[noreturn]] void throwIndexError(const std::string &file, int line,
                                  std::string text, const std::string &what);

} // namespace needle::runtime
