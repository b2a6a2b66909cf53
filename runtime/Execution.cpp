// Execution.cpp - arguments in, results out: checks, memory, donation.
#include "needle/runtime/Execution.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Run.h"
#include "needle/runtime/Validate.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <ranges>
#include <utility>

namespace needle::runtime {

/// What runs share, and the runs that nobody uses now.
struct Executable::Pool {
  LoopDependents dependents;
  BufferPtr constants;      // aligned as kernels expect
  int64_t scratchBytes = 0; // of a thread, the most of any phase
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

static int64_t mostScratch(const std::vector<Command> &commands) {
  int64_t most = 0;
  for (const Command &command : commands) {
    if (auto *loop = std::get_if<Loop>(&command.what))
      most = std::max(most, mostScratch(loop->body));
    if (auto *launch = std::get_if<Launch>(&command.what))
      for (const Phase &phase : launch->phases)
        most = std::max(most, phase.scratchBytes);
  }
  return most;
}

Executable::Executable(std::shared_ptr<const Program> program)
    : source(std::move(program)), pool(std::make_shared<Pool>()) {
  validate(*source);
  pool->dependents = findDependents(*source);
  pool->scratchBytes = mostScratch(source->commands);
  pool->constants =
      Buffer::copyOf(source->constants.data(), source->constants.size());
}

Executable::~Executable() = default;

namespace {
/// Arena, workspace and scratch memory of one run: one block, given back when
/// it ends. Nothing is allocated while kernels run, which could not be undone.
class Arena {
public:
  Arena(const Program &program, size_t scratchBytes)
      : workspaceOffset((size_t(program.arenaBytes) + 63) / 64 * 64),
        scratchOffset(workspaceOffset +
                      (size_t(program.workspaceBytes) + 63) / 64 * 64),
        block(Allocator::process().allocate(scratchOffset + scratchBytes)) {}
  ~Arena() { Allocator::process().free(block); }
  Arena(Arena &&other) noexcept
      : workspaceOffset(other.workspaceOffset),
        scratchOffset(other.scratchOffset),
        block(std::exchange(other.block, {})) {}
  char *arena() const { return static_cast<char *>(block.data); }
  char *workspace() const { return arena() + workspaceOffset; }
  char *scratch() const { return arena() + scratchOffset; }

private:
  size_t workspaceOffset, scratchOffset;
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

static bool callsHost(const std::vector<Command> &commands) {
  return std::ranges::any_of(commands, [](const Command &command) {
    if (auto *loop = std::get_if<Loop>(&command.what))
      return callsHost(loop->body);
    return std::holds_alternative<HostCall>(command.what);
  });
}

namespace {
/// A result that is an argument, unchanged, in memory of its own.
struct UnchangedResult {
  void *to;
  const void *from;
  size_t bytes;
};
} // namespace

/// Gives each result its memory. An argument's is taken at most once, and not
/// when the argument itself is a result, too.
static Executed allocateResults(const Program &program,
                                const std::vector<BufferPtr> &arguments,
                                bool shareUnchanged,
                                std::vector<UnchangedResult> &unchanged) {
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
      executed.results.push_back(shareUnchanged ? same
                                                : Buffer::allocate(bytes));
      if (!shareUnchanged)
        unchanged.push_back(
            {executed.results.back()->data(), same->data(), bytes});
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

/// A run of the pool, until it goes.
class Executable::Borrowed {
public:
  Borrowed(const std::shared_ptr<Pool> &pool, const Program &program)
      : pool(pool), run(pool->take(program)) {}
  Borrowed(Borrowed &&) noexcept = default;
  ~Borrowed() {
    if (run)
      pool->give(std::move(run));
  }
  Run *operator->() { return run.get(); }
  Run &operator*() { return *run; }

private:
  std::shared_ptr<Pool> pool;
  std::unique_ptr<Run> run;
};

/// One run that has everything it needs.
struct Executable::Submitted {
  std::shared_ptr<const Program> program;
  std::vector<BufferPtr> arguments; // but for those whose memory results took
  Arena arena;
  Borrowed run;
  std::vector<UnchangedResult> unchanged;
  ExecuteOptions options;

  void operator()() {
    for (const UnchangedResult &copy : unchanged)
      if (copy.bytes)
        std::memcpy(copy.to, copy.from, copy.bytes);
    (*run)(options);
  }
};

Executed Executable::execute(std::vector<BufferPtr> &&arguments,
                             const ExecuteOptions &options) const {
  const Program &program = *source;
  checkArguments(program, arguments);
  checkIndices(program, arguments);
  const ThreadPool &threads =
      options.threads ? *options.threads : ThreadPool::process();
  size_t scratch = size_t(threads.threads()) *
                   size_t(Grid::scratchStride(pool->scratchBytes));
  Submitted it{source, {},     Arena(program, scratch), Borrowed(pool, program),
               {},     options};
  Executed executed =
      allocateResults(program, arguments, options.shareUnchanged, it.unchanged);
  executed.mayFail = program.statusValue >= 0 || callsHost(program.commands);
  RunMemory &memory = it.run->memory;
  memory.arguments.clear();
  memory.results.clear();
  for (const BufferPtr &argument : arguments)
    memory.arguments.push_back(argument->as<char>());
  for (const BufferPtr &result : executed.results)
    memory.results.push_back(result->as<char>());
  memory.arena = it.arena.arena();
  memory.workspace = it.arena.workspace();
  memory.scratch = it.arena.scratch();
  memory.constants = pool->constants->as<char>();
  // From here on the arguments belong to the run.
  it.arguments = std::move(arguments);
  arguments.clear();
  if (!Queue::isDeferred()) {
    executed.done = Queue::submit([&it] { it(); });
    return executed;
  }
  // A result in an argument's memory is its only owner now: a later call may
  // take it in turn. Memory is not given back before what writes to it has run.
  for (BufferPtr &argument : it.arguments)
    if (std::ranges::count(executed.results, argument))
      argument.reset();
  auto kept = std::make_shared<Submitted>(std::move(it));
  executed.done = Queue::submit([kept] { (*kept)(); });
  for (size_t i = 0; i < executed.results.size(); ++i)
    if (program.results[i].sameAs < 0 || !options.shareUnchanged)
      executed.results[i]->setReady(executed.done);
  // A profile belongs to the caller.
  if (options.profile)
    executed.done.join();
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
    arguments[i]->ready().join();
    if (argument.type.dtype == DType::int32)
      checkIndices(argument, i, arguments[i]->as<int32_t>());
    else if (argument.type.dtype == DType::int64)
      checkIndices(argument, i, arguments[i]->as<int64_t>());
  }
}

} // namespace needle::runtime
