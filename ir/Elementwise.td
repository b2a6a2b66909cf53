// Elementwise.td - ops that work element by element, with scalar bodies.
#ifndef NEEDLE_ELEMENTWISE
#define NEEDLE_ELEMENTWISE

include "Dialect.td"
include "Interfaces.td"

// `body` returns the value of one element from x[0], x[1], ...: scalars or
// vectors. `isFloat(x)` and `number(b, loc, type, v)` are in Elementwise.h.
class Needle_ElementwiseBase<string mnemonic, list<Trait> traits, code body>
    : Needle_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<ElementwiseOpInterface>], traits)> {
  bit cheap = 1; // to compute again; not so: series and many rounds
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::buildScalar(::mlir::OpBuilder &b,
        ::mlir::Location loc, ::mlir::ValueRange x) {
      using namespace ::mlir;
      (void)b, (void)loc;
      }] # body # [{
    }
    bool $cppClass::isCheap() { return }] # cheap # [{; }
  }];
}

// All operands and the result have one type.
class Needle_UnaryOp<string mnemonic, code body, Type type = Needle_FloatTensor>
    : Needle_ElementwiseBase<mnemonic, [SameOperandsAndResultType], body> {
  let arguments = (ins type:$x);
  let results = (outs type:$result);
  let assemblyFormat = "operands attr-dict `:` type($result)";
}
class Needle_BinaryOp<string mnemonic, code body, list<Trait> traits = [],
                      Type type = Needle_NumberTensor>
    : Needle_ElementwiseBase<mnemonic,
        !listconcat([SameOperandsAndResultType], traits), body> {
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let assemblyFormat = "operands attr-dict `:` type($result)";
}

// Two operands of one type, a boolean result of their shape. `f` and `i` are
// the predicates of arith.cmpf and arith.cmpi, `u` that of booleans: a signed
// true is -1, and less than false.
class Needle_CompareOp<string mnemonic, string f, string i, string u,
                       list<Trait> traits = []>
    : Needle_ElementwiseBase<mnemonic, !listconcat([SameTypeOperands,
        DeclareOpInterfaceMethods<InferTypeOpInterface>], traits), [{
      if (isFloat(x[0]))
        return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::}] # f # [{,
                                     x[0], x[1]);
      auto predicate = getElementTypeOrSelf(x[0].getType()).isInteger(1)
                           ? arith::CmpIPredicate::}] # u # [{
                           : arith::CmpIPredicate::}] # i # [{;
      return arith::CmpIOp::create(b, loc, predicate, x[0], x[1]);
    }]> {
  let arguments = (ins Needle_Tensor:$lhs, Needle_Tensor:$rhs);
  let results = (outs Needle_BoolTensor:$result);
  let assemblyFormat = "operands attr-dict `:` type($lhs)";
}

