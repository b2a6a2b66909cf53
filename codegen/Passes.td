// Passes.td - the passes of code generation, their flags and options.
include "mlir/Pass/PassBase.td"

def LowerKernelsToLoops : Pass<"needle-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "needle.kernel ==> needle.launch of functions in @kernels";
  let dependentDialects = ["::mlir::func::FuncDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::LLVM::LLVMDialect"];
}
def ExpandMath : Pass<"needle-expand-math"> {
  let summary = "math.exp, log, tanh, ... ==> polynomials in arith and vector";
}
def ExpandLowPrecision : Pass<"needle-expand-low-precision"> {
  let summary = "conversions from and to bf16 ==> integer arithmetic";
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}
def LowerLoopsToLLVM : Pass<"needle-lower-loops", "::mlir::ModuleOp"> {
  let summary = "the functions of @kernels to the LLVM dialect";
  let dependentDialects = ["::mlir::cf::ControlFlowDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect",
    "::mlir::arith::ArithDialect"];
}
