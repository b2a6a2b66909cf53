// ProgramConstants.h - the constants section of a Program.
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <vector>

namespace needle::codegen {

/// Appends the elements of constants to a section, each at a multiple of 64
/// bytes; equal ones once.
class ProgramConstants {
public:
  explicit ProgramConstants(std::vector<uint8_t> &section) : section(section) {}
  /// The offset of the one result of a constant-like op.
  mlir::FailureOr<int64_t> add(mlir::Operation *op);

private:
  std::vector<uint8_t> &section;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Type>, int64_t> offsets;
};

} // namespace needle::codegen
