// Ops.h - the needle dialect in C++.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "needle/ir/Traits.h"

// Generated code names these namespaces in full.
#include "ir/Dialect.h.inc"
#include "ir/Interfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/Attributes.h.inc"

#define GET_OP_CLASSES
#include "ir/Ops.h.inc"

namespace needle::ir {

/// The tensor type of a value of this dialect.
inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

} // namespace needle::ir
