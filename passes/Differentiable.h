// Differentiable.h - the interface of ops that have a gradient rule.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SmallBitVector.h"

#include "passes/Differentiable.h.inc"
