// Body.h - from a kernel's body to the parts of a nest.
#pragma once

#include "needle/codegen/kernels/Nest.h"

namespace needle::codegen {

/// Dense strides of a row-major tensor.
Access rowMajor(llvm::ArrayRef<int64_t> shape);

/// The arguments of the body that something uses, with the accesses that the
/// operands' index maps give; a diagnostic for a map that is not linear.
mlir::FailureOr<llvm::SmallVector<MapInput, 4>> bodyInputs(ir::KernelOp op);

/// From the access of a body value of `shape` to one over `full`, by matching
/// dimensions: equal shapes; the same rank with ones where `reduced`; or
/// without those. Fails for any other shape.
mlir::FailureOr<Access> alignAccess(const Access &access,
                                    llvm::ArrayRef<int64_t> shape,
                                    llvm::ArrayRef<int64_t> full,
                                    const llvm::SmallBitVector &reduced);

/// Adds to `nest` what leads from its inputs to `wanted`: elementwise ops and
/// constants, reductions, aliases; index sources become inputs. A diagnostic
/// for an op that is none of these.
mlir::LogicalResult collectOps(NestSpec &nest,
                               llvm::ArrayRef<mlir::Value> wanted,
                               llvm::ArrayRef<int64_t> full);

} // namespace needle::codegen
