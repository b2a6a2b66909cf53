// Allocator.h - aligned memory that is kept for the next one who asks.
#pragma once

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
/// pages cost more than most kernels. Safe from any thread.
class Allocator {
public:
  struct Statistics {
    int64_t liveBytes = 0; // handed out
    int64_t peakBytes = 0; // the largest liveBytes so far
    int64_t cachedBytes = 0;
    int64_t fresh = 0;  // blocks from the system
    int64_t reused = 0; // blocks from the cache
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
  Statistics statistics() const;
  /// Returns the cached blocks to the system.
  void trim() noexcept;

private:
  static constexpr int classes = 4 * 48;
  struct Cached {
    void *data;
    uint64_t freed; // grows: the order of eviction
  };
  /// Frees cached blocks until at most `limit` bytes are left.
  void evict(size_t limit) noexcept;

  mutable std::mutex mutex;
  std::array<std::deque<Cached>, classes> cache;
  size_t cacheLimit;
  uint64_t clock = 0;
  Statistics counts;
};

} // namespace needle::runtime
