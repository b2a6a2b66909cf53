// TargetInfo.cpp - the host and the instruction sets as targets.
#include "needle/codegen/TargetInfo.h"

#include "needle/runtime/Cpu.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace needle::codegen {

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
  const runtime::InstructionSet *set = runtime::hostInstructionSet(error);
  if (!set)
    return failure();
  target.isa = set->name;
  target.vectorBytes = set->vectorBytes;
  runtime::CacheSizes caches = runtime::cacheSizes();
  target.l1Bytes = caches.l1Bytes;
  target.l2Bytes = caches.l2Bytes;
  return target;
}

std::vector<TargetInfo> TargetInfo::all() {
  std::vector<TargetInfo> targets;
  for (const runtime::InstructionSet &set : runtime::instructionSets()) {
    targets.emplace_back();
    targets.back().isa = set.name;
    targets.back().vectorBytes = set.vectorBytes;
  }
  return targets;
}

} // namespace needle::codegen
