// Allocator.cpp - size classes, huge pages, and a bounded cache of free blocks.
#include "needle/runtime/Allocator.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Poison.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace needle::runtime {

static constexpr size_t alignment = 64;
static constexpr size_t hugePage = size_t(2) << 20;
static constexpr size_t largeBlock = size_t(1) << 20;
static constexpr size_t largestBlock = size_t(1) << 48;

/// Multiples of 64 up to 256, then four classes per doubling: at most a fifth
/// of a block is unused.
Allocator::SizeClass Allocator::classOf(size_t bytes) {
  if (bytes <= 256) {
    int number = int((std::max<size_t>(bytes, 1) + 63) / 64) - 1;
    return {number, size_t(number + 1) * 64};
  }
  int exponent = std::bit_width(bytes - 1) - 1; // 2^exponent < bytes
  size_t base = size_t(1) << exponent, step = base / 4;
  size_t quarter = (bytes - 1 - base) / step;
  return {4 + (exponent - 8) * 4 + int(quarter), base + (quarter + 1) * step};
}

size_t Allocator::capacityOf(int number) {
  if (number < 4)
    return size_t(number + 1) * 64;
  size_t base = size_t(1) << (number / 4 + 7);
  return base + base / 4 * size_t(number % 4 + 1);
}

static size_t mappedBytes(size_t capacity) {
  return (capacity + hugePage - 1) / hugePage * hugePage;
}

