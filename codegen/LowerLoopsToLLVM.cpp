// LowerLoopsToLLVM.cpp - the functions of @kernels to the LLVM dialect.
// In: func, scf, vector (1-D), memref (1-D, static), arith and what ExpandMath
// leaves of math. Out: llvm.func with bare pointers, and for each public
// function f an entry `f_entry` with the signature of runtime::TileFunction.
// The step function is left alone. After ExpandMath: what it would expand
// becomes a call of libm here, which no blob can hold.
#include "needle/codegen/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/Threading.h"
#include "mlir/Transforms/DialectConversion.h"

namespace needle::codegen {
#define GEN_PASS_DEF_LOWERLOOPSTOLLVM
#include "codegen/Passes.h.inc"
} // namespace needle::codegen

using namespace mlir;
using namespace needle::codegen;

namespace {

/// a * b + c becomes fmuladd: one instruction where the target has it, two
/// where a true fma would be a call of libm. FMA contraction is allowed.
template <class Op> struct LowerFma : ConvertOpToLLVMPattern<Op> {
  using ConvertOpToLLVMPattern<Op>::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::FMulAddOp>(op, adaptor.getOperands());
    return success();
  }
};

/// The two conversions that every function goes through, made once: scf
/// becomes branches first, because its patterns convert no types.
class Lowering {
public:
  explicit Lowering(MLIRContext *context)
      : converter(context, options(context)), branches(*context),
        llvm(*context) {
    branches.addLegalDialect<cf::ControlFlowDialect>();
    branches.addIllegalDialect<scf::SCFDialect>();
    branches.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    RewritePatternSet toBranches(context);
    populateSCFToControlFlowConversionPatterns(toBranches);
    branchPatterns = std::move(toBranches);

    RewritePatternSet patterns(context);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/true);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    patterns.add<LowerFma<vector::FMAOp>, LowerFma<math::FmaOp>>(converter,
                                                                 /*benefit=*/2);
    llvmPatterns = std::move(patterns);
    llvm.addLegalOp<ModuleOp>();
  }

  LogicalResult run(ModuleOp module) const {
    if (failed(applyPartialConversion(module, branches, branchPatterns)))
      return failure();
    return applyFullConversion(module, llvm, llvmPatterns);
  }

private:
  static LowerToLLVMOptions options(MLIRContext *context) {
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    options.overrideIndexBitwidth(64);
    return options;
  }

  LLVMTypeConverter converter;
  ConversionTarget branches;
  LLVMConversionTarget llvm;
  FrozenRewritePatternSet branchPatterns, llvmPatterns;
};

/// Unpacks the arrays of a TileFunction into the arguments of `function`:
/// pointers, then integers, the last of which is the tile, then the scratch.
void addEntry(LLVM::LLVMFuncOp function) {
  OpBuilder b(function->getContext());
  b.setInsertionPointAfter(function);
  Location loc = function.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  auto entry = LLVM::LLVMFuncOp::create(
      b, loc, (function.getName() + "_entry").str(),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                  {pointer, pointer, i64, pointer}));
  Block *block = entry.addEntryBlock(b);
  b.setInsertionPointToStart(block);
  ArrayRef<Type> types = function.getArgumentTypes();
  SmallVector<Value> arguments;
  int32_t buffers = 0, scalars = 0;
  for (Type type : types.drop_back(2)) {
    bool isBuffer = type == pointer;
    Value array = block->getArgument(isBuffer ? 0 : 1);
    int32_t number = isBuffer ? buffers++ : scalars++;
    Value at =
        LLVM::GEPOp::create(b, loc, pointer, type, array, LLVM::GEPArg(number));
    arguments.push_back(LLVM::LoadOp::create(b, loc, type, at));
  }
  arguments.push_back(block->getArgument(2));
  arguments.push_back(block->getArgument(3));
  LLVM::CallOp::create(b, loc, function, arguments);
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

/// Moves each public function and the private helpers it calls to a module of
/// its own, so that groups can be lowered in parallel.
SmallVector<OwningOpRef<ModuleOp>> split(ModuleOp kernels) {
  llvm::StringMap<func::FuncOp> privates;
  SmallVector<func::FuncOp> publics;
  for (auto function : kernels.getOps<func::FuncOp>()) {
    if (function.isPrivate())
      privates[function.getName()] = function;
    else
      publics.push_back(function);
  }
  SmallVector<OwningOpRef<ModuleOp>> groups;
  for (func::FuncOp function : publics) {
    groups.push_back(ModuleOp::create(kernels.getLoc()));
    SmallVector<func::FuncOp> pending = {function};
    while (!pending.empty()) {
      func::FuncOp next = pending.pop_back_val();
      next->moveBefore(groups.back()->getBody(),
                       groups.back()->getBody()->end());
      next.walk([&](func::CallOp call) {
        auto found = privates.find(call.getCallee());
        if (found == privates.end())
          return;
        pending.push_back(found->second);
        privates.erase(found);
      });
    }
  }
  return groups;
}

LogicalResult lower(const Lowering &lowering, ModuleOp group) {
  if (failed(lowering.run(group)))
    return failure();
  for (auto function : llvm::to_vector(group.getOps<LLVM::LLVMFuncOp>())) {
    if (function.isExternal())
      continue;
    if (SymbolTable::getSymbolVisibility(function) ==
        SymbolTable::Visibility::Public)
      addEntry(function);
    // Local calls only: no PLT, no GOT.
    SymbolTable::setSymbolVisibility(function,
                                     SymbolTable::Visibility::Private);
    function.setLinkage(LLVM::Linkage::Internal);
  }
  return success();
}

struct LowerLoopsToLLVM
    : needle::codegen::impl::LowerLoopsToLLVMBase<LowerLoopsToLLVM> {
  void runOnOperation() override {
    for (auto kernels : getOperation().getOps<ModuleOp>()) {
      Lowering lowering(&getContext());
      SmallVector<OwningOpRef<ModuleOp>> groups = split(kernels);
      if (failed(failableParallelForEach(&getContext(), groups,
                                         [&](OwningOpRef<ModuleOp> &group) {
                                           return lower(lowering, *group);
                                         })))
        signalPassFailure();
      for (OwningOpRef<ModuleOp> &group : groups)
        kernels.getBody()->getOperations().splice(
            kernels.getBody()->end(), group->getBody()->getOperations());
    }
  }
};

} // namespace
