// Execution.cpp - arguments in, results out: checks, memory, donation.
#include "needle/runtime/Execution.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Run.h"
#include "needle/runtime/Validate.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

namespace needle::runtime {

/// What runs share, and the runs that nobody uses now.
struct Executable::Pool {
  explicit Pool(const Program &program);
  ~Pool() { delete spare.load(); }
  Pool(const Pool &) = delete;

  Run *take(const Program &program) {
    if (Run *run = spare.exchange(nullptr, std::memory_order_acquire))
      return run;
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Run *run = idle.back().release();
        idle.pop_back();
        return run;
      }
    }
    return new Run(program, plan);
  }
  void give(Run *run) {
    Run *none = nullptr;
    if (spare.compare_exchange_strong(none, run, std::memory_order_release,
                                      std::memory_order_relaxed))
      return;
    std::lock_guard lock(mutex);
    idle.emplace_back(run);
  }

  Plan plan;
  BufferPtr constants; // aligned as kernels expect
  /// One run is at hand without a lock.
  std::atomic<Run *> spare{nullptr};
  std::mutex mutex;
  std::vector<std::unique_ptr<Run>> idle;
};

Executable::Pool::Pool(const Program &program) : plan(program) {
  constants =
      Buffer::copyOf(program.constants.data(), program.constants.size());
}

Executable::Executable(std::shared_ptr<const Program> program)
    : source(std::move(program)) {
  validate(*source);
  pool = std::make_shared<Pool>(*source);
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
                      (size_t(program.workspaceBytes) + 63) / 64 * 64) {
    if (size_t bytes = scratchOffset + scratchBytes)
      block = Allocator::process().allocate(bytes);
  }
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

// ---- checks ----------------------------------------------------------------
[[noreturn]] static void failArgument(const Program &program, size_t number,
                                      size_t wanted, const Buffer *given) {
  throw Error("program " + program.name + ": argument " +
              std::to_string(number) + " needs " + std::to_string(wanted) +
              " bytes, not " +
              (given ? std::to_string(given->bytes()) : "an empty buffer"));
}

// ---- one run ---------------------------------------------------------------
/// One run that has everything it needs.
class Executable::Submitted {
public:
  Submitted(Pool &pool, const Program &program, const ExecuteOptions &options)
      : pool(&pool), arena(program, scratchBytes(pool, options)),
        run(pool.take(program)), options(options) {}
  Submitted(Submitted &&other) noexcept
      : pool(other.pool), arena(std::move(other.arena)),
        run(std::exchange(other.run, nullptr)), options(other.options) {}
  ~Submitted() {
    if (!run)
      return;
    run->unchanged.clear();
    run->isKept.clear();
    pool->give(run);
  }

  /// Throws unless the arguments are what the program takes.
  void bindArguments(const Program &program,
                     std::span<const Argument> arguments);
  /// Gives each result its memory.
  void bindResults(std::span<const Argument> arguments, Executed &executed);
  void operator()() {
    for (const Run::Unchanged &copy : run->unchanged)
      if (copy.bytes)
        std::memcpy(copy.to, copy.from, copy.bytes);
    (*run)(arena.scratch(), options);
  }

private:
  bool takes(const Argument &argument, size_t number);
  BufferPtr copyLater(const Plan::Result &result, const Argument &argument);
  static size_t scratchBytes(const Pool &pool, const ExecuteOptions &options) {
    if (!pool.plan.scratchBytes)
      return 0;
    const ThreadPool &threads =
        options.threads ? *options.threads : ThreadPool::process();
    return size_t(threads.threads()) *
           size_t(Grid::scratchStride(pool.plan.scratchBytes));
  }

  Pool *pool;
  Arena arena;
  Run *run;
  ExecuteOptions options;
};

void Executable::Submitted::bindArguments(const Program &program,
                                          std::span<const Argument> arguments) {
  const std::vector<size_t> &wanted = pool->plan.arguments;
  if (arguments.size() != wanted.size())
    throw Error("program " + program.name + " takes " +
                std::to_string(wanted.size()) + " arguments, not " +
                std::to_string(arguments.size()));
  char **slots = run->bases();
  slots[Plan::arena] = arena.arena();
  slots[Plan::workspace] = arena.workspace();
  slots[Plan::constants] = pool->constants->as<char>();
  for (size_t i = 0; i < wanted.size(); ++i) {
    Buffer *buffer = arguments[i].buffer;
    if (!buffer || buffer->bytes() != wanted[i]) [[unlikely]]
      failArgument(program, i, wanted[i], buffer);
    buffer->ready().join();
    slots[Plan::firstArgument + i] = buffer->as<char>();
  }
  for (uint32_t i : pool->plan.indexArguments)
    checkIndices(program, i, *arguments[i].buffer);
}

