// Dialect.td - the needle dialect, its tensor types and the base of its ops.
#ifndef NEEDLE_DIALECT
#define NEEDLE_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Needle_Dialect : Dialect {
  let name = "needle";
  let cppNamespace = "::needle::ir";
  let summary = "Tensor programs as users record them";
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

// Every tensor of an op has rank <= 8 and fewer than 2^40 elements, ...
def Needle_TensorLimits : NativeOpTrait<"TensorLimits"> {
  let cppNamespace = "::needle::ir";
}
// ... and lives where the others do; only needle.to changes the place.
def Needle_OneTarget : NativeOpTrait<"OneTarget"> {
  let cppNamespace = "::needle::ir";
}

// Low precision is computed in wider numbers and rounded once.
def Needle_RoundsOnce : NativeOpTrait<"RoundsOnce"> {
  let cppNamespace = "::needle::ir";
}

class Needle_AnyTargetOp<string mnemonic, list<Trait> traits = []>
    : Op<Needle_Dialect, mnemonic,
         !listconcat(traits, [Needle_TensorLimits])>;
class Needle_Op<string mnemonic, list<Trait> traits = []>
    : Needle_AnyTargetOp<mnemonic, !listconcat(traits, [Needle_OneTarget])>;

// Static shape, rank at most 8; an encoding, if any, names the target the value
// lives on ("reference"); absent: the function's.
// An op on bf16 computes in f32 or wider and rounds once; nothing that bf16
// can't hold goes from one op to the next.
class Needle_TensorOf<list<Type> elements> : StaticShapeTensorOf<elements>;
def Needle_Tensor : Needle_TensorOf<[I1, I32, I64, BF16, F32, F64]>;
def Needle_FloatTensor : Needle_TensorOf<[BF16, F32, F64]>;
def Needle_NumberTensor : Needle_TensorOf<[I32, I64, BF16, F32, F64]>;
def Needle_IntegerTensor : Needle_TensorOf<[I32, I64]>;
def Needle_BoolTensor : Needle_TensorOf<[I1]>;
def Needle_KeyTensor : Needle_TensorOf<[I64]>; // a Threefry key: hi << 32 | lo

#endif