static void *systemAllocate(size_t capacity) {
  if (capacity < largeBlock)
    return std::aligned_alloc(alignment, capacity);
  size_t bytes = mappedBytes(capacity);
  void *mapped = mmap(nullptr, bytes + hugePage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    return nullptr;
  // Keep the aligned middle, return both ends.
  auto start = reinterpret_cast<uintptr_t>(mapped);
  uintptr_t aligned = (start + hugePage - 1) / hugePage * hugePage;
  if (aligned != start)
    munmap(mapped, aligned - start);
  auto *data = reinterpret_cast<char *>(aligned);
  if (size_t rest = start + hugePage - aligned)
    munmap(data + bytes, rest);
  madvise(data, bytes, MADV_HUGEPAGE); // a wish; fails without such pages
  return data;
}

static void systemFree(void *data, size_t capacity) noexcept {
  if (capacity < largeBlock)
    std::free(data);
  else
    munmap(data, mappedBytes(capacity));
}

Allocator &Allocator::process() {
  // Leaked on purpose: static objects may hold buffers until the very end.
  static Allocator *const allocator = [] {
    auto *made = new Allocator(size_t(std::max(sysconf(_SC_PHYS_PAGES), 4L)) /
                               4 * size_t(sysconf(_SC_PAGESIZE)));
    made->isProcess = true;
    return made;
  }();
  return *allocator;
}

Allocator::~Allocator() { trim(); }

void Allocator::fail(size_t wanted) const {
  throw MemoryError("out of memory: wanted " + std::to_string(wanted) +
                    " bytes, " + std::to_string(statistics().liveBytes) +
                    " are in use");
}

Block Allocator::allocate(size_t bytes) {
  if (isProcess && bytes <= ThreadCache::largest) {
    int number = ThreadCache::classOf(bytes);
    return {allocateSmall(number), ThreadCache::capacity(number)};
  }
  if (bytes > largestBlock || faults::strikes(faults::Kind::allocation))
    fail(bytes);
  SizeClass wanted = classOf(bytes);
  if (void *data = take(wanted))
    return {data, wanted.capacity};
  fail(bytes);
}

void *Allocator::take(SizeClass wanted) {
  std::unique_lock lock(mutex);
  void *data = takeCached(wanted);
  if (!data) {
    lock.unlock(); // the system is slow
    data = systemAllocate(wanted.capacity);
    if (!data) {
      trim();
      data = systemAllocate(wanted.capacity);
    }
    lock.lock();
    counts.fresh += data != nullptr;
    counts.liveBytes += data ? int64_t(wanted.capacity) : 0;
  }
  counts.peakBytes = std::max(counts.peakBytes, counts.liveBytes);
  return data;
}

void *Allocator::takeCached(SizeClass wanted) noexcept {
  auto &free = cache[size_t(wanted.number)];
  if (free.empty())
    return nullptr;
  void *data = free.back().data; // the one most likely still in the cache
  free.pop_back();
  counts.cachedBytes -= int64_t(wanted.capacity);
  counts.liveBytes += int64_t(wanted.capacity);
  ++counts.reused;
  unpoison(data, wanted.capacity);
  return data;
}

void Allocator::free(Block block) noexcept {
  if (!block.data)
    return;
  if (isProcess && block.capacity <= ThreadCache::largest)
    return freeSmall(block.data, ThreadCache::classOf(block.capacity));
  std::lock_guard lock(mutex);
  cacheOne(block.data, {classOf(block.capacity).number, block.capacity});
}

void Allocator::cacheOne(void *data, SizeClass its) noexcept {
  counts.liveBytes -= int64_t(its.capacity);
  if (its.capacity > cacheLimit) {
    systemFree(data, its.capacity);
    return;
  }
  evict(cacheLimit - its.capacity);
  poison(data, its.capacity);
  cache[size_t(its.number)].push_back({data, clock++});
  counts.cachedBytes += int64_t(its.capacity);
}

void Allocator::evict(size_t limit) noexcept {
  while (counts.cachedBytes > int64_t(limit)) {
    // Blocks of a class are used last in, first out: the front is the oldest.
    auto oldest = std::min_element(cache.begin(), cache.end(),
                                   [](const auto &a, const auto &b) {
                                     if (a.empty() || b.empty())
                                       return !a.empty();
                                     return a.front().freed < b.front().freed;
                                   });
    size_t capacity = capacityOf(int(oldest - cache.begin()));
    unpoison(oldest->front().data, capacity);
    systemFree(oldest->front().data, capacity);
    oldest->pop_front();
    counts.cachedBytes -= int64_t(capacity);
  }
}

// ---- what threads keep -----------------------------------------------------
/// Of the thread that holds it: its blocks go back when it ends.
class Allocator::Lease {
public:
  explicit Lease(Allocator &owner) : owner(owner) {
    std::lock_guard lock(owner.mutex);
    owner.enter(threadCache);
  }
  ~Lease() {
    std::lock_guard lock(owner.mutex);
    owner.leave(threadCache);
  }
  Lease(const Lease &) = delete;

private:
  Allocator &owner;
};

void *Allocator::refill(int number) {
  SizeClass wanted{number, ThreadCache::capacity(number)};
  {
    std::lock_guard lock(mutex);
    constexpr int batch = 16;
    for (int i = 0; i < batch; ++i) {
      void *data = takeCached(wanted);
      if (!data)
        break;
      if (!threadCache.keep(data, number)) {
        cacheOne(data, wanted);
        break;
      }
    }
    counts.peakBytes = std::max(counts.peakBytes, counts.liveBytes);
  }
  void *data = threadCache.take(number);
  if (!data)
    data = take(wanted);
  if (!data)
    fail(wanted.capacity);
  return data;
}

void Allocator::overflow(void *data, int number) noexcept {
  if (threadCache.isFresh()) {
    static thread_local Lease lease(*this);
    if (threadCache.keep(data, number))
      return;
  }
  std::lock_guard lock(mutex);
  cacheOne(data, {number, ThreadCache::capacity(number)});
  // The next ones need no lock again.
  takeKept(threadCache, number, threadCache.blocks(number) / 2);
}

void Allocator::takeKept(ThreadCache &from, int number, int count) noexcept {
  for (int i = 0; i < count; ++i)
    cacheOne(from.take(number), {number, ThreadCache::capacity(number)});
}

void Allocator::enter(ThreadCache &cache) noexcept {
  cache.open();
  cache.next = threads;
  if (threads)
    threads->previous = &cache;
  threads = &cache;
}

void Allocator::leave(ThreadCache &cache) noexcept {
  for (int number = 0; number < ThreadCache::classes; ++number)
    takeKept(cache, number, cache.blocks(number));
  cache.close();
  (cache.previous ? cache.previous->next : threads) = cache.next;
  if (cache.next)
    cache.next->previous = cache.previous;
}

Allocator::Statistics Allocator::statistics() const {
  std::lock_guard lock(mutex);
  Statistics all = counts;
  for (const ThreadCache *cache = threads; cache; cache = cache->next) {
    all.liveBytes -= cache->bytes();
    all.cachedBytes += cache->bytes();
  }
  return all;
}

void Allocator::trim() noexcept {
  std::lock_guard lock(mutex);
  if (isProcess)
    for (int number = 0; number < ThreadCache::classes; ++number)
      takeKept(threadCache, number, threadCache.blocks(number));
  evict(0);
}

} // namespace needle::runtime
