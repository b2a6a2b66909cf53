// TargetInfo.cpp - what this CPU has, and what NEEDLE_CPU makes of it.
#include "needle/codegen/TargetInfo.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cstdlib>
#include <unistd.h>

using namespace mlir;

namespace needle::codegen {

namespace {

struct InstructionSet {
  const char *name;
  int64_t vectorBytes;
  bool (*supported)();
};

// Best first.
const InstructionSet instructionSets[] = {
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

const InstructionSet *chooseInstructionSet(std::string &error) {
  __builtin_cpu_init();
  const char *asked = std::getenv("NEEDLE_CPU");
  std::string names, here;
  for (const InstructionSet &set : instructionSets) {
    bool supported = set.supported();
    if (asked && *asked ? set.name == llvm::StringRef(asked) && supported
                        : supported)
      return &set;
    names += (names.empty() ? "" : ", ") + std::string(set.name);
    if (supported)
      here += (here.empty() ? "" : ", ") + std::string(set.name);
  }
  bool known = llvm::any_of(instructionSets, [&](const InstructionSet &set) {
    return set.name == llvm::StringRef(asked);
  });
  error = "NEEDLE_CPU is '" + std::string(asked) + "'; ";
  error += known ? "this CPU has " + here : "it can be one of " + names;
  return nullptr;
}

int64_t cacheBytes(int name, int64_t otherwise) {
  long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

} // namespace

int64_t TargetInfo::lanes(Type element) const {
  unsigned bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return vectorBytes / std::max(1u, bits / 8);
}

ir::TargetAttr TargetInfo::attribute(MLIRContext *context) const {
  return ir::TargetAttr::get(context, name, isa, vectorBytes, l1Bytes, l2Bytes);
}

TargetInfo TargetInfo::from(ir::TargetAttr attribute) {
  return {attribute.getName().str(), attribute.getIsa().str(),
          attribute.getVectorBytes(), attribute.getL1Bytes(),
          attribute.getL2Bytes()};
}

FailureOr<TargetInfo> TargetInfo::host(llvm::StringRef name,
                                       std::string &error) {
  if (name != "cpu" && name != "reference") {
    error = "unknown target '" + name.str() + "'; there are cpu and reference";
    return failure();
  }
  TargetInfo target;
  target.name = name.str();
  if (name == "reference") {
    target.isa.clear(); // nothing is generated
    return target;
  }
  const InstructionSet *set = chooseInstructionSet(error);
  if (!set)
    return failure();
  target.isa = set->name;
  target.vectorBytes = set->vectorBytes;
  target.l1Bytes = cacheBytes(_SC_LEVEL1_DCACHE_SIZE, target.l1Bytes);
  target.l2Bytes = cacheBytes(_SC_LEVEL2_CACHE_SIZE, target.l2Bytes);
  return target;
}

std::vector<TargetInfo> TargetInfo::all() {
  std::vector<TargetInfo> targets;
  for (const InstructionSet &set : instructionSets) {
    targets.emplace_back();
    targets.back().isa = set.name;
    targets.back().vectorBytes = set.vectorBytes;
  }
  return targets;
}

} // namespace needle::codegen