// An argument's memory is taken at most once, and not when the argument itself
// is a result, too.
bool Executable::Submitted::takes(const Argument &argument, size_t number) {
  if (!solelyOwned(*argument.buffer))
    return false;
  std::vector<char> &isKept = run->isKept;
  if (isKept.empty()) {
    isKept.resize(pool->plan.arguments.size());
    for (const Plan::Result &result : pool->plan.results)
      if (result.sameAs >= 0)
        isKept[size_t(result.sameAs)] = true;
  }
  return !std::exchange(isKept[number], true);
}

BufferPtr Executable::Submitted::copyLater(const Plan::Result &result,
                                           const Argument &argument) {
  if (options.shareUnchanged)
    return BufferPtr::share(argument.buffer);
  BufferPtr copy = Buffer::allocate(result.bytes, result.sizeClass);
  run->unchanged.push_back(
      {copy->data(), argument.buffer->data(), result.bytes});
  return copy;
}

void Executable::Submitted::bindResults(std::span<const Argument> arguments,
                                        Executed &executed) {
  executed.results.resize(pool->plan.results.size());
  BufferPtr *buffer = executed.results.data();
  char **slot = run->bases() + pool->plan.firstResult;
  int inPlace = 0, copied = 0;
  for (const Plan::Result &result : pool->plan.results) {
    auto number = size_t(result.inPlaceOf);
    if (result.sameAs >= 0) {
      *buffer = copyLater(result, arguments[size_t(result.sameAs)]);
    } else if (result.inPlaceOf >= 0 && arguments[number].isGivenUp &&
               takes(arguments[number], number)) {
      ++inPlace;
      *buffer = BufferPtr::share(arguments[number].buffer);
    } else {
      copied += result.inPlaceOf >= 0;
      *buffer = Buffer::allocate(result.bytes, result.sizeClass);
    }
    *slot++ = (*buffer++)->as<char>();
  }
  executed.updatedInPlace = inPlace;
  executed.updatedByCopy = copied;
}

/// A run that outlives the call: with all that it uses.
struct Executable::Kept {
  std::shared_ptr<const Program> program;
  std::shared_ptr<Pool> pool;
  std::vector<BufferPtr> arguments; // but for those whose memory results took
  Submitted run;
};

void Executable::execute(std::span<const Argument> arguments,
                         const ExecuteOptions &options,
                         Executed &executed) const {
  executed.results.clear();
  executed.done = Event();
  executed.mayFail = pool->plan.mayFail;
  Submitted run(*pool, *source, options);
  run.bindArguments(*source, arguments);
  run.bindResults(arguments, executed);
  if (!Queue::isDeferred()) {
    executed.done = Queue::submit([&run] { run(); });
    return;
  }
  // A result in an argument's memory is to be its only owner: a later call may
  // take it in turn. Memory is not given back before what writes to it has run.
  std::vector<BufferPtr> held;
  for (const Argument &argument : arguments)
    if (std::ranges::none_of(executed.results, [&](const BufferPtr &result) {
          return result.get() == argument.buffer;
        }))
      held.push_back(BufferPtr::share(argument.buffer));
  auto kept = std::make_shared<Kept>(
      Kept{source, pool, std::move(held), std::move(run)});
  executed.done = Queue::submit([kept] { kept->run(); });
  for (size_t i = 0; i < executed.results.size(); ++i)
    if (pool->plan.results[i].sameAs < 0 || !options.shareUnchanged)
      executed.results[i]->setReady(executed.done);
  // A profile belongs to the caller.
  if (options.profile)
    executed.done.join();
}

Executed Executable::execute(std::vector<BufferPtr> &&arguments,
                             const ExecuteOptions &options) const {
  std::vector<Argument> given;
  given.reserve(arguments.size());
  for (const BufferPtr &argument : arguments)
    given.push_back({argument.get(), true});
  Executed executed;
  execute(given, options, executed);
  arguments.clear();
  return executed;
}

} // namespace needle::runtime
