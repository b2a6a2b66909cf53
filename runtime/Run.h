// Run.h - the state of one run of a Program: where its values are, right now.
#pragma once

#include "needle/runtime/Execution.h"
#include "needle/runtime/Plan.h"
#include "needle/runtime/ThreadPool.h"

#include <span>
#include <vector>

namespace needle::runtime {

/// Reused from run to run, by one thread at a time: its lists keep their
/// memory.
class Run {
public:
  Run(const Program &program, const Plan &plan)
      : program(program), plan(plan), table(plan.slots) {}

  /// Where the pointers of the bases go (Plan::Base), before the run.
  char **bases() { return table.data(); }
  /// Resolves the values and runs all commands. Throws IndexError when a kernel
  /// reported a bad index, after the last command. `scratch` is that of every
  /// thread.
  void operator()(char *scratch, const ExecuteOptions &options);

  /// A result that is an argument, unchanged, in memory of its own.
  struct Unchanged {
    void *to;
    const void *from;
    size_t bytes;
  };
  /// For its caller, who empties them.
  std::vector<Unchanged> unchanged;
  std::vector<char> isKept;

private:
  void run(const std::vector<Plan::Command> &commands);
  void run(const Plan::Launch &launch);
  void run(const Plan::Phase &phase);
  void run(const Plan::Copy &copy);
  void run(const Plan::HostCall &call);
  void run(const Plan::Loop &loop);
  /// Pointers to `slots`, one after the other.
  void gather(std::span<const uint32_t> slots);
  void place(const Plan::Place &place, int64_t moved = 0) {
    table[place.slot] = table[place.base] + place.offset + moved;
  }
  void resetStatus();
  void checkStatus() const;

  const Program &program;
  const Plan &plan;
  std::vector<char *> table;
  std::vector<void *> gathered;
  char *scratch = nullptr;
  ThreadPool *threads = nullptr;
  Profile *profile = nullptr;
};

/// Throws IndexError when `indices`, argument `number`, hold one outside of
/// [-limit, limit).
void checkIndices(const Program &program, size_t number, const Buffer &indices);

/// The error for an op named by `text`, which may already start with the place.
[[noreturn]] void throwIndexError(const std::string &file, int line,
                                  std::string text, const std::string &what);

} // namespace needle::runtime
