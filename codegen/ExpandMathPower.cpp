// ExpandMathPower.cpp - x to the power of y.
// |x|^y = e^(y ln|x|): an error of the logarithm is multiplied by up to 745, so
// it is computed in two numbers, high + low. f32 goes through f64, where one
// number is enough. Products are split without FMA, which not every target has.
#include "needle/codegen/ExpandMath.h"
#include "needle/codegen/ExpandMathArithmetic.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace needle::codegen {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();

/// high + low, where low is below the last bit of high.
struct Twofold {
  Value high, low;
};
} // namespace

// Knuth: exact.
static Twofold sum(Arithmetic &a, Value x, Value y) {
  Value high = a.add(x, y);
  Value part = a.sub(high, x);
  return {high, a.add(a.sub(x, a.sub(high, part)), a.sub(y, part))};
}

// Dekker: exact unless something overflows or is subnormal.
static Twofold product(Arithmetic &a, Value x, Value y) {
  auto split = [&](Value value) -> Twofold {
    Value scaled = a.mul(value, a.number(0x1p27 + 1));
    Value high = a.sub(scaled, a.sub(scaled, value));
    return {high, a.sub(value, high)};
  };
  Twofold p = split(x), q = split(y);
  Value high = a.mul(x, y);
  Value low = a.sub(a.mul(p.high, q.high), high);
  low = a.add(low, a.mul(p.high, q.low));
  low = a.add(low, a.mul(p.low, q.high));
  return {high, a.add(low, a.mul(p.low, q.low))};
}

// ln x of a positive finite f64, to some 2^-64.
static Twofold logTwofold(Arithmetic &a, Value x) {
  // (2 atanh(s) - 2s - 2/3 s^3) / s^5 in s^2, by Remez exchange.
  static const double rest[] = {0x1.9999999999b30p-2, 0x1.2492492457dbfp-2,
                                0x1.c71c722d5d5cbp-3, 0x1.745ce9e68e74bp-3,
                                0x1.3b1eeb733bdfep-3, 0x1.0f7ff7bcca174p-3,
                                0x1.0e42269655b4fp-3};
  auto [k, f] = splitExponent(a, x);
  // s = f / (2 + f), ln(1 + f) = 2 atanh(s).
  Twofold divisor = sum(a, a.number(2), f);
  Value s = a.div(f, divisor.high);
  Twofold back = product(a, s, divisor.high);
  Value left = a.sub(a.sub(f, back.high), back.low);
  Value sLow = a.div(a.sub(left, a.mul(s, divisor.low)), divisor.high);
  Twofold square = product(a, s, s);
  square.low = a.add(square.low, a.mul(a.add(s, s), sLow));
  Twofold cube = product(a, square.high, s);
  cube.low =
      a.add(cube.low, a.add(a.mul(square.low, s), a.mul(square.high, sLow)));
  Twofold third = product(a, cube.high, a.number(0x1.5555555555555p-1));
  third.low = a.add(third.low, a.mul(cube.low, a.number(0x1.5555555555555p-1)));
  third.low =
      a.add(third.low, a.mul(cube.high, a.number(0x1.5555555555555p-55)));
  Value tail =
      a.mul(a.mul(cube.high, square.high), a.polynomial(square.high, rest));
  const MathFormat &format = a.format;
  Twofold first = sum(a, a.mul(k, a.number(format.log2High)), a.add(s, s));
  Twofold second = sum(a, first.high, third.high);
  Value low = a.add(a.mul(k, a.number(format.log2Low)), a.add(sLow, sLow));
  low = a.add(a.add(low, tail), third.low);
  low = a.add(low, a.add(first.low, second.low));
  return sum(a, second.high, low);
}

// |x|^y for 0 < |x| < infinity.
static Value powerOf(Arithmetic &a, Value size, Value y, bool precise) {
  if (!precise)
    return buildExp(a.b, a.loc, a.mul(y, buildLog(a.b, a.loc, size)));
  a.contracts = false;
  Twofold log = logTwofold(a, size);
  // Further out the power is 0, 1 or infinity.
  Value bounded = a.atLeast(a.atMost(y, 0x1p70), -0x1p70);
  Twofold exponent = product(a, bounded, log.high);
  Value low = a.add(exponent.low, a.mul(bounded, log.low));
  a.contracts = true;
  Value power = buildExp(a.b, a.loc, exponent.high);
  Value fine = a.add(power, a.mul(power, low));
  // 0 and infinity stay: low may be anything then.
  Value isOrdinary =
      a.both(a.less(a.number(0), power), a.less(power, a.number(infinity)));
  return a.select(isOrdinary, fine, power);
}

// IEEE 754's pow for f64.
static Value buildPowerDouble(OpBuilder &b, Location loc, Value x, Value y,
                              bool precise) {
  Arithmetic a(b, loc, x);
  Value zero = a.number(0), one = a.number(1), inf = a.number(infinity);
  Value size = math::AbsFOp::create(b, loc, x);
  Value ySize = math::AbsFOp::create(b, loc, y);
  Value result = powerOf(a, size, y, precise);
  Value rises = a.less(zero, y);
  result = a.select(a.equal(size, zero), a.select(rises, zero, inf), result);
  result = a.select(a.equal(size, inf), a.select(rises, inf, zero), result);
  // Adding 2^52 with the sign of y rounds to an integer, for |y| up to 2^52.
  auto isInteger = [&](Value value, Value valueSize) {
    Value magic = math::CopySignOp::create(b, loc, a.number(0x1p52), value);
    Value rounded = a.sub(a.add(value, magic), magic);
    return a.either(a.equal(rounded, value),
                    a.less(a.number(0x1p52), valueSize));
  };
  Value half = a.number(0.5);
  Value whole = isInteger(y, ySize);
  Value even = isInteger(a.mul(y, half), a.mul(ySize, half));
  Value negated = a.select(
      even, result, a.select(whole, a.sub(a.number(-0.0), result), result));
  // The sign of x, of -0 too.
  Value isNegative = a.less(math::CopySignOp::create(b, loc, one, x), zero);
  result = a.select(isNegative, negated, result);
  Value finiteNegative = a.both(a.less(x, zero), a.less(size, inf));
  Value wholeOrNan = a.select(whole, result, a.number(std::nan("")));
  result = a.select(finiteNegative, wholeOrNan, result);
  // NaN of either, but for 1^y, x^0 and (-1)^inf.
  Value nan = a.add(x, y);
  Value ordered = a.both(a.equal(x, x), a.equal(y, y));
  result = a.select(ordered, result, nan);
  Value isOne = a.either(a.equal(x, one), a.equal(y, zero));
  isOne = a.either(isOne, a.both(a.equal(size, one), a.equal(ySize, inf)));
  return a.select(isOne, one, result);
}

Value buildPower(OpBuilder &b, Location loc, Value x, Value y) {
  Type type = x.getType();
  if (getElementTypeOrSelf(type).isF64())
    return buildPowerDouble(b, loc, x, y, /*precise=*/true);
  Type wide = b.getF64Type();
  if (auto vector = dyn_cast<VectorType>(type))
    wide = VectorType::get(vector.getShape(), wide);
  auto widen = [&](Value value) {
    return arith::ExtFOp::create(b, loc, wide, value);
  };
  Value result =
      buildPowerDouble(b, loc, widen(x), widen(y), /*precise=*/false);
  return arith::TruncFOp::create(b, loc, type, result);
}

} // namespace needle::codegen
