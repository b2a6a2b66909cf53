// LowerKernelsToLoops.h - the pass with a say in which functions are needed.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace needle::codegen {

/// A function that launches call.
struct KernelFunction {
  std::string symbol, key;
  bool emitted = false; // in @kernels
};

/// Plans every needle.kernel but those of kind "host" and replaces it by a
/// needle.launch; functions that are not `loaded` (asked by key) are made in
/// the nested module @kernels, one per key.
mlir::LogicalResult
lowerKernelsToLoops(mlir::ModuleOp module,
                    llvm::function_ref<bool(llvm::StringRef key)> loaded,
                    std::vector<KernelFunction> &functions);

/// The dialects of what kernels become; not before one has to be made, since
/// loading them costs time.
void loadKernelDialects(mlir::MLIRContext *context);

} // namespace needle::codegen
