// TargetInfo.h - the machine that kernels are made for.
#pragma once

#include "needle/ir/Ops.h"

#include <cstdint>
#include <string>
#include <vector>

namespace needle::codegen {

/// One instruction set of this process's CPU: NEEDLE_CPU, else the best.
struct TargetInfo {
  std::string name = "cpu"; // or "reference"
  std::string isa;          // "avx512", "avx2", "sse2"
  int64_t vectorBytes = 64; // 64, 32, 16
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  int64_t lanes(mlir::Type element) const; // per vector register
  int64_t registers() const { return isa == "avx512" ? 32 : 16; }

  ir::TargetAttr attribute(mlir::MLIRContext *context) const;
  static TargetInfo from(ir::TargetAttr attribute);
  /// The host's for "cpu"; fails with `error` when NEEDLE_CPU names what this
  /// CPU lacks or nothing known.
  static mlir::FailureOr<TargetInfo> host(llvm::StringRef name,
                                          std::string &error);
  /// One per instruction set that there is code for, also those that this CPU
  /// lacks; cache sizes as by default.
  static std::vector<TargetInfo> all();
};

} // namespace needle::codegen
