// ThreadCache.cpp - small free blocks that a thread keeps for itself.
#include "needle/runtime/ThreadCache.h"

namespace needle::runtime {

constinit thread_local ThreadCache threadCache;

void ThreadCache::open() noexcept {
  state = State::open;
  for (int number = 0; number < classes; ++number) {
    List &list = lists[number];
    list.most = uint32_t(mostBytes / capacity(number));
    list.setRoom(list.most);
  }
}

// Of empty lists.
void ThreadCache::close() noexcept {
  state = State::closed;
  for (List &list : lists) {
    list.most = 0;
    list.setRoom(0);
  }
}

int64_t ThreadCache::bytes() const noexcept {
  int64_t sum = 0;
  for (int number = 0; number < classes; ++number)
    sum += int64_t(blocks(number)) * int64_t(capacity(number));
  return sum;
}

} // namespace needle::runtime
