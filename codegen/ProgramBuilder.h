// ProgramBuilder.h - a planned and lowered function to a runtime::Program.
#pragma once

#include "needle/runtime/Program.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

namespace needle::codegen {

/// Values, commands, constants and status entries of `function`, whose work is
/// in needle.launch, needle.scan and kernels of kind "host". `kernels` numbers
/// the functions that launches name; Program::kernels itself stays empty. Fails
/// with a diagnostic for an op that is not lowered.
mlir::FailureOr<std::shared_ptr<runtime::Program>>
buildProgram(mlir::func::FuncOp function,
             const llvm::StringMap<int32_t> &kernels);

/// Dtype, shape and target of a tensor type.
ValueType valueTypeOf(mlir::Type type);

} // namespace needle::codegen
