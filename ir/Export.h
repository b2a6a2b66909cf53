// Export.h - a module as the canonical graph: the inverse of Import.h.
#pragma once

#include "needle/runtime/Graph.h"

#include "mlir/IR/BuiltinOps.h"

namespace needle::ir {

/// The graph of the module's one function, whose ops must be needle ops with
/// attributes that a graph can hold; else diagnostics and failure. Importing
/// it gives the same module.
mlir::FailureOr<Graph> exportGraph(mlir::ModuleOp module);

} // namespace needle::ir
