// ProgramInterface.h - what a Program says about its arguments and results.
#pragma once

#include "needle/runtime/Program.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace needle::codegen {

/// Type, name, role and index check of an argument, from its attributes.
runtime::ProgramArgument describeArgument(mlir::func::FuncOp function,
                                          unsigned number);
/// Type, name, the argument it updates and whose memory it may take.
runtime::ProgramResult describeResult(mlir::func::FuncOp function,
                                      unsigned number);

} // namespace needle::codegen
