// ThreadPool.cpp - claimed tiles; wait awake for a moment, then asleep.
// A job is published by a new generation and is open while `inside` lacks its
// top bit. A worker that comes late finds it closed and waits for the next, so
// the caller never waits for a worker that has not begun.
#include "needle/runtime/ThreadPool.h"
#include "needle/runtime/Environment.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace needle::runtime {

static int64_t nanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

static constexpr int64_t spinTime = 20'000;
/// A gap this long between two looks at the clock means that somebody else had
/// the core: then nobody spins for a while.
static constexpr int64_t preempted = 200'000;
static constexpr int64_t noSpinTime = 10'000'000;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

static void futexWait(std::atomic<uint32_t> &word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
static void futexWake(std::atomic<uint32_t> &word, int threads) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
}

ThreadPool::ThreadPool(int threads)
    : count(std::max(threads, 1)), cores(environment::availableCores()) {}

ThreadPool &ThreadPool::process() {
  // Leaked on purpose: other threads may run grids while the process ends.
  static auto *pool = new ThreadPool(environment::threads());
  return *pool;
}

ThreadPool::~ThreadPool() {
  stopping.store(true);
  generation.fetch_add(1);
  futexWake(generation, count);
  for (std::thread &worker : workers)
    worker.join();
  for (Block block : scratch)
    Allocator::process().free(block);
}

void ThreadPool::startWorkers() {
  started = true;
  scratch.resize(size_t(count));
  workers.reserve(size_t(count - 1));
  // The program's signal handlers run on the program's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    for (size_t i = 0; i + 1 < size_t(count); ++i)
      workers.emplace_back([this, i] { work(i); });
  } catch (const std::system_error &) {
    // No more threads to be had: those that started are enough.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ThreadPool::prepare(const Grid &grid) {
  if (!started)
    startWorkers();
  if (grid.scratch)
    return;
  for (Block &block : scratch) {
    if (block.capacity >= size_t(grid.scratchBytes))
      continue;
    Allocator::process().free(std::exchange(block, {}));
    block = Allocator::process().allocate(size_t(grid.scratchBytes));
  }
}

bool ThreadPool::maySpin() const {
  return callers.load(std::memory_order_relaxed) + count - 1 <= cores &&
         nanoseconds() >= noSpinUntil.load(std::memory_order_relaxed);
}

template <class Done> bool ThreadPool::spin(const Done &done) {
  if (done())
    return true;
  if (!maySpin())
    return false;
  int64_t start = nanoseconds(), last = start;
  while (last - start < spinTime) {
    for (int i = 0; i < 16; ++i) {
      if (done())
        return true;
      relax();
    }
    int64_t now = nanoseconds();
    if (now - last > preempted)
      noSpinUntil.store(now + noSpinTime, std::memory_order_relaxed);
    last = now;
  }
  return done();
}

uint32_t ThreadPool::nextGeneration(uint32_t seen) {
  auto changed = [&] {
    return generation.load(std::memory_order_acquire) != seen;
  };
  if (!spin(changed)) {
    // Counted before the last look: who publishes after it sees us asleep.
    asleep.fetch_add(1);
    while (generation.load() == seen)
      futexWait(generation, seen);
    asleep.fetch_sub(1);
  }
  return generation.load(std::memory_order_acquire);
}

void ThreadPool::work(size_t worker) {
  for (uint32_t seen = 0;;) {
    seen = nextGeneration(seen);
    if (stopping.load(std::memory_order_relaxed))
      return;
    if (!enter())
      continue;
    claimTiles(worker);
    leave();
  }
}

bool ThreadPool::enter() {
  uint32_t now = inside.load(std::memory_order_relaxed);
  do {
    if (now & closedJob)
      return false;
  } while (!inside.compare_exchange_weak(
      now, now + 1, std::memory_order_acquire, std::memory_order_relaxed));
  return true;
}

void ThreadPool::leave() {
  if (inside.fetch_sub(1) - 1 == closedJob && callerAsleep.load())
    futexWake(inside, 1);
}

void ThreadPool::claimTiles(size_t worker) {
  void *own = job.scratch ? job.scratch + int64_t(worker) * job.scratchStride
                          : scratch[worker].data;
  for (;;) {
    int64_t tile = nextTile.fetch_add(1, std::memory_order_relaxed);
    if (tile >= job.tiles)
      return;
    job.function(job.body, tile, own);
  }
}

void ThreadPool::awaitWorkers() {
  uint32_t now = inside.fetch_or(closedJob) | closedJob;
  if (now == closedJob)
    return;
  auto done = [&] {
    return inside.load(std::memory_order_acquire) == closedJob;
  };
  if (spin(done))
    return;
  callerAsleep.store(1);
  while ((now = inside.load()) != closedJob)
    futexWait(inside, now);
  callerAsleep.store(0);
}

void ThreadPool::runAlone(const Grid &grid, TileBody *function,
                          const void *body) {
  Block block;
  if (grid.scratchBytes > 0 && !grid.scratch)
    block = Allocator::process().allocate(size_t(grid.scratchBytes));
  void *scratch = grid.scratch ? grid.scratch : block.data;
  for (int64_t tile = 0; tile < grid.tiles; ++tile)
    function(body, tile, scratch);
  Allocator::process().free(block);
}

void ThreadPool::run(const Grid &grid, TileBody *function, const void *body) {
  struct Counted {
    std::atomic<int> &callers;
    explicit Counted(std::atomic<int> &callers) : callers(callers) {
      callers.fetch_add(1, std::memory_order_relaxed);
    }
    ~Counted() { callers.fetch_sub(1, std::memory_order_relaxed); }
  } counted(callers);

  bool alone = count == 1 || isSerial(grid);
  if (alone || busy.exchange(true, std::memory_order_acquire))
    return runAlone(grid, function, body);
  struct Release {
    std::atomic<bool> &busy;
    ~Release() { busy.store(false, std::memory_order_release); }
  } release{busy};

  prepare(grid);
  job = {function, body, grid.tiles, grid.scratch,
         Grid::scratchStride(grid.scratchBytes)};
  nextTile.store(0, std::memory_order_relaxed);
  inside.store(0, std::memory_order_release);
  generation.fetch_add(1);
  if (uint32_t sleeping = asleep.load())
    futexWake(generation, int(std::min<int64_t>(sleeping, grid.tiles - 1)));
  claimTiles(scratch.size() - 1);
  awaitWorkers();
}

} // namespace needle::runtime