def Needle_AddOp : Needle_BinaryOp<"add", [{
    if (isFloat(x[0]))
      return arith::AddFOp::create(b, loc, x[0], x[1]);
    return arith::AddIOp::create(b, loc, x[0], x[1]);
  }], [Commutative]> {
  let summary = "elementwise sum";
  let description = [{
    Integers wrap around.

    ```mlir
    %0 = needle.add %x, %y : tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_SubOp : Needle_BinaryOp<"sub", [{
    if (isFloat(x[0]))
      return arith::SubFOp::create(b, loc, x[0], x[1]);
    return arith::SubIOp::create(b, loc, x[0], x[1]);
  }]> {
  let summary = "elementwise difference";
  let description = [{
    Integers wrap around.

    ```mlir
    %0 = needle.sub %x, %y : tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_MulOp : Needle_BinaryOp<"mul", [{
    if (isFloat(x[0]))
      return arith::MulFOp::create(b, loc, x[0], x[1]);
    return arith::MulIOp::create(b, loc, x[0], x[1]);
  }], [Commutative]> {
  let summary = "elementwise product";
  let description = [{
    Integers wrap around.

    ```mlir
    %0 = needle.mul %x, %y : tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_DivOp : Needle_BinaryOp<"div", [{
    return arith::DivFOp::create(b, loc, x[0], x[1]);
  }], [], Needle_FloatTensor> {
  let summary = "elementwise quotient";
  let description = [{
    As IEEE 754 has it: x / 0 is an infinity, 0 / 0 NaN.

    ```mlir
    %0 = needle.div %x, %y : tensor<2x3xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_MaximumOp : Needle_BinaryOp<"maximum", [{
    if (isFloat(x[0]))
      return arith::MaximumFOp::create(b, loc, x[0], x[1]);
    return arith::MaxSIOp::create(b, loc, x[0], x[1]);
  }], [Commutative]> {
  let summary = "elementwise maximum; NaN if either is";
  let description = [{
    Of -0 and 0 the maximum is 0.

    ```mlir
    %0 = needle.maximum %x, %y : tensor<2x3xf32>
    ```
  }];
}
def Needle_MinimumOp : Needle_BinaryOp<"minimum", [{
    if (isFloat(x[0]))
      return arith::MinimumFOp::create(b, loc, x[0], x[1]);
    return arith::MinSIOp::create(b, loc, x[0], x[1]);
  }], [Commutative]> {
  let summary = "elementwise minimum; NaN if either is";
  let description = [{
    Of -0 and 0 the minimum is -0.

    ```mlir
    %0 = needle.minimum %x, %y : tensor<2x3xf32>
    ```
  }];
}

def Needle_NegOp : Needle_UnaryOp<"neg", [{
    if (isFloat(x[0]))
      return arith::NegFOp::create(b, loc, x[0]);
    Value zero = number(b, loc, x[0].getType(), 0);
    return arith::SubIOp::create(b, loc, zero, x[0]);
  }], Needle_NumberTensor> {
  let summary = "elementwise negation";
  let description = [{
    Flips the sign of floats, of zeros and NaN, too; integers wrap around.

    ```mlir
    %0 = needle.neg %x : tensor<4xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_AbsOp : Needle_UnaryOp<"abs", [{
    if (isFloat(x[0]))
      return math::AbsFOp::create(b, loc, x[0]);
    return math::AbsIOp::create(b, loc, x[0]);
  }], Needle_NumberTensor> {
  let summary = "elementwise absolute value";
  let description = [{
    Clears the sign of floats; the least integer stays itself.

    ```mlir
    %0 = needle.abs %x : tensor<4xf32>
    ```
  }];
}
def Needle_SignOp : Needle_UnaryOp<"sign", [{
    Value zero = number(b, loc, x[0].getType(), 0);
    Value one = number(b, loc, x[0].getType(), 1);
    Value minusOne = number(b, loc, x[0].getType(), -1);
    bool f = isFloat(x[0]);
    auto test = [&](arith::CmpFPredicate pf, arith::CmpIPredicate pi) -> Value {
      if (f)
        return arith::CmpFOp::create(b, loc, pf, x[0], zero);
      return arith::CmpIOp::create(b, loc, pi, x[0], zero);
    };
    Value positive = test(arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt);
    Value negative = test(arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
    // NaN and -0 are neither: they come back as they are.
    Value rest = arith::SelectOp::create(b, loc, negative, minusOne, x[0]);
    return arith::SelectOp::create(b, loc, positive, one, rest);
  }], Needle_NumberTensor> {
  let summary = "-1, 0 or 1; NaN for NaN";
  let description = [{
    -0 stays -0.

    ```mlir
    %0 = needle.sign %x : tensor<4xf32>
    ```
  }];
}
def Needle_ExpOp : Needle_UnaryOp<"exp",
    [{ return math::ExpOp::create(b, loc, x[0]); }]> {
  let cheap = 0;
  let summary = "elementwise exponential";
  let description = [{
    Within 4 ulp in f32, 2 in f64; infinity above the range, subnormal results
    are kept.

    ```mlir
    %0 = needle.exp %x : tensor<4xf32>
    ```
  }];
}
def Needle_LogOp : Needle_UnaryOp<"log",
    [{ return math::LogOp::create(b, loc, x[0]); }]> {
  let cheap = 0;
  let summary = "elementwise natural logarithm; NaN below 0, -inf at 0";
  let description = [{
    Within 4 ulp in f32, 2 in f64.

    ```mlir
    %0 = needle.log %x : tensor<4xf32>
    ```
  }];
}
def Needle_SqrtOp : Needle_UnaryOp<"sqrt",
    [{ return math::SqrtOp::create(b, loc, x[0]); }]> {
  let summary = "elementwise square root; NaN below 0";
  let description = [{
    Correctly rounded; of -0 it is -0.

    ```mlir
    %0 = needle.sqrt %x : tensor<4xf32>
    ```
  }];
}
def Needle_RsqrtOp : Needle_UnaryOp<"rsqrt", [{
    return arith::DivFOp::create(b, loc, number(b, loc, x[0].getType(), 1),
                                 math::SqrtOp::create(b, loc, x[0]));
  }]> {
  let summary = "elementwise 1 / sqrt(x)";
  let description = [{
    Infinity at 0, NaN below.

    ```mlir
    %0 = needle.rsqrt %x : tensor<4xf32>
    ```
  }];
}
def Needle_SquareOp : Needle_UnaryOp<"square", [{
    if (isFloat(x[0]))
      return arith::MulFOp::create(b, loc, x[0], x[0]);
    return arith::MulIOp::create(b, loc, x[0], x[0]);
  }], Needle_NumberTensor> {
  let summary = "elementwise x * x";
  let description = [{
    Integers wrap around.

    ```mlir
    %0 = needle.square %x : tensor<4xf32>
    ```
  }];
}
def Needle_TanhOp : Needle_UnaryOp<"tanh",
    [{ return math::TanhOp::create(b, loc, x[0]); }]> {
  let cheap = 0;
  let summary = "elementwise hyperbolic tangent";
  let description = [{
    Within 5 ulp.

    ```mlir
    %0 = needle.tanh %x : tensor<4xf32>
    ```
  }];
}
def Needle_SigmoidOp : Needle_UnaryOp<"sigmoid", [{
    Value one = number(b, loc, x[0].getType(), 1);
    Value exp = math::ExpOp::create(b, loc,
                                    arith::NegFOp::create(b, loc, x[0]));
    return arith::DivFOp::create(b, loc, one,
                                 arith::AddFOp::create(b, loc, one, exp));
  }]> {
  let cheap = 0;
  let summary = "elementwise 1 / (1 + exp(-x))";
  let description = [{
    0 and 1 far out; NaN for NaN.

    ```mlir
    %0 = needle.sigmoid %x : tensor<4xf32>
    ```
  }];
}
def Needle_ErfOp : Needle_UnaryOp<"erf",
    [{ return math::ErfOp::create(b, loc, x[0]); }]> {
  let cheap = 0;
  let summary = "elementwise error function";
  let description = [{
    2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. Within 5 ulp.

    ```mlir
    %0 = needle.erf %x : tensor<4xf32>
    ```
  }];
}
def Needle_PowOp : Needle_BinaryOp<"pow",
    [{ return math::PowFOp::create(b, loc, x[0], x[1]); }], [],
    Needle_FloatTensor> {
  let cheap = 0;
  let summary = "elementwise lhs to the power of rhs";
  let description = [{
    As IEEE 754 has it: x^0 and 1^y are 1, also of NaN; NaN for a negative
    number to a power that is no integer. Within 4 ulp. The derivative by the
    exponent is 0 at lhs = 0.

    ```mlir
    %0 = needle.pow %x, %y : tensor<4xf32>
    ```
  }];
}
def Needle_ReluOp : Needle_UnaryOp<"relu", [{
    Value zero = number(b, loc, x[0].getType(), 0);
    if (isFloat(x[0]))
      return arith::MaximumFOp::create(b, loc, x[0], zero);
    return arith::MaxSIOp::create(b, loc, x[0], zero);
  }], Needle_NumberTensor> {
  let summary = "elementwise max(x, 0); NaN for NaN";
  let description = [{
    The gradient at 0 is 0.

    ```mlir
    %0 = needle.relu %x : tensor<4xf32>
    ```
  }];
}
def Needle_ErfInvOp : Needle_UnaryOp<"erf_inv",
    [{ return buildErfInv(b, loc, x[0]); }]> {
  let cheap = 0;
  let summary = "elementwise inverse error function, for normal draws";
  let description = [{
    Infinite at -1 and 1, NaN outside. Polynomials of M. Giles (GPU Computing
    Gems, 2011).

    ```mlir
    %0 = needle.erf_inv %x : tensor<4xf32>
    ```
  }];
}

def Needle_EqualOp : Needle_CompareOp<"equal", "OEQ", "eq", "eq",
    [Commutative]> {
  let summary = "elementwise ==; false where an operand is NaN";
  let description = [{
    -0 equals 0.

    ```mlir
    %0 = needle.equal %x, %y : tensor<4xf32> // tensor<4xi1>
    ```
  }];
}
def Needle_NotEqualOp : Needle_CompareOp<"not_equal", "UNE", "ne", "ne",
    [Commutative]> {
  let summary = "elementwise !=; true where an operand is NaN";
  let description = [{
    -0 equals 0.

    ```mlir
    %0 = needle.not_equal %x, %y : tensor<4xf32> // tensor<4xi1>
    ```
  }];
}
def Needle_LessOp : Needle_CompareOp<"less", "OLT", "slt", "ult"> {
  let summary = "elementwise <";
  let description = [{
    False where an operand is NaN; of booleans false is less.

    ```mlir
    %0 = needle.less %x, %y : tensor<4xf32> // tensor<4xi1>
    ```
  }];
}
def Needle_LessEqualOp : Needle_CompareOp<"less_equal", "OLE", "sle", "ule"> {
  let summary = "elementwise <=";
  let description = [{
    False where an operand is NaN; of booleans false is less.

    ```mlir
    %0 = needle.less_equal %x, %y : tensor<4xf32> // tensor<4xi1>
    ```
  }];
}
def Needle_GreaterOp : Needle_CompareOp<"greater", "OGT", "sgt", "ugt"> {
  let summary = "elementwise >";
  let description = [{
    False where an operand is NaN; of booleans false is less.

    ```mlir
    %0 = needle.greater %x, %y : tensor<4xf32> // tensor<4xi1>
    ```
  }];
}
def Needle_GreaterEqualOp
    : Needle_CompareOp<"greater_equal", "OGE", "sge", "uge"> {
  let summary = "elementwise >=";
  let description = [{
    False where an operand is NaN; of booleans false is less.

    ```mlir
    %0 = needle.greater_equal %x, %y : tensor<4xf32> // tensor<4xi1>
    ```
  }];
}

def Needle_AndOp : Needle_BinaryOp<"and",
    [{ return arith::AndIOp::create(b, loc, x[0], x[1]); }],
    [Commutative], Needle_BoolTensor> {
  let summary = "elementwise logical and";
  let description = [{
    Both are evaluated: there is nothing to skip.

    ```mlir
    %0 = needle.and %a, %b : tensor<4xi1>
    ```
  }];
}
def Needle_OrOp : Needle_BinaryOp<"or",
    [{ return arith::OrIOp::create(b, loc, x[0], x[1]); }],
    [Commutative], Needle_BoolTensor> {
  let summary = "elementwise logical or";
  let description = [{
    Both are evaluated: there is nothing to skip.

    ```mlir
    %0 = needle.or %a, %b : tensor<4xi1>
    ```
  }];
}
def Needle_NotOp : Needle_UnaryOp<"not", [{
    return arith::XOrIOp::create(b, loc, x[0],
                                 number(b, loc, x[0].getType(), 1));
  }], Needle_BoolTensor> {
  let summary = "elementwise logical not";
  let description = [{
    ```mlir
    %0 = needle.not %a : tensor<4xi1>
    ```
  }];
  let hasFolder = 1;
}

def Needle_WhereOp : Needle_ElementwiseBase<"where",
    [AllTypesMatch<["x", "y", "result"]>, SameOperandsAndResultShape],
    [{ return arith::SelectOp::create(b, loc, x[0], x[1], x[2]); }]> {
  let summary = "x where the condition holds, else y";
  let description = [{
    Chooses element by element; NaN in the one not chosen does not matter.

    ```mlir
    %0 = needle.where %condition, %x, %y : tensor<4xi1>, tensor<4xf32>
    ```
  }];
  let arguments = (ins Needle_BoolTensor:$condition, Needle_Tensor:$x,
                       Needle_Tensor:$y);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = [{
    operands attr-dict `:` type($condition) `,` type($result)
  }];
  let hasFolder = 1;
}
def Needle_ConvertOp : Needle_ElementwiseBase<"convert",
    [SameOperandsAndResultShape], [{
      return buildConvert(b, loc, x[0],
          ::mlir::cast<::mlir::ShapedType>(getResult().getType())
              .getElementType());
    }]> {
  let summary = "change of element type";
  let description = [{
    To integers: truncation towards zero; NaN is 0 and values outside clamp to
    the ends. To boolean: x != 0 (NaN is true). From boolean: 0 or 1. To floats:
    rounded to nearest, ties to even; NaN stays NaN.

    ```mlir
    %0 = needle.convert %x : tensor<4xf32> -> tensor<4xi32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

#endif
