// PlanMemoryArena.cpp - best fit by size, joining neighbours when freed.
#include "PlanMemoryArena.h"

namespace needle::passes {

void Arena::startTime(int time) {
  while (!byLastUse.empty() && byLastUse.begin()->first < time) {
    const Buffer &buffer = buffers[byLastUse.begin()->second];
    byLastUse.erase(byLastUse.begin());
    if (buffer.bytes)
      free(buffer.offset, buffer.bytes);
  }
}

int Arena::allocate(int64_t bytes, int lastUse) {
  bytes = (bytes + alignment - 1) / alignment * alignment;
  int64_t offset = 0;
  auto fitting = freeBySize.lower_bound({bytes, 0});
  if (bytes == 0) {
    // No byte of it is ever touched.
  } else if (fitting != freeBySize.end()) {
    offset = fitting->second;
    take(offset, bytes);
  } else {
    // A free range at the end grows.
    offset = end;
    if (!freeByOffset.empty()) {
      auto [last, size] = *freeByOffset.rbegin();
      if (last + size == end) {
        take(last, size);
        offset = last;
      }
    }
    end = offset + bytes;
  }
  int number = buffers.size();
  buffers.push_back({offset, bytes, lastUse});
  byLastUse.insert({lastUse, number});
  return number;
}

void Arena::extend(int number, int lastUse) {
  Buffer &buffer = buffers[number];
  if (lastUse <= buffer.lastUse)
    return;
  byLastUse.erase({buffer.lastUse, number});
  buffer.lastUse = lastUse;
  byLastUse.insert({lastUse, number});
}

void Arena::free(int64_t offset, int64_t bytes) {
  auto after = freeByOffset.lower_bound(offset);
  if (after != freeByOffset.end() && after->first == offset + bytes) {
    bytes += after->second;
    freeBySize.erase({after->second, after->first});
    after = freeByOffset.erase(after);
  }
  if (after != freeByOffset.begin()) {
    auto before = std::prev(after);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      freeBySize.erase({before->second, before->first});
      freeByOffset.erase(before);
    }
  }
  freeByOffset[offset] = bytes;
  freeBySize.insert({bytes, offset});
}

// From the start of the free range at `offset`.
void Arena::take(int64_t offset, int64_t bytes) {
  auto range = freeByOffset.find(offset);
  int64_t left = range->second - bytes;
  freeBySize.erase({range->second, offset});
  freeByOffset.erase(range);
  if (left) {
    freeByOffset[offset + bytes] = left;
    freeBySize.insert({left, offset + bytes});
  }
}

} // namespace needle::passes
