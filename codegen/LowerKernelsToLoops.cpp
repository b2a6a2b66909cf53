// LowerKernelsToLoops.cpp - kernels become launches of functions in @kernels.
// In: a planned function whose work is in needle.kernel. Out: needle.launch in
// their place, and a nested module with one function per key, in func, scf,
// vector, memref, arith and math; attribute `needle.key` on each. Kernels of
// kind "host" stay: the interpreter runs them. After PlanMemory, whose
// attributes a launch inherits.
#include "needle/codegen/LowerKernelsToLoops.h"

#include "needle/codegen/Passes.h"
#include "needle/codegen/Places.h"
#include "needle/codegen/kernels/Kernel.h"
#include "needle/ir/Function.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringMap.h"

namespace needle::codegen {
#define GEN_PASS_DEF_LOWERKERNELSTOLOOPS
#include "codegen/Passes.h.inc"
} // namespace needle::codegen

using namespace mlir;
using namespace needle;
using namespace needle::codegen;

namespace {

class KernelLowering {
public:
  KernelLowering(ModuleOp module, const TargetInfo &target,
                 llvm::function_ref<bool(llvm::StringRef)> loaded,
                 std::vector<KernelFunction> &functions)
      : module(module), target(target), loaded(loaded), functions(functions) {}

  LogicalResult lower(ir::KernelOp op);

private:
  FailureOr<ir::PhaseAttr> lowerPhase(ir::KernelOp op,
                                      const KernelPhase &phase);
  /// The function of `call`, made if it is neither known nor loaded.
  FailureOr<FlatSymbolRefAttr> functionOf(ir::KernelOp op,
                                          const KernelCall &call);
  std::string symbolFor(ir::KernelOp op);
  ModuleOp kernelModule();

  ModuleOp module, kernels;
  const TargetInfo &target;
  llvm::function_ref<bool(llvm::StringRef)> loaded;
  std::vector<KernelFunction> &functions;
  llvm::StringMap<std::string> symbols; // by key
};

// "matmul add relu" -> matmul_add_relu_0; the number tells equal ones apart.
std::string KernelLowering::symbolFor(ir::KernelOp op) {
  std::string name;
  for (char letter : describeOps(op.getBody()))
    name += letter == ' ' ? '_' : letter == '.' ? 'x' : letter;
  return name + "_" + std::to_string(functions.size());
}

ModuleOp KernelLowering::kernelModule() {
  if (kernels)
    return kernels;
  loadKernelDialects(module.getContext());
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  kernels = ModuleOp::create(b, module.getLoc(), "kernels");
  return kernels;
}

FailureOr<FlatSymbolRefAttr>
KernelLowering::functionOf(ir::KernelOp op, const KernelCall &call) {
  auto known = symbols.find(call.key);
  if (known != symbols.end())
    return FlatSymbolRefAttr::get(op.getContext(), known->second);
  std::string symbol = symbolFor(op);
  bool emit = !loaded(call.key);
  if (emit) {
    OpBuilder b = OpBuilder::atBlockEnd(kernelModule().getBody());
    func::FuncOp function = call.emit(b, op.getLoc(), symbol);
    if (!function)
      return failure();
    function->setAttr("needle.key", b.getStringAttr(call.key));
  }
  functions.push_back({symbol, call.key, emit});
  symbols[call.key] = symbol;
  return FlatSymbolRefAttr::get(op.getContext(), symbol);
}

FailureOr<ir::PhaseAttr> KernelLowering::lowerPhase(ir::KernelOp op,
                                                    const KernelPhase &phase) {
  Builder b(op.getContext());
  int64_t operands = int64_t(op.getInputs().size());
  llvm::SmallVector<Attribute> calls;
  for (const KernelCall &call : phase.calls) {
    FailureOr<FlatSymbolRefAttr> function = functionOf(op, call);
    if (failed(function))
      return failure();
    llvm::SmallVector<int64_t> buffers;
    for (const BufferUse &buffer : call.buffers)
      buffers.push_back(buffer.encode(operands));
    calls.push_back(ir::CallAttr::get(
        b.getContext(), *function, b.getDenseI64ArrayAttr(buffers),
        b.getDenseI64ArrayAttr(call.scalars), call.statusScalar));
  }
  return ir::PhaseAttr::get(b.getContext(), b.getArrayAttr(calls), phase.tiles,
                            phase.scratchBytes, phase.work);
}

LogicalResult KernelLowering::lower(ir::KernelOp op) {
  KernelPlan plan;
  if (failed(planKernel(op, target, plan)))
    return failure();
  llvm::SmallVector<Attribute> phases;
  for (const KernelPhase &phase : plan.phases) {
    FailureOr<ir::PhaseAttr> lowered = lowerPhase(op, phase);
    if (failed(lowered))
      return failure();
    phases.push_back(*lowered);
  }
  OpBuilder b(op);
  auto launch =
      ir::LaunchOp::create(b, op.getLoc(), op.getResultTypes(), op.getInputs(),
                           b.getArrayAttr(phases), plan.workspaceBytes);
  launch->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  launch->setAttr("needle.ops", b.getStringAttr(describeOps(op.getBody())));
  op->replaceAllUsesWith(launch);
  op.erase();
  return success();
}

struct LowerKernelsToLoops
    : needle::codegen::impl::LowerKernelsToLoopsBase<LowerKernelsToLoops> {
  void runOnOperation() override {
    std::vector<KernelFunction> functions;
    if (failed(lowerKernelsToLoops(
            getOperation(), [](llvm::StringRef) { return false; }, functions)))
      signalPassFailure();
  }
};

} // namespace

void codegen::loadKernelDialects(MLIRContext *context) {
  context
      ->loadDialect<func::FuncDialect, scf::SCFDialect, vector::VectorDialect,
                    memref::MemRefDialect, arith::ArithDialect,
                    math::MathDialect, LLVM::LLVMDialect>();
}

LogicalResult codegen::lowerKernelsToLoops(
    ModuleOp module, llvm::function_ref<bool(llvm::StringRef key)> loaded,
    std::vector<KernelFunction> &functions) {
  if (failed(ir::verifyTarget(module)))
    return failure();
  auto attribute = module->getAttrOfType<ir::TargetAttr>("needle.target");
  llvm::SmallVector<ir::KernelOp> kernels;
  module.walk([&](ir::KernelOp op) {
    if (op.getKind() != "host")
      kernels.push_back(op);
  });
  if (kernels.empty())
    return success();
  if (!attribute)
    return module.emitError("has kernels, but no needle.target to lower for");
  TargetInfo target = TargetInfo::from(attribute);
  KernelLowering lowering(module, target, loaded, functions);
  for (ir::KernelOp op : kernels)
    if (failed(lowering.lower(op)))
      return failure();
  return success();
}
