// Pipeline.cpp - the list of every pass, in order, one comment per constraint.
#include "needle/codegen/Pipeline.h"

#include "needle/codegen/Passes.h"
#include "needle/ir/Ops.h"
#include "needle/passes/Passes.h"
#include "needle/passes/gradients/Gradients.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace needle::codegen {

namespace {

const Stage all[] = {
    // First: pins keep every path to a `wrt` value only until here, and rules
    // are written for the ops that users call.
    {"autodiff", "gradients become ops; pins vanish",
     [](OpPassManager &pm) {
       pm.addNestedPass<func::FuncOp>(passes::createAutodiff());
     }},
    // After autodiff, which differentiates composites as a whole.
    {"decompose", "composite ops become primitive ones",
     [](OpPassManager &pm) {
       pm.addNestedPass<func::FuncOp>(passes::createDecompose());
     }},
    // After decompose, which leaves equal ops behind; the first pass that may
    // merge nodes, since equal nodes are different to gradients.
    {"simplify", "folded, simplified, equal ops merged",
     [](OpPassManager &pm) {
       pm.addNestedPass<func::FuncOp>(passes::createSimplify());
     }},
    // After simplify: moved transposes and reshapes no longer part neighbours.
    {"fuse", "ops grouped into kernels",
     [](OpPassManager &pm) {
       pm.addNestedPass<func::FuncOp>(passes::createFuse());
     }},
    // After fuse: what lives inside a kernel needs no memory.
    {"plan-memory", "intermediates placed in the arena",
     [](OpPassManager &pm) {
       pm.addNestedPass<func::FuncOp>(passes::createPlanMemory());
     }},
    // After plan-memory, whose attributes on a kernel its launch inherits.
    {"loops", "kernels as loops over vectors in @kernels",
     [](OpPassManager &pm) { pm.addPass(createLowerKernelsToLoops()); }},
    // math ops and bf16 first: a blob may not call libm, nor what converts
    // bf16 on a CPU that has no instruction for it.
    {"llvm", "@kernels in the LLVM dialect",
     [](OpPassManager &pm) {
       OpPassManager &kernels = pm.nest<ModuleOp>().nest<func::FuncOp>();
       kernels.addPass(createExpandMath());
       kernels.addPass(createExpandLowPrecision());
       pm.addPass(createLowerLoopsToLLVM());
     }},
};

} // namespace

llvm::ArrayRef<Stage> stages() { return all; }

void registerDialects(DialectRegistry &registry) {
  registry.insert<ir::NeedleDialect, arith::ArithDialect, func::FuncDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, vector::VectorDialect>();
  passes::registerGradients(registry);
}

} // namespace needle::codegen
