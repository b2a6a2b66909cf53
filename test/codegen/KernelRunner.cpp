// KernelRunner.cpp - kernel text -> plan -> functions -> blobs -> tiles.
#include "KernelRunner.h"

#include "needle/codegen/Passes.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/cpu/Blob.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/MathExtras.h"

#include <chrono>
#include <limits>

using namespace mlir;

namespace needle::codegen {

static double now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

KernelRunner::KernelRunner(const std::string &text, const TargetInfo &target)
    : target(target) {
  DialectRegistry registry;
  registerDialects(registry);
  registerBlobTranslation(registry);
  context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    message += diagnostic.str() + "\n";
    return success();
  });
  module = parseSourceString<ModuleOp>(text, context.get());
  if (!module)
    return;
  ir::KernelOp kernel;
  module->walk([&](ir::KernelOp op) { kernel = op; });
  if (succeeded(planKernel(kernel, target, plan)))
    compile();
}

void KernelRunner::compile() {
  // Equal keys are equal code: one test's functions serve the next.
  static std::map<std::string, std::shared_ptr<const runtime::Blob>> compiled;
  for (KernelPhase &phase : plan.phases) {
    for (KernelCall &call : phase.calls) {
      auto &blob = compiled[target.isa + " " + call.key];
      if ((blobs[call.key] = blob))
        continue;
      double start = now();
      OwningOpRef<ModuleOp> outer = ModuleOp::create(module->getLoc());
      auto kernels = ModuleOp::create(module->getLoc(), "kernels");
      outer->push_back(kernels);
      OpBuilder b = OpBuilder::atBlockEnd(kernels.getBody());
      call.emit(b, module->getLoc(), "f");
      PassManager passes(context.get());
      OpPassManager &functions = passes.nest<ModuleOp>().nest<func::FuncOp>();
      functions.addPass(createExpandMath());
      functions.addPass(createExpandLowPrecision());
      passes.addPass(createLowerLoopsToLLVM());
      if (failed(passes.run(*outer)))
        return;
      auto code = makeBlob(kernels, "f", target, message);
      if (failed(code))
        return;
      blobs[call.key] = blob = runtime::Blob::load(*code);
      times[call.key] = now() - start;
    }
  }
  workspace.resize(plan.workspaceBytes / 8 + 16);
}

void KernelRunner::run(const std::vector<void *> &buffers, bool reversed) {
  for (size_t i = 0; i < plan.phases.size(); ++i) {
    std::vector<uint64_t> scratch(plan.phases[i].scratchBytes / 8 + 8);
    runPhase(buffers, i, 0, 1, reversed, scratch.data());
  }
}

void KernelRunner::runPhase(const std::vector<void *> &buffers, size_t number,
                            int64_t first, int64_t every, bool reversed,
                            void *scratch) {
  using Kind = BufferUse::Kind;
  const KernelPhase &phase = plan.phases[number];
  // As the arena is: a vector that crosses cache lines loads at half speed.
  auto *base = reinterpret_cast<char *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(workspace.data()), 64));
  size_t results = 0;
  module->walk([&](ir::KernelOp op) { results = op.getNumResults(); });
  std::vector<std::vector<void *>> pointers;
  for (const KernelCall &call : phase.calls) {
    pointers.emplace_back();
    for (const BufferUse &use : call.buffers) {
      if (use.kind == Kind::workspace)
        pointers.back().push_back(base + use.number);
      else if (use.kind == Kind::result)
        pointers.back().push_back(
            buffers[buffers.size() - results + use.number]);
      else
        pointers.back().push_back(buffers[use.number]);
    }
  }
  for (int64_t i = first; i < phase.tiles; i += every) {
    int64_t tile = reversed ? phase.tiles - 1 - i : i;
    for (size_t c = 0; c < phase.calls.size(); ++c)
      blobs[phase.calls[c].key]->entry()(
          pointers[c].data(), phase.calls[c].scalars.data(), tile, scratch);
  }
}

} // namespace needle::codegen
