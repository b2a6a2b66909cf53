// Function.h - what a module and its functions may say besides their ops.
#pragma once

#include "needle/ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace needle::ir {

/// Types of arguments and results (what a graph has values of), names, roles,
/// index limits and updates: func.func lets them be anything. Whoever relies
/// on them calls this first; it says what is wrong.
llvm::LogicalResult verifyFunction(mlir::func::FuncOp function);

/// The module's target, if any, is one that code can be made for.
llvm::LogicalResult verifyTarget(mlir::ModuleOp module);

} // namespace needle::ir
