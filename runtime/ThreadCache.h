// ThreadCache.h - small free blocks that a thread keeps for itself.
#pragma once

#include "needle/runtime/Poison.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace needle::runtime {

/// Free blocks of 64, 128, ... 512 bytes: class n holds those of 64 (n + 1).
/// Its thread takes and keeps them without a lock; any block may be kept by any
/// thread. Bounded: a list that is full or empty is for the Allocator to see
/// to.
class ThreadCache {
public:
  static constexpr int classes = 8;
  static constexpr size_t largest = 512;
  static constexpr size_t mostBytes = 32768; // of a class
  static constexpr size_t capacity(int number) {
    return size_t(number + 1) * 64;
  }
  static constexpr int classOf(size_t bytes) {
    return int((bytes + (bytes == 0) + 63) / 64) - 1;
  }

  /// A block of the class; null: there is none.
  void *take(int number) noexcept {
    List &list = lists[number];
    Free *block = list.first;
    if (!block)
      return nullptr;
    list.first = block->next;
    list.setRoom(list.room.load(std::memory_order_relaxed) + 1);
    unpoison(block, capacity(number));
    return block;
  }
  /// Whether there was room for the block.
  bool keep(void *data, int number) noexcept {
    List &list = lists[number];
    uint32_t room = list.room.load(std::memory_order_relaxed);
    if (room == 0)
      return false;
    auto *block = static_cast<Free *>(data);
    block->next = list.first;
    list.first = block;
    list.setRoom(room - 1);
    poison(block, capacity(number));
    unpoison(&block->next, sizeof block->next);
    return true;
  }

  /// Nothing is kept before open() and after close().
  void open() noexcept;
  void close() noexcept;
  bool isFresh() const { return state == State::fresh; }
  int blocks(int number) const noexcept {
    return int(lists[number].most -
               lists[number].room.load(std::memory_order_relaxed));
  }
  /// About the bytes it keeps; from any thread.
  int64_t bytes() const noexcept;

  // The Allocator's list of them, under its mutex.
  ThreadCache *next = nullptr, *previous = nullptr;

private:
  struct Free {
    Free *next;
  };
  struct List {
    Free *first = nullptr;
    // Written by its thread alone, so without a locked instruction.
    std::atomic<uint32_t> room{0}; // for more blocks
    uint32_t most = 0;
    void setRoom(uint32_t blocks) {
      room.store(blocks, std::memory_order_relaxed);
    }
  };
  enum class State : uint8_t { fresh, open, closed };
  List lists[classes];
  State state = State::fresh;
};

/// This thread's, for the process's allocator.
// initial-exec: one load instead of a call, also in a shared library.
extern constinit thread_local ThreadCache threadCache
    __attribute__((tls_model("initial-exec")));

} // namespace needle::runtime
