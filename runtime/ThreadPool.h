// ThreadPool.h - grids of tiles, shared between the cores.
#pragma once

#include "needle/runtime/Allocator.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace needle::runtime {

/// One grid of independent tiles.
struct Grid {
  int64_t tiles = 0;
  int64_t scratchBytes = 0; // for each thread that takes part
  /// About how many elements or multiply-adds; a small grid is run by its
  /// caller alone.
  int64_t work = 0;
  /// Where that memory is: threads() times scratchStride(scratchBytes) bytes,
  /// 64-byte aligned; null: the pool provides it.
  char *scratch = nullptr;
  /// From one thread's scratch memory to the next one's.
  static int64_t scratchStride(int64_t bytes) { return (bytes + 63) / 64 * 64; }
};

/// Runs grids: tiles are claimed one by one from a counter by the caller and
/// the pool's workers. One grid at a time: a caller who finds the pool busy
/// runs its tiles alone, so any number of threads may call run().
class ThreadPool {
public:
  /// `threads` in all, the caller counted. Workers start with the first grid
  /// that needs them.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  /// The process's: NEEDLE_THREADS, else the cores it may use.
  static ThreadPool &process();
  int threads() const { return count; }

  /// Calls body(tile, scratch) once for every tile, and returns when all are
  /// done. `scratch` is 64-byte aligned and the calling thread's alone. `body`
  /// must not throw. Throws MemoryError when the pool has no scratch memory.
  template <class Body> void run(const Grid &grid, const Body &body) {
    run(
        grid,
        [](const void *body, int64_t tile, void *scratch) {
          (*static_cast<const Body *>(body))(tile, scratch);
        },
        &body);
  }

  /// Grids of less work than this are not worth a second thread.
  static constexpr int64_t serialWork = 32768;
  /// Is such a grid (of `tiles` and `work`) its caller's alone?
  static bool isSerial(const auto &grid) {
    return grid.tiles <= 1 || grid.work < serialWork;
  }

private:
  using TileBody = void(const void *body, int64_t tile, void *scratch);
  struct Job {
    TileBody *function = nullptr;
    const void *body = nullptr;
    int64_t tiles = 0;
    char *scratch = nullptr; // the caller's; null: the pool's
    int64_t scratchStride = 0;
  };

  void run(const Grid &grid, TileBody *function, const void *body);
  static void runAlone(const Grid &grid, TileBody *function, const void *body);
  void prepare(const Grid &grid);
  void startWorkers();
  void work(size_t worker);
  /// Waits for a generation other than `seen`: briefly awake, then asleep.
  uint32_t nextGeneration(uint32_t seen);
  bool enter();
  void leave();
  void claimTiles(size_t worker);
  void awaitWorkers();
  bool maySpin() const;
  template <class Done> bool spin(const Done &done);

  // What all threads write lies on lines of its own.
  alignas(64) std::atomic<int64_t> nextTile{0};
  /// Workers inside the job; `closedJob` is set when none may enter any more.
  alignas(64) std::atomic<uint32_t> inside{closedJob};
  std::atomic<uint32_t> callerAsleep{0};
  alignas(64) std::atomic<uint32_t> generation{0};
  std::atomic<uint32_t> asleep{0};
  std::atomic<bool> stopping{false};
  alignas(64) std::atomic<bool> busy{false};
  std::atomic<int> callers{0};
  std::atomic<int64_t> noSpinUntil{0}; // steady clock, ns
  static constexpr uint32_t closedJob = uint32_t(1) << 31;

  // Written by the holder of `busy` while the job is closed.
  alignas(64) Job job;
  std::vector<Block> scratch; // per worker; the last is the caller's
  std::vector<std::thread> workers;
  bool started = false;
  int count;
  int cores;
};

} // namespace needle::runtime
