// PlanMemoryArena.h - places buffers in one range of bytes, first to last use.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace needle::passes {

/// Best fit over the free ranges, which join when they touch; n log n. Times
/// count up from 0.
class Arena {
public:
  static constexpr int64_t alignment = 64;

  /// Frees all buffers whose last use lies before `time`.
  void startTime(int time);
  /// A buffer from now until after `lastUse`.
  int allocate(int64_t bytes, int lastUse);
  /// Keeps a live buffer at least until after `lastUse`.
  void extend(int buffer, int lastUse);

  int64_t offsetOf(int buffer) const { return buffers[buffer].offset; }
  /// The most bytes that were ever in use, alignment included.
  int64_t getBytes() const { return end; }

private:
  struct Buffer {
    int64_t offset, bytes;
    int lastUse;
  };

  void free(int64_t offset, int64_t bytes);
  void take(int64_t offset, int64_t bytes);

  std::vector<Buffer> buffers;
  std::set<std::pair<int, int>> byLastUse;          // last use, buffer
  std::map<int64_t, int64_t> freeByOffset;          // offset, bytes
  std::set<std::pair<int64_t, int64_t>> freeBySize; // bytes, offset
  int64_t end = 0;
};

} // namespace needle::passes
