// Places.h - what a location says about the user's program.
#pragma once

#include "mlir/IR/Location.h"
#include "mlir/IR/Region.h"

#include <optional>
#include <string>

namespace needle::codegen {

/// The user's place that a location stands for: of a merged op, the first one.
std::optional<mlir::FileLineColLoc> userPlace(mlir::Location loc);
/// "train.cpp:14", or "" when the place is unknown.
std::string placeText(mlir::Location loc);

/// The ops of a kernel's body for people: "matmul add relu"; at most five.
std::string describeOps(mlir::Region &body);
/// An op's name without its dialect.
llvm::StringRef opName(mlir::Operation *op);

} // namespace needle::codegen
