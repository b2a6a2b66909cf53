// ExpandMathPolynomials.cpp - exp, log and tanh by range reduction and minimax
// polynomials (Remez exchange on the reduced range, 60 digits, then rounded).
#include "needle/codegen/ExpandMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace needle::codegen {

namespace {
// What depends on the format. `mantissa` is the number of stored bits, `bias`
// the exponent's. log2High has so few bits that its product with any exponent
// is exact; log2High + log2Low = ln 2.
struct Format {
  int mantissa;
  int bias;
  double log2High, log2Low;
  double expLow, expHigh; // beyond: 0, infinity
  double tanhHigh;        // beyond: 1
  double smallestNormal;
  int64_t halfSqrtBits; // of sqrt(1/2)
  // (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, for relative error of e^r - 1.
  ArrayRef<double> expm1;
  // f32: (ln(1+f) - f + f^2/2) / f^3; f64: (2 atanh(s) - 2s) / s^3 in s^2, with
  // s = f / (2 + f); f from sqrt(1/2) - 1 to sqrt(2) - 1.
  ArrayRef<double> log;
};

const double expm1Single[] = {0.5, 0.1666654348373413, 0.04166720062494278,
                              0.008366520516574383, 0.0013882521307095885};
const double expm1Double[] = {0x1.0000000000005p-1,  0x1.5555555555539p-3,
                              0x1.55555555522b8p-5,  0x1.1111111118fa9p-7,
                              0x1.6c16c17edba74p-10, 0x1.a01a017515818p-13,
                              0x1.a019a76f4bf31p-16, 0x1.71de880516fcdp-19,
                              0x1.28a1dff708d09p-22, 0x1.ae6baad70beb9p-26};
const double logSingle[] = {0.3333333134651184,  -0.2500081956386566,
                            0.20001226663589478, -0.1662335842847824,
                            0.14201746881008148, -0.13160164654254913,
                            0.12761642038822174, -0.07634613662958145};
const double logDouble[] = {0x1.5555555555592p-1, 0x1.999999997fda0p-2,
                            0x1.24924941f31b8p-2, 0x1.c71c52075c307p-3,
                            0x1.74663f6391729p-3, 0x1.39a1acba3db0ap-3,
                            0x1.2f05fec4f0781p-3};

const Format single = {
    23,         127,         0x1.63p-1, -0x1.bd0105c610ca8p-13,
    -104,       89,          10,        0x1p-126,
    0x3f3504f3, expm1Single, logSingle};
const Format twice = {
    52, 1023,      0x1.62e42feep-1,    0x1.a39ef35793c76p-33, -746,     710,
    20, 0x1p-1022, 0x3fe6a09e667f3bcd, expm1Double,           logDouble};

// Short names for arithmetic on one type.
class Arithmetic {
public:
  Arithmetic(OpBuilder &b, Location loc, Value x)
      : b(b), loc(loc), type(x.getType()),
        format(getElementTypeOrSelf(type).isF32() ? single : twice) {
    integers = b.getIntegerType(format.mantissa == 23 ? 32 : 64);
    if (auto vector = dyn_cast<VectorType>(type))
      integers = VectorType::get(vector.getShape(), integers);
  }

  Value number(double value) {
    TypedAttr scalar = FloatAttr::get(getElementTypeOrSelf(type), value);
    return constant(type, scalar);
  }
  Value integer(int64_t value) {
    TypedAttr scalar = IntegerAttr::get(getElementTypeOrSelf(integers), value);
    return constant(integers, scalar);
  }
  Value add(Value x, Value y) {
    return arith::AddFOp::create(b, loc, x, y, contract);
  }
  Value sub(Value x, Value y) {
    return arith::SubFOp::create(b, loc, x, y, contract);
  }
  Value mul(Value x, Value y) {
    return arith::MulFOp::create(b, loc, x, y, contract);
  }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value addInteger(Value x, Value y) {
    return arith::AddIOp::create(b, loc, x, y);
  }
  Value shiftRight(Value x, int bits) {
    return arith::ShRUIOp::create(b, loc, x, integer(bits));
  }
  Value shiftLeft(Value x, int bits) {
    return arith::ShLIOp::create(b, loc, x, integer(bits));
  }
  Value bits(Value x) { return arith::BitcastOp::create(b, loc, integers, x); }
  Value fromBits(Value x) { return arith::BitcastOp::create(b, loc, type, x); }
  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  /// NaN stays NaN: the comparison is false.
  Value atMost(Value x, double limit) {
    return select(less(number(limit), x), number(limit), x);
  }
  Value atLeast(Value x, double limit) {
    return select(less(x, number(limit)), number(limit), x);
  }
  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, ArrayRef<double> c) {
    Value sum = number(c.back());
    for (double next : llvm::reverse(c.drop_back()))
      sum = add(mul(sum, x), number(next));
    return sum;
  }

  OpBuilder &b;
  Location loc;
  Type type, integers;
  const Format &format;

private:
  Value constant(Type of, TypedAttr scalar) {
    if (auto vector = dyn_cast<VectorType>(of))
      scalar = DenseElementsAttr::get(vector, Attribute(scalar));
    return arith::ConstantOp::create(b, loc, scalar);
  }
  // Fusing a product into a sum is allowed, nothing else.
  static constexpr arith::FastMathFlags contract =
      arith::FastMathFlags::contract;
};

