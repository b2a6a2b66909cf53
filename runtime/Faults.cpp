// Faults.cpp - counting down to the operation that fails.
#include "needle/runtime/Faults.h"

namespace needle::runtime::faults {

std::atomic<int64_t> detail::countdown[2];
static std::atomic<bool> struck[2];

void failNth(Kind kind, int64_t n) {
  struck[int(kind)] = false;
  detail::countdown[int(kind)] = n;
}

bool hasStruck(Kind kind) { return struck[int(kind)]; }

// Below 1 when others were faster.
bool detail::isNext(Kind kind) {
  if (countdown[int(kind)].fetch_sub(1) != 1)
    return false;
  struck[int(kind)] = true;
  return true;
}

} // namespace needle::runtime::faults
