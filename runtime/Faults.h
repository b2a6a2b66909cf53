// Faults.h - lets the n-th allocation or system call fail, for tests.
#pragma once

#include <atomic>
#include <cstdint>

namespace needle::runtime::faults {

enum class Kind : uint8_t {
  allocation, // buffers, arenas, executable memory
  systemCall  // of the files that needle writes
};

/// The n-th operation of this kind from now on fails (1: the next one); 0: none
/// does. Of the whole process.
void failNth(Kind kind, int64_t n);
/// Whether one has failed since failNth().
bool hasStruck(Kind kind);

namespace detail {
extern std::atomic<int64_t> countdown[2]; // 0: none is to fail
bool isNext(Kind kind);
} // namespace detail

/// Whether this operation is to fail; one load when none is.
inline bool strikes(Kind kind) {
  return detail::countdown[int(kind)].load(std::memory_order_relaxed) > 0 &&
         detail::isNext(kind);
}

} // namespace needle::runtime::faults
