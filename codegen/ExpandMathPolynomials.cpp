// ExpandMathPolynomials.cpp - exp, log, tanh and erf by range reduction and
// minimax polynomials (Remez exchange on the reduced range, 60 digits, then
// rounded).
#include "needle/codegen/ExpandMath.h"
#include "needle/codegen/ExpandMathArithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace needle::codegen {

namespace {
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

const double erfSingle[] = {1.1283791065216064,   -0.3761262595653534,
                            0.1128358542919159,   -0.026853810995817184,
                            0.00518832728266716,  -0.0008010189048945904,
                            7.853843999328092e-05};
const double erfDouble[] = {
    0x1.20dd750429b6dp+0,   -0x1.812746b0379e6p-2,  0x1.ce2f21a042b20p-4,
    -0x1.b82ce3128499cp-6,  0x1.565bcd0db02c7p-8,   -0x1.c02db3d8ecdbep-11,
    0x1.f9a321a116d34p-14,  -0x1.f4d1df38db4aep-17, 0x1.b9def1995c1e6p-20,
    -0x1.5f1d36a3432d6p-23, 0x1.f7a4112daf135p-27,  -0x1.386abe81bc097p-30,
    0x1.0579a69d4bb26p-34};
const double erfcxSingle[] = {0.25539568066596985,   -0.42718586325645447,
                              0.24165721237659454,   -0.07898743450641632,
                              0.0037279301322996616, 0.0072104474529623985};
const double erfcxDouble[] = {
    0x1.058671b52c776p-2,   -0x1.b57034efd3f71p-2,  0x1.eeea7dc8a777cp-3,
    -0x1.437f0b68c337dp-4,  0x1.e9471599b21acp-9,   0x1.ca95ed6e52806p-8,
    -0x1.bc25a2cf26f08p-11, -0x1.016b707ee9f48p-10, 0x1.6d51b4b9b132ep-15,
    0x1.6dae7dd774b8bp-13,  0x1.d031e168f5a84p-16,  -0x1.ca59bf55f7acap-16,
    -0x1.eac9588a36dbap-17, -0x1.ba07f0a30331fp-20};

const MathFormat single = {
    23,        127,        0x1.63p-1,   -0x1.bd0105c610ca8p-13,
    -104,      89,         10,          4,
    0x1p-126,  0x3f3504f3, expm1Single, logSingle,
    erfSingle, erfcxSingle};
const MathFormat twice = {52,
                          1023,
                          0x1.62e42feep-1,
                          0x1.a39ef35793c76p-33,
                          -746,
                          710,
                          20,
                          6,
                          0x1p-1022,
                          0x3fe6a09e667f3bcd,
                          expm1Double,
                          logDouble,
                          erfDouble,
                          erfcxDouble};
} // namespace

const MathFormat &mathFormat(Type element) {
  return element.isF32() ? single : twice;
}

namespace {
// x = n ln 2 + r with |r| <= ln(2)/2.
struct Reduced {
  Value biased; // an integer: n + `bias` in its low bits, zeros next to them
  Value expm1;  // e^r - 1
};
} // namespace

static Reduced reduce(Arithmetic &a, Value x, int64_t bias) {
  const MathFormat &format = a.format;
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
  const MathFormat &format = a.format;
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
  const MathFormat &format = a.format;
  // With E = e^(2|x|) - 1: tanh |x| = E / (E + 2). E keeps its relative
  // precision near 0: there n is 0 and E is the polynomial alone.
  Value size = a.atMost(math::AbsFOp::create(b, loc, x), format.tanhHigh);
  Reduced reduced = reduce(a, a.add(size, size), format.bias);
  Value power = a.fromBits(a.shiftLeft(reduced.biased, format.mantissa));
  Value expm1 = a.add(a.mul(power, reduced.expm1), a.sub(power, a.number(1)));
  Value result = a.divideFast(expm1, a.add(expm1, a.number(2)));
  return math::CopySignOp::create(b, loc, result, x);
}

// ln(1 + f) from f, plus `exponent` ln 2.
static Value logOfReduced(Arithmetic &a, Value f, Value exponent) {
  const MathFormat &format = a.format;
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

Parts splitExponent(Arithmetic &a, Value x) {
  const MathFormat &format = a.format;
  // Subnormals are scaled up first.
  Value tiny = a.less(x, a.number(format.smallestNormal));
  double scale = double(int64_t(1) << format.mantissa);
  Value normal = a.select(tiny, a.mul(x, a.number(scale)), x);
  int64_t one = int64_t(format.bias) << format.mantissa;
  Value word = a.bits(normal);
  Value biased =
      a.shiftRight(a.addInteger(word, a.integer(one - format.halfSqrtBits)),
                   format.mantissa);
  Value power = a.shiftLeft(biased, format.mantissa);
  Value fraction = arith::SubIOp::create(a.b, a.loc, word, power);
  fraction = a.addInteger(fraction, a.integer(one));
  Value f = a.sub(a.fromBits(fraction), a.number(1));
  // The integer as a number: below the lowest bit of 2^mantissa.
  int64_t large = int64_t(format.bias + format.mantissa) << format.mantissa;
  Value k =
      a.fromBits(arith::OrIOp::create(a.b, a.loc, biased, a.integer(large)));
  k = a.sub(k, a.select(tiny, a.number(scale + format.bias + format.mantissa),
                        a.number(scale + format.bias)));
  return {k, f};
}

Value buildLog(OpBuilder &b, Location loc, Value x) {
  Arithmetic a(b, loc, x);
  auto [k, f] = splitExponent(a, x);
  Value result = logOfReduced(a, f, k);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  result = a.select(a.less(x, a.number(infinity)), result, x); // inf, NaN
  result = a.select(a.less(x, a.number(0)), a.number(std::nan("")), result);
  return a.select(a.equal(x, a.number(0)), a.number(-infinity), result);
}

Value buildErf(OpBuilder &b, Location loc, Value x) {
  Arithmetic a(b, loc, x);
  const MathFormat &format = a.format;
  Value near = a.mul(x, a.polynomial(a.mul(x, x), format.erf));
  Value t = a.atMost(math::AbsFOp::create(b, loc, x), format.erfHigh);
  Value two = a.number(2);
  Value far = a.polynomial(a.div(a.sub(t, two), a.add(t, two)), format.erfcx);
  Value square = a.mul(t, a.sub(a.number(0), t));
  far = a.sub(a.number(1), a.mul(buildExp(b, loc, square), far));
  far = math::CopySignOp::create(b, loc, far, x);
  return a.select(a.less(t, a.number(1)), near, far);
}

} // namespace needle::codegen
