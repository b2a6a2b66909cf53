// ExpandMathArithmetic.h - short names for the arithmetic that elementary
// functions are made of, on scalars and vectors of f32 or f64.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

#include <optional>

namespace needle::codegen {

/// What depends on the format. `mantissa` is the number of stored bits, `bias`
/// the exponent's. log2High has so few bits that its product with any exponent
/// is exact; log2High + log2Low = ln 2.
struct MathFormat {
  int mantissa;
  int bias;
  double log2High, log2Low;
  double expLow, expHigh; // beyond: 0, infinity
  double tanhHigh;        // beyond: 1
  double erfHigh;         // beyond: 1
  double smallestNormal;
  int64_t halfSqrtBits; // of sqrt(1/2)
  /// (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, for relative error of e^r - 1.
  llvm::ArrayRef<double> expm1;
  /// f32: (ln(1+f) - f + f^2/2) / f^3; f64: (2 atanh(s) - 2s) / s^3 in s^2,
  /// with s = f / (2 + f); f from sqrt(1/2) - 1 to sqrt(2) - 1.
  llvm::ArrayRef<double> log;
  /// erf(t) / t in t^2 on |t| <= 1, for relative error.
  llvm::ArrayRef<double> erf;
  /// e^(t^2) (1 - erf(t)) in (t - 2) / (t + 2) for t from 1 to erfHigh, for
  /// relative error of erf.
  llvm::ArrayRef<double> erfcx;
};
/// Of f32 or f64.
const MathFormat &mathFormat(mlir::Type element);

/// Arithmetic on values of the type of `x`.
class Arithmetic {
public:
  using Value = mlir::Value;

  Arithmetic(mlir::OpBuilder &b, mlir::Location loc, Value x)
      : b(b), loc(loc), type(x.getType()),
        format(mathFormat(mlir::getElementTypeOrSelf(type))) {
    integers = b.getIntegerType(format.mantissa == 23 ? 32 : 64);
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      integers = mlir::VectorType::get(vector.getShape(), integers);
  }

  Value number(double value) {
    return constant(
        type, mlir::FloatAttr::get(mlir::getElementTypeOrSelf(type), value));
  }
  Value integer(int64_t value) {
    return constant(integers, mlir::IntegerAttr::get(
                                  mlir::getElementTypeOrSelf(integers), value));
  }
  Value add(Value x, Value y) { return make<mlir::arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return make<mlir::arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) { return make<mlir::arith::MulFOp>(x, y); }
  Value div(Value x, Value y) {
    return mlir::arith::DivFOp::create(b, loc, x, y);
  }
  /// For vectors an estimate of 1 / y with a Newton step, which takes a quarter
  /// of the time: some 2 ulp instead of 0.5. Neither is infinite.
  Value divideFast(Value x, Value y) {
    auto flags = mlir::arith::FastMathFlags::arcp |
                 mlir::arith::FastMathFlags::ninf;
    return mlir::arith::DivFOp::create(b, loc, x, y, flags);
  }
  Value addInteger(Value x, Value y) {
    return mlir::arith::AddIOp::create(b, loc, x, y);
  }
  Value shiftRight(Value x, int bits) {
    return mlir::arith::ShRUIOp::create(b, loc, x, integer(bits));
  }
  Value shiftLeft(Value x, int bits) {
    return mlir::arith::ShLIOp::create(b, loc, x, integer(bits));
  }
  Value bits(Value x) {
    return mlir::arith::BitcastOp::create(b, loc, integers, x);
  }
  Value fromBits(Value x) {
    return mlir::arith::BitcastOp::create(b, loc, type, x);
  }
  Value less(Value x, Value y) {
    return compare(mlir::arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) {
    return compare(mlir::arith::CmpFPredicate::OEQ, x, y);
  }
  Value both(Value x, Value y) {
    return mlir::arith::AndIOp::create(b, loc, x, y);
  }
  Value either(Value x, Value y) {
    return mlir::arith::OrIOp::create(b, loc, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return mlir::arith::SelectOp::create(b, loc, condition, x, y);
  }
  /// NaN stays NaN: the comparison is false.
  Value atMost(Value x, double limit) {
    return select(less(number(limit), x), number(limit), x);
  }
  Value atLeast(Value x, double limit) {
    return select(less(x, number(limit)), number(limit), x);
  }
  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, llvm::ArrayRef<double> c) {
    Value sum = number(c.back());
    for (double next : llvm::reverse(c.drop_back()))
      sum = add(mul(sum, x), number(next));
    return sum;
  }

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type, integers;
  const MathFormat &format;
  /// Whether a product may be fused into a sum; nothing else ever may.
  bool contracts = true;

private:
  template <class Op> Value make(Value x, Value y) {
    auto flags = contracts ? mlir::arith::FastMathFlags::contract
                           : mlir::arith::FastMathFlags::none;
    return Op::create(b, loc, x, y, flags);
  }
  Value compare(mlir::arith::CmpFPredicate predicate, Value x, Value y) {
    return mlir::arith::CmpFOp::create(b, loc, predicate, x, y);
  }
  Value constant(mlir::Type of, mlir::TypedAttr scalar) {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(of))
      scalar = mlir::DenseElementsAttr::get(vector, mlir::Attribute(scalar));
    return mlir::arith::ConstantOp::create(b, loc, scalar);
  }
};

/// x = 2^exponent (1 + f) with 1 + f from sqrt(1/2) to sqrt(2), for positive
/// finite x, subnormals included.
struct Parts {
  mlir::Value exponent, f;
};
Parts splitExponent(Arithmetic &a, mlir::Value x);

} // namespace needle::codegen
