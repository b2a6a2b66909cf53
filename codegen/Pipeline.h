// Pipeline.h - the list of every pass, in order.
#pragma once

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"

#include <string_view>
#include <vector>

namespace needle::codegen {

/// One stage: its name (`--to-stage=NAME`, `Jit::ir("NAME")`, the dump's file
/// names), what it does, and the passes it adds.
struct Stage {
  std::string_view name, summary;
  void (*addPasses)(mlir::OpPassManager &pm);
};

/// THE list, in order: autodiff decompose simplify fuse plan-memory loops llvm.
llvm::ArrayRef<Stage> stages();

void registerDialects(mlir::DialectRegistry &registry);

} // namespace needle::codegen
