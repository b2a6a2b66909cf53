// ShippedKernels.cpp - which kernels every program finds compiled.
#include "needle/codegen/ShippedKernels.h"

#include "needle/codegen/CompileModule.h"
#include "needle/codegen/LowerKernelsToLoops.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/cpu/Blob.h"
#include "needle/codegen/kernels/ContractBlocking.h"

#include "mlir/IR/Threading.h"
#include "mlir/Pass/PassManager.h"

#include <mutex>

using namespace mlir;

namespace needle::codegen {

namespace {

/// One module with the functions of one instruction set.
class Shipment {
public:
  Shipment(MLIRContext *context, const TargetInfo &target)
      : context(context), target(target),
        module(ModuleOp::create(UnknownLoc::get(context))) {}

  void add(Type element, int64_t batchRank) {
    for (const ContractClass &contract :
         contractClasses(element, batchRank, target))
      add(contract.key(), [&](OpBuilder &b, Location loc, StringRef name) {
        emitContract(b, loc, name, contract);
      });
    for (const PackClass &pack : packClasses(element, batchRank, target))
      add(pack.key(), [&](OpBuilder &b, Location loc, StringRef name) {
        emitPack(b, loc, name, pack);
      });
  }

  LogicalResult compile(std::map<std::string, runtime::BlobCode> &blobs,
                        std::string &error) {
    PassManager passes(context);
    stages().back().addPasses(passes);
    if (failed(passes.run(*module))) {
      error = "lowering to LLVM failed";
      return failure();
    }
    auto kernels = *module->getOps<ModuleOp>().begin();
    std::mutex mutex;
    return failableParallelForEach(context, symbols, [&](auto &entry) {
      auto &[key, symbol] = entry;
      std::string reason;
      FailureOr<runtime::BlobCode> code =
          makeBlob(kernels, symbol, target, reason);
      std::lock_guard<std::mutex> lock(mutex);
      if (failed(code)) {
        error = key + ": " + reason;
        return failure();
      }
      blobs[KernelCache::keyFor(target.isa, key)] = std::move(*code);
      return success();
    });
  }

private:
  void add(std::string key,
           llvm::function_ref<void(OpBuilder &, Location, StringRef)> emit) {
    if (!symbols.try_emplace(key, "kernel" + std::to_string(symbols.size()))
             .second)
      return;
    OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
    if (symbols.size() == 1)
      ModuleOp::create(b, module->getLoc(), "kernels");
    auto kernels = *module->getOps<ModuleOp>().begin();
    b.setInsertionPointToEnd(kernels.getBody());
    emit(b, kernels.getLoc(), symbols[key]);
  }

  MLIRContext *context;
  TargetInfo target;
  OwningOpRef<ModuleOp> module;
  std::map<std::string, std::string> symbols; // by key
};

} // namespace

LogicalResult
compileShippedKernels(std::map<std::string, runtime::BlobCode> &blobs,
                      std::string &error) {
  std::unique_ptr<MLIRContext> context = makeContext();
  context->enableMultithreading();
  loadKernelDialects(context.get());
  Builder b(context.get());
  for (const TargetInfo &target : TargetInfo::all()) {
    Shipment shipment(context.get(), target);
    for (Type element : {b.getF32Type(), b.getF64Type()})
      // Without a batch, one batch dimension, [batch, heads].
      for (int64_t batchRank : {1, 2})
        shipment.add(element, batchRank);
    if (failed(shipment.compile(blobs, error)))
      return failure();
  }
  return success();
}

} // namespace needle::codegen
