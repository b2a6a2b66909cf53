// Fuzz.h - what the fuzzed targets share. Each reads bytes that may be
// anything: it accepts them or throws needle::Error, and all else ends the
// process.
#pragma once

#include "needle/runtime/Error.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What a target defines and libFuzzer, or Replay.cpp, calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace needle::fuzz {

/// How many inputs the target has accepted, for Replay.cpp.
inline int accepted = 0;

/// Ends the process unless `holds`.
inline void require(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// Calls `onText`; false when it throws needle::Error.
template <class OnText> bool survives(const OnText &onText) {
  try {
    onText();
  } catch (const Error &) {
    return false;
  }
  return true;
}

inline std::string_view textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

} // namespace needle::fuzz
