// Execution.cpp - arguments in, results out: checks, memory, donation.
#include "needle/runtime/Execution.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Run.h"
#include "needle/runtime/Validate.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace needle::runtime {

/// What runs share, and the runs that nobody uses now.
struct Executable::Pool {
  LoopDependents dependents;
  BufferPtr constants; // aligned as kernels expect
  std::mutex mutex;
  std::vector<std::unique_ptr<Run>> idle;

  std::unique_ptr<Run> take(const Program &program) {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        std::unique_ptr<Run> run = std::move(idle.back());
        idle.pop_back();
        return run;
      }
    }
    return std::make_unique<Run>(program, dependents);
  }
  void give(std::unique_ptr<Run> run) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(run));
  }
};

Executable::Executable(std::shared_ptr<const Program> program)
    : source(std::move(program)), pool(std::make_unique<Pool>()) {
  validate(*source);
  pool->dependents = findDependents(*source);
  pool->constants =
      Buffer::copyOf(source->constants.data(), source->constants.size());
}

Executable::~Executable() = default;

namespace {
/// Arena and workspace of one run: one block, given back when it ends.
class Arena {
public:
  explicit Arena(const Program &program)
      : workspaceOffset((size_t(program.arenaBytes) + 63) / 64 * 64),
        block(Allocator::process().allocate(workspaceOffset +
                                            size_t(program.workspaceBytes))) {}
  ~Arena() { Allocator::process().free(block); }
  Arena(const Arena &) = delete;
  char *arena() const { return static_cast<char *>(block.data); }
  char *workspace() const { return arena() + workspaceOffset; }

private:
  size_t workspaceOffset;
  Block block;
};
} // namespace

static void checkArguments(const Program &program,
                           const std::vector<BufferPtr> &arguments) {
  if (arguments.size() != program.arguments.size())
    throw Error("program " + program.name + " takes " +
                std::to_string(program.arguments.size()) + " arguments, not " +
                std::to_string(arguments.size()));
  for (size_t i = 0; i < arguments.size(); ++i) {
    size_t wanted = byteSize(program.arguments[i].type);
    if (!arguments[i] || arguments[i]->bytes() != wanted)
      throw Error("program " + program.name + ": argument " +
                  std::to_string(i) + " needs " + std::to_string(wanted) +
                  " bytes, not " +
                  (arguments[i] ? std::to_string(arguments[i]->bytes())
                                : "an empty buffer"));
    arguments[i]->ready().join();
  }
}

/// Gives each result its memory. An argument's is taken at most once, and not
/// when the argument itself is a result, too.
static Executed allocateResults(const Program &program,
                                const std::vector<BufferPtr> &arguments,
                                bool shareUnchanged) {
  Executed executed;
  executed.results.reserve(program.results.size());
  std::vector<int32_t> kept; // arguments that are not to be taken (any more)
  for (const ProgramResult &result : program.results)
    if (result.sameAs >= 0)
      kept.push_back(result.sameAs);
  for (const ProgramResult &result : program.results) {
    size_t bytes = byteSize(result.type);
    if (result.sameAs >= 0) {
      const BufferPtr &same = arguments[size_t(result.sameAs)];
      executed.results.push_back(
          shareUnchanged ? same : Buffer::copyOf(same->data(), bytes));
      continue;
    }
    int32_t reuse = result.inPlaceOf;
    if (reuse >= 0 &&
        std::find(kept.begin(), kept.end(), reuse) == kept.end() &&
        solelyOwned(arguments[size_t(reuse)])) {
      kept.push_back(reuse);
      ++executed.updatedInPlace;
      executed.results.push_back(arguments[size_t(reuse)]);
      continue;
    }
    executed.updatedByCopy += reuse >= 0;
    executed.results.push_back(Buffer::allocate(bytes));
  }
  return executed;
}

Executed Executable::execute(std::vector<BufferPtr> &&arguments,
                             const ExecuteOptions &options) const {
  const Program &program = *source;
  checkArguments(program, arguments);
  checkIndices(program, arguments);
  Executed executed =
      allocateResults(program, arguments, options.shareUnchanged);
  Arena arena(program);
  std::unique_ptr<Run> run = pool->take(program);
  // From here on the arguments belong to the run.
  std::vector<BufferPtr> given = std::move(arguments);
  arguments.clear();
  executed.done = Queue::submit([&] {
    (*run)({given, executed.results, arena.arena(), arena.workspace(),
            pool->constants->as<char>()},
           options);
  });
  pool->give(std::move(run));
  return executed;
}

template <class T>
static bool allWithin(const T *indices, size_t count, int64_t limit) {
  // A minimum and a maximum are vectorised, an early exit is not.
  T low = 0, high = -1;
  for (size_t i = 0; i < count; ++i) {
    low = std::min(low, indices[i]);
    high = std::max(high, indices[i]);
  }
  return int64_t(low) >= -limit && int64_t(high) < limit;
}

template <class T>
static void checkIndices(const ProgramArgument &argument, size_t number,
                         const T *indices) {
  size_t count = size_t(argument.type.shape.elements());
  int64_t limit = argument.indexLimit;
  if (allWithin(indices, count, limit))
    return;
  const T *bad = std::find_if(indices, indices + count, [&](int64_t i) {
    return i < -limit || i >= limit;
  });
  std::string name =
      argument.name.empty() ? std::to_string(number) : argument.name;
  throwIndexError(argument.indexFile, argument.indexLine, argument.indexText,
                  ": index " + std::to_string(*bad) +
                      " is out of range for size " + std::to_string(limit) +
                      " (element " + std::to_string(bad - indices) +
                      " of argument " + name + ")");
}

void checkIndices(const Program &program,
                  const std::vector<BufferPtr> &arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ProgramArgument &argument = program.arguments[i];
    if (argument.indexLimit < 0)
      continue;
    if (argument.type.dtype == DType::int32)
      checkIndices(argument, i, arguments[i]->as<int32_t>());
    else if (argument.type.dtype == DType::int64)
      checkIndices(argument, i, arguments[i]->as<int64_t>());
  }
}

} // namespace needle::runtime
