// KernelRunner.h - plans, compiles and runs one needle.kernel given as text.
#pragma once

#include "needle/codegen/TargetInfo.h"
#include "needle/codegen/kernels/Kernel.h"
#include "needle/runtime/Blob.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace needle::codegen {

class KernelRunner {
public:
  /// `text` is a module with one function that holds one needle.kernel.
  KernelRunner(const std::string &text, const TargetInfo &target);

  /// Empty when the kernel is ready to run.
  const std::string &error() const { return message; }
  const KernelPlan &kernelPlan() const { return plan; }
  /// Milliseconds that each function's lowering and code generation took.
  const std::map<std::string, double> &compileMs() const { return times; }

  /// Runs all tiles, last first when `reversed`: their order must not matter.
  /// `buffers` are the kernel's operands, then its results.
  void run(const std::vector<void *> &buffers, bool reversed = false);
  /// Runs the tiles of phase `phase` that are `first` modulo `every`.
  void runPhase(const std::vector<void *> &buffers, size_t phase, int64_t first,
                int64_t every, bool reversed, void *scratch);

private:
  void compile();

  TargetInfo target;
  std::string message;
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelPlan plan;
  std::map<std::string, std::shared_ptr<const runtime::Blob>> blobs;
  std::map<std::string, double> times;
  std::vector<uint64_t> workspace;
};

} // namespace needle::codegen
