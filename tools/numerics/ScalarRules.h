// ScalarRules.h - the rules of floating ops, for ScalarBounds.cpp only.
#pragma once

#include "ScalarBounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace needle::numerics {

/// The rule of an op on floats, or one that makes floats of integers or
/// integers and booleans of floats; empty for all others.
ScalarRule floatRule(mlir::Operation *op); // ScalarFloatBounds.cpp
/// The same for the math dialect.
ScalarRule functionRule(mlir::Operation *op); // ScalarFunctionBounds.cpp

ScalarRule comparison(mlir::arith::CmpIPredicate predicate);

/// With an id of its own unless it is a point or has one.
Bound identified(Bound bound);

} // namespace needle::numerics
