// Cpu.cpp - what this CPU has, and what NEEDLE_CPU makes of it.
#include "needle/runtime/Cpu.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace needle::runtime {

std::span<const InstructionSet> instructionSets() {
  static const InstructionSet sets[] = {
      {"avx512", 64,
       [] {
         return __builtin_cpu_supports("avx512f") &&
                __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("fma");
       }},
      {"avx2", 32,
       [] {
         return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
       }},
      {"sse2", 16, [] { return true; }},
  };
  __builtin_cpu_init(); // static objects may ask before libgcc's constructor
  return sets;
}

// Empty: not set.
static std::string_view askedFor() {
  const char *asked = std::getenv("NEEDLE_CPU");
  return asked ? asked : "";
}

static std::string listed(bool (*isListed)(const InstructionSet &)) {
  std::string names;
  for (const InstructionSet &set : instructionSets())
    if (isListed(set))
      names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}
static bool isSupported(const InstructionSet &set) { return set.isSupported(); }

const InstructionSet *hostInstructionSet(std::string &error) {
  std::string_view asked = askedFor();
  bool isKnown = false;
  for (const InstructionSet &set : instructionSets()) {
    isKnown |= set.name == asked;
    if (set.isSupported() && (asked.empty() || set.name == asked))
      return &set;
  }
  error = "NEEDLE_CPU is '" + std::string(asked) + "'; ";
  error += isKnown ? "this CPU has " + listed(isSupported)
                   : "it can be one of " +
                         listed([](const InstructionSet &) { return true; });
  return nullptr;
}

// Sets from the one that code is made for on.
static std::span<const InstructionSet> setsHere() {
  std::string error;
  const InstructionSet *best = hostInstructionSet(error);
  std::span<const InstructionSet> all = instructionSets();
  return best ? all.subspan(size_t(best - all.data())) : all.last(1);
}

bool runsHere(std::string_view instructionSet) {
  return instructionSet.empty() ||
         std::ranges::any_of(setsHere(), [&](const InstructionSet &set) {
           return set.name == instructionSet;
         });
}

std::string namesOfWhatRunsHere() {
  std::string names;
  for (const InstructionSet &set : setsHere())
    names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}

CacheSizes cacheSizes() {
  auto bytes = [](int name, int64_t usual) {
    long known = sysconf(name);
    return known > 0 ? int64_t(known) : usual;
  };
  return {bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10),
          bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20)};
}

} // namespace needle::runtime
