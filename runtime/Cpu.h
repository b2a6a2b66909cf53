// Cpu.h - the instruction sets there is code for, and what this CPU has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace needle::runtime {

/// A set of instructions that machine code may need, by its name in programs,
/// in NEEDLE_CPU and in the IR.
struct InstructionSet {
  const char *name;
  int64_t vectorBytes;
  bool (*isSupported)(); // by this CPU
};

/// All of them, the best first; each holds the ones after it.
std::span<const InstructionSet> instructionSets();

/// What code is made for: NEEDLE_CPU, else the best that this CPU has. Null,
/// and `error` says why, when NEEDLE_CPU names what this CPU lacks or nothing
/// known.
const InstructionSet *hostInstructionSet(std::string &error);

/// Does code for the set of this name run here? Also "no" for what is better
/// than NEEDLE_CPU. The empty name is that of code for any CPU.
bool runsHere(std::string_view instructionSet);

/// "avx2, sse2": the names of what runs here.
std::string namesOfWhatRunsHere();

struct CacheSizes {
  int64_t l1Bytes, l2Bytes; // of data; a usual size when not known
};
CacheSizes cacheSizes();

} // namespace needle::runtime
