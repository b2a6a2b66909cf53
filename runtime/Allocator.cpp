// Allocator.cpp - size classes, huge pages, and a bounded cache of free blocks.
#include "needle/runtime/Allocator.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Faults.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

// A cached block is nobody's: under ASan, touching it is an error.
#ifdef __SANITIZE_ADDRESS__
extern "C" void __asan_poison_memory_region(const volatile void *, size_t);
extern "C" void __asan_unpoison_memory_region(const volatile void *, size_t);
#define NEEDLE_SEAL(data, bytes) __asan_poison_memory_region(data, bytes)
#define NEEDLE_UNSEAL(data, bytes) __asan_unpoison_memory_region(data, bytes)
#else
#define NEEDLE_SEAL(data, bytes) ((void)(data))
#define NEEDLE_UNSEAL(data, bytes) ((void)(data))
#endif

namespace needle::runtime {

static constexpr size_t alignment = 64;
static constexpr size_t hugePage = size_t(2) << 20;
static constexpr size_t largeBlock = size_t(1) << 20;
static constexpr size_t largestBlock = size_t(1) << 48;

namespace {
struct SizeClass {
  int number;
  size_t capacity;
};
} // namespace

/// Multiples of 64 up to 256, then four classes per doubling: at most a fifth
/// of a block is unused.
static SizeClass classOf(size_t bytes) {
  if (bytes <= 256) {
    int number = int((std::max<size_t>(bytes, 1) + 63) / 64) - 1;
    return {number, size_t(number + 1) * 64};
  }
  int exponent = std::bit_width(bytes - 1) - 1; // 2^exponent < bytes
  size_t base = size_t(1) << exponent, step = base / 4;
  size_t quarter = (bytes - 1 - base) / step;
  return {4 + (exponent - 8) * 4 + int(quarter), base + (quarter + 1) * step};
}

static size_t capacityOf(int number) {
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
  static auto *allocator =
      new Allocator(size_t(std::max(sysconf(_SC_PHYS_PAGES), 4L)) / 4 *
                    size_t(sysconf(_SC_PAGESIZE)));
  return *allocator;
}

Allocator::~Allocator() { trim(); }

Block Allocator::allocate(size_t bytes) {
  SizeClass wanted{0, 0};
  if (bytes <= largestBlock && !faults::strikes(faults::Kind::allocation)) {
    wanted = classOf(bytes);
    Block block{nullptr, wanted.capacity};
    std::unique_lock lock(mutex);
    auto &free = cache[size_t(wanted.number)];
    if (!free.empty()) {
      block.data = free.back().data; // the one most likely still in the cache
      free.pop_back();
      counts.cachedBytes -= int64_t(block.capacity);
      ++counts.reused;
      NEEDLE_UNSEAL(block.data, block.capacity);
    } else {
      lock.unlock(); // the system is slow
      block.data = systemAllocate(block.capacity);
      if (!block.data) {
        trim();
        block.data = systemAllocate(block.capacity);
      }
      lock.lock();
      counts.fresh += block.data != nullptr;
    }
    if (block.data) {
      counts.liveBytes += int64_t(block.capacity);
      counts.peakBytes = std::max(counts.peakBytes, counts.liveBytes);
      return block;
    }
  }
  throw MemoryError("out of memory: wanted " + std::to_string(bytes) +
                    " bytes, " + std::to_string(statistics().liveBytes) +
                    " are in use");
}

void Allocator::free(Block block) noexcept {
  if (!block.data)
    return;
  std::lock_guard lock(mutex);
  counts.liveBytes -= int64_t(block.capacity);
  if (block.capacity > cacheLimit) {
    systemFree(block.data, block.capacity);
    return;
  }
  evict(cacheLimit - block.capacity);
  NEEDLE_SEAL(block.data, block.capacity);
  cache[size_t(classOf(block.capacity).number)].push_back(
      {block.data, clock++});
  counts.cachedBytes += int64_t(block.capacity);
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
    NEEDLE_UNSEAL(oldest->front().data, capacity);
    systemFree(oldest->front().data, capacity);
    oldest->pop_front();
    counts.cachedBytes -= int64_t(capacity);
  }
}

Allocator::Statistics Allocator::statistics() const {
  std::lock_guard lock(mutex);
  return counts;
}

void Allocator::trim() noexcept {
  std::lock_guard lock(mutex);
  evict(0);
}

} // namespace needle::runtime
