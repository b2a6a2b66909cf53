// Allocator.h - aligned memory that is kept for the next one who asks.
#pragma once

#include "needle/runtime/Faults.h"
#include "needle/runtime/ThreadCache.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

namespace needle::runtime {

/// Memory of at least the size that was asked for; 64-byte aligned, 2 MiB
/// aligned on huge pages from 1 MiB on. Not null, also for 0 bytes.
struct Block {
  void *data = nullptr;
  size_t capacity = 0;
};

/// Hands out blocks, and keeps freed ones by size class up to a bound: fresh
/// pages cost more than most kernels. Safe from any thread. Of the process's,
/// each thread keeps up to 256 KiB in blocks of up to 512 bytes, which need no
/// lock.
class Allocator {
public:
  struct Statistics {
    int64_t liveBytes = 0; // handed out
    /// The largest liveBytes so far; what threads keep counts as handed out.
    int64_t peakBytes = 0;
    int64_t cachedBytes = 0;
    int64_t fresh = 0;  // blocks from the system
    int64_t reused = 0; // blocks from the cache, but for what threads keep
  };

  /// Keeps at most `cacheBytes`; the longest unused blocks go first.
  explicit Allocator(size_t cacheBytes) : cacheLimit(cacheBytes) {}
  ~Allocator();
  Allocator(const Allocator &) = delete;
  /// The process's; keeps up to a quarter of the machine's memory.
  static Allocator &process();

  /// Throws MemoryError when there is none.
  Block allocate(size_t bytes);
  void free(Block block) noexcept;
  /// The process's blocks of ThreadCache::capacity(number) bytes, without a
  /// lock most of the time. Throws MemoryError.
  static void *allocateSmall(int number) {
    if (faults::strikes(faults::Kind::allocation)) [[unlikely]]
      process().fail(ThreadCache::capacity(number));
    void *data = threadCache.take(number);
    return data ? data : process().refill(number);
  }
  static void freeSmall(void *data, int number) noexcept {
    if (!threadCache.keep(data, number)) [[unlikely]]
      process().overflow(data, number);
  }
  Statistics statistics() const;
  /// Returns the cached blocks to the system; other threads keep theirs.
  void trim() noexcept;

private:
  static constexpr int classes = 4 * 48;
  struct SizeClass {
    int number;
    size_t capacity;
  };
  struct Cached {
    void *data;
    uint64_t freed; // grows: the order of eviction
  };
  static SizeClass classOf(size_t bytes);
  static size_t capacityOf(int number);
  /// Null: there is no memory.
  void *take(SizeClass wanted);
  [[noreturn]] void fail(size_t wanted) const;
  /// The thread keeps no block of the class; gets it some more.
  void *refill(int number);
  /// The thread has no room for the block.
  void overflow(void *data, int number) noexcept;

  // These want the mutex.
  void *takeCached(SizeClass wanted) noexcept;
  void cacheOne(void *data, SizeClass its) noexcept;
  void takeKept(ThreadCache &from, int number, int count) noexcept;
  /// Frees cached blocks until at most `limit` bytes are left.
  void evict(size_t limit) noexcept;
  void enter(ThreadCache &mine) noexcept;
  void leave(ThreadCache &mine) noexcept;
  class Lease; // of a thread, until it ends

  mutable std::mutex mutex;
  std::array<std::deque<Cached>, classes> cache;
  size_t cacheLimit;
  uint64_t clock = 0;
  Statistics counts;
  bool isProcess = false;         // the one that threads keep blocks of
  ThreadCache *threads = nullptr; // those that keep something
};

} // namespace needle::runtime
