// CompileModule.h - a module of needle ops to a Program.
#pragma once

#include "needle/codegen/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

#include <string>

namespace needle::codegen {

/// A context with all that compiling needs, single-threaded: kernels that must
/// be compiled bring their own threads.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// Runs the stages on `module`, whose one function becomes the program, and
/// which is used up. Fails with diagnostics; `failedStage` names the stage.
mlir::LogicalResult compileModule(mlir::ModuleOp module,
                                  const CompileOptions &options,
                                  CompileResult &result,
                                  std::string &failedStage);

/// Fails, with a diagnostic, on values that live on an unknown target.
mlir::LogicalResult verifyTargets(mlir::ModuleOp module);

} // namespace needle::codegen
