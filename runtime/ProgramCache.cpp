// ProgramCache.cpp - the hash of canonical keys.
#include "needle/runtime/ProgramCache.h"

#include <xxhash.h>

namespace needle::runtime {

uint64_t hashWords(std::span<const uint64_t> words) {
  return XXH3_64bits(words.data(), words.size_bytes());
}

} // namespace needle::runtime
