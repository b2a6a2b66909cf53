// Import.h - the canonical graph as a module.
#pragma once

#include "needle/ir/Ops.h"
#include "needle/runtime/Graph.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace needle::ir {

/// A verified module with one func.func that is named as the graph, and
/// `target` (of the graph's target name) as `needle.target`. What the graph
/// says about arguments and results is in their attributes: `needle.name`,
/// `needle.role`, `needle.index_limit`, `needle.index_op`,
/// `needle.index_place`; `needle.name`, `needle.updates`. Null, with
/// diagnostics at the user's places, for unknown ops, wrong attributes and
/// whatever the ops' verifiers refuse. The context must hold the needle and
/// func dialects.
mlir::OwningOpRef<mlir::ModuleOp>
importGraph(mlir::MLIRContext *context, const Graph &graph, TargetAttr target);

} // namespace needle::ir