// x = n ln 2 + r with |r| <= ln(2)/2.
struct Reduced {
  Value biased; // an integer: n + `bias` in its low bits, zeros next to them
  Value expm1;  // e^r - 1
};
} // namespace

static Reduced reduce(Arithmetic &a, Value x, int64_t bias) {
  const Format &format = a.format;
  // Adding 1.5 * 2^mantissa leaves the nearest integer in the low bits.
  double shift = 1.5 * double(int64_t(1) << format.mantissa) + double(bias);
  Value magic = a.number(shift);
  Value shifted = a.add(a.mul(x, a.number(0x1.71547652b82fep0)), magic);
  Value n = a.sub(shifted, magic);
  Value r = a.sub(x, a.mul(n, a.number(format.log2High)));
  r = a.sub(r, a.mul(n, a.number(format.log2Low)));
  Value q = a.polynomial(r, format.expm1);
  return {a.bits(shifted), a.add(a.mul(a.mul(r, r), q), r)};
}

Value buildExp(OpBuilder &b, Location loc, Value x) {
  Arithmetic a(b, loc, x);
  const Format &format = a.format;
  x = a.atLeast(a.atMost(x, format.expHigh), format.expLow);
  // 2^n alone may be too large or too small for the format, so it comes as
  // 2^floor(n/2) 2^ceil(n/2); only the last product rounds. With twice the bias
  // added to n, half of it is a biased exponent.
  Reduced reduced = reduce(a, x, 2 * format.bias);
  Value floor = a.shiftRight(reduced.biased, 1);
  Value ceil = a.shiftRight(a.addInteger(reduced.biased, a.integer(1)), 1);
  Value result = a.add(reduced.expm1, a.number(1));
  for (Value exponent : {floor, ceil})
    result = a.mul(result, a.fromBits(a.shiftLeft(exponent, format.mantissa)));
  return result;
}

Value buildTanh(OpBuilder &b, Location loc, Value x) {
  Arithmetic a(b, loc, x);
  const Format &format = a.format;
  // With E = e^(2|x|) - 1: tanh |x| = E / (E + 2). E keeps its relative
  // precision near 0: there n is 0 and E is the polynomial alone.
  Value size = a.atMost(math::AbsFOp::create(b, loc, x), format.tanhHigh);
  Reduced reduced = reduce(a, a.add(size, size), format.bias);
  Value power = a.fromBits(a.shiftLeft(reduced.biased, format.mantissa));
  Value expm1 = a.add(a.mul(power, reduced.expm1), a.sub(power, a.number(1)));
  Value result = a.div(expm1, a.add(expm1, a.number(2)));
  return math::CopySignOp::create(b, loc, result, x);
}

// ln(1 + f) from f, plus `exponent` ln 2.
static Value logOfReduced(Arithmetic &a, Value f, Value exponent) {
  const Format &format = a.format;
  Value high = a.mul(exponent, a.number(format.log2High));
  Value low = a.mul(exponent, a.number(format.log2Low));
  Value half = a.mul(a.mul(f, f), a.number(0.5));
  if (format.mantissa == 23) {
    Value cube = a.mul(a.mul(f, f), f);
    Value rest = a.add(a.mul(cube, a.polynomial(f, format.log)), low);
    return a.add(high, a.add(f, a.sub(rest, half)));
  }
  // 2 atanh(s) = 2s + s R with s = f / (2 + f), and 2s = f - s f, so that
  // ln(1 + f) = f - (f^2/2 - s (f^2/2 + R)).
  Value s = a.div(f, a.add(f, a.number(2)));
  Value z = a.mul(s, s);
  Value r = a.mul(z, a.polynomial(z, format.log));
  Value rest = a.add(a.mul(s, a.add(half, r)), low);
  return a.sub(high, a.sub(a.sub(half, rest), f));
}

Value buildLog(OpBuilder &b, Location loc, Value x) {
  Arithmetic a(b, loc, x);
  const Format &format = a.format;
  // Subnormals are scaled up first.
  Value tiny = a.less(x, a.number(format.smallestNormal));
  double scale = double(int64_t(1) << format.mantissa);
  Value normal = a.select(tiny, a.mul(x, a.number(scale)), x);
  // x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2).
  int64_t one = int64_t(format.bias) << format.mantissa;
  Value word = a.bits(normal);
  Value biased =
      a.shiftRight(a.addInteger(word, a.integer(one - format.halfSqrtBits)),
                   format.mantissa);
  Value power = a.shiftLeft(biased, format.mantissa);
  Value fraction = arith::SubIOp::create(b, loc, word, power);
  fraction = a.addInteger(fraction, a.integer(one));
  Value f = a.sub(a.fromBits(fraction), a.number(1));
  // The integer as a number: below the lowest bit of 2^mantissa.
  int64_t large = int64_t(format.bias + format.mantissa) << format.mantissa;
  Value k = a.fromBits(arith::OrIOp::create(b, loc, biased, a.integer(large)));
  k = a.sub(k, a.select(tiny, a.number(scale + format.bias + format.mantissa),
                        a.number(scale + format.bias)));
  Value result = logOfReduced(a, f, k);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  result = a.select(a.less(x, a.number(infinity)), result, x); // inf, NaN
  result = a.select(a.less(x, a.number(0)), a.number(std::nan("")), result);
  return a.select(a.equal(x, a.number(0)), a.number(-infinity), result);
}

} // namespace needle::codegen
