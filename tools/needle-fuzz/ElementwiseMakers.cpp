// ElementwiseMakers.cpp - random elementwise ops, operands in their domains.
#include "Generator.h"

#include <algorithm>
#include <cmath>

namespace needle::fuzz {
namespace {

using Function = double (*)(double);

/// f of a floating value in [lo, hi]; monotone there.
template <Function f>
bool unary(Generator &g, const char *op, double lo, double hi) {
  auto x = g.findFloat();
  if (!x)
    return false;
  Value in = g.within(*x, lo, hi);
  double a = f(in.lo), b = f(in.hi);
  g.add(op, {in}, in.type, {}, std::min(a, b), std::max(a, b));
  return true;
}

/// Numbers of any dtype to numbers in [lo, hi], given the operand.
bool unaryNumber(Generator &g, const char *op,
                 std::pair<double, double> (*range)(const Value &)) {
  auto x = g.findNumber();
  if (!x)
    return false;
  Value in = g.calm(*x);
  auto [lo, hi] = range(in);
  g.add(op, {in}, in.type, {}, lo, hi);
  return true;
}

bool binary(Generator &g, const char *op,
            std::pair<double, double> (*range)(const Value &, const Value &)) {
  auto x = g.findNumber();
  if (!x)
    return false;
  auto [a, b] = g.pairWith(*x);
  auto [lo, hi] = range(a, b);
  g.add(op, {a, b}, a.type, {}, lo, hi);
  return true;
}

bool divide(Generator &g) {
  auto x = g.findFloat();
  if (!x)
    return false;
  auto [a, b] = g.pairWith(*x);
  double sign = g.chance(30) ? -1 : 1;
  b = b.hi < -0.1 ? b : g.within(b, sign > 0 ? 0.3 : -3, sign > 0 ? 1e6 : -0.3);
  double least = std::min(std::fabs(b.lo), std::fabs(b.hi));
  double most = a.magnitude() / least;
  g.add("div", {a, b}, a.type, {}, -most, most);
  return true;
}

/// Positive numbers to any power, or any to a whole one.
bool power(Generator &g) {
  auto x = g.findFloat();
  if (!x)
    return false;
  auto [a, b] = g.pairWith(*x);
  double most = 200;
  if (g.chance(70)) {
    a = g.within(a, 0.1, 1e3);
    b = g.within(b, -2, 2);
    most = std::pow(std::max(a.hi, 1 / a.lo), 2);
  } else {
    a = g.within(a, -3, 3);
    b = g.fullOf(a.dtype(), a.shape(), g.pick(4));
  }
  g.add("pow", {a, b}, a.type, {}, b.lo == b.hi ? -most : 0, most);
  return true;
}

bool compare(Generator &g, const char *op) {
  auto x = g.find([](const Value &) { return true; });
  if (!x)
    return false;
  auto [a, b] = g.pairWith(*x);
  g.add(op, {a, b}, g.typeOf(boolean, a.shape()), {}, 0, 1);
  return true;
}

bool logic(Generator &g, const char *op) {
  auto x = g.find([](const Value &x) { return x.dtype() == boolean; });
  if (!x)
    return compare(g, "less");
  auto [a, b] = g.pairWith(*x);
  g.add(op, {a, b}, a.type, {}, 0, 1);
  return true;
}

bool negate(Generator &g) {
  auto x = g.find([](const Value &x) { return x.dtype() == boolean; });
  if (!x)
    return compare(g, "greater");
  g.add("not", {*x}, x->type, {}, 0, 1);
  return true;
}

bool where(Generator &g) {
  auto x = g.find([](const Value &) { return true; });
  if (!x)
    return false;
  auto [a, b] = g.pairWith(*x);
  Value condition = g.ofType(boolean, a.shape());
  g.add("where", {condition, a, b}, a.type, {}, std::min(a.lo, b.lo),
        std::max(a.hi, b.hi));
  return true;
}

bool convert(Generator &g) {
  auto x = g.find([](const Value &) { return true; });
  if (!x)
    return false;
  DType to = dtypes[g.pick(int(std::size(dtypes)))];
  bool toFloat = isFloating(to);
  Value in = x->magnitude() > 1e6 && !toFloat && x->isFloat()
                 ? g.within(*x, -2, 2)
                 : *x;
  double lo = toFloat ? in.lo : std::trunc(in.lo),
         hi = toFloat ? in.hi : std::trunc(in.hi);
  if (to == boolean)
    lo = 0, hi = 1;
  else if (to == int32 && in.magnitude() > 0x1p31)
    lo = -0x1p31, hi = 0x1p31;
  g.add("convert", {in}, g.typeOf(to, in.shape()), {}, lo, hi);
  return true;
}

bool bitsOp(Generator &g, const char *op, DType from, DType to, double lo,
            double hi) {
  auto x = g.find([&](const Value &x) { return x.dtype() == from; });
  if (!x)
    return false;
  g.add(op, {*x}, g.typeOf(to, x->shape()), {}, lo, hi);
  return true;
}

bool threefry(Generator &g) {
  Value key = g.key();
  Shape shape = g.shape(3);
  Value counters = g.ofType(int64, shape);
  Value keys = g.broadcast(key, shape);
  g.add("threefry", {keys, counters}, counters.type, {}, -0x1p63, 0x1p63);
  return true;
}

using Range = std::pair<double, double>;

double tanhOf(double x) { return std::tanh(x); }
double erfOf(double x) { return std::erf(x); }
double sigmoidOf(double x) { return 1 / (1 + std::exp(-x)); }
double expOf(double x) { return std::exp(x); }
double logOf(double x) { return std::log(x); }
double sqrtOf(double x) { return std::sqrt(x); }
double rsqrtOf(double x) { return 1 / std::sqrt(x); }
double erfInvOf(double x) { return x * 4; } // wider than it is

const OpMaker makers[] = {
    {"add", 6,
     [](Generator &g) {
       return binary(g, "add", [](auto &a, auto &b) {
         return Range(a.lo + b.lo, a.hi + b.hi);
       });
     }},
    {"sub", 5,
     [](Generator &g) {
       return binary(g, "sub", [](auto &a, auto &b) {
         return Range(a.lo - b.hi, a.hi - b.lo);
       });
     }},
    {"mul", 6,
     [](Generator &g) {
       return binary(g, "mul", [](auto &a, auto &b) {
         double most = a.magnitude() * b.magnitude();
         return Range(a.lo >= 0 && b.lo >= 0 ? a.lo * b.lo : -most, most);
       });
     }},
    {"div", 4, divide},
    {"maximum", 3,
     [](Generator &g) {
       return binary(g, "maximum", [](auto &a, auto &b) {
         return Range(std::max(a.lo, b.lo), std::max(a.hi, b.hi));
       });
     }},
    {"minimum", 3,
     [](Generator &g) {
       return binary(g, "minimum", [](auto &a, auto &b) {
         return Range(std::min(a.lo, b.lo), std::min(a.hi, b.hi));
       });
     }},
    {"neg", 2,
     [](Generator &g) {
       return unaryNumber(g, "neg",
                          [](auto &x) { return Range(-x.hi, -x.lo); });
     }},
    {"abs", 2,
     [](Generator &g) {
       return unaryNumber(g, "abs",
                          [](auto &x) { return Range(0, x.magnitude()); });
     }},
    {"sign", 1,
     [](Generator &g) {
       return unaryNumber(g, "sign", [](auto &) { return Range(-1, 1); });
     }},
    {"square", 3,
     [](Generator &g) {
       return unaryNumber(g, "square", [](auto &x) {
         return Range(0, x.magnitude() * x.magnitude());
       });
     }},
    {"relu", 3,
     [](Generator &g) {
       return unaryNumber(g, "relu", [](auto &x) {
         return Range(std::max(0.0, x.lo), std::max(0.0, x.hi));
       });
     }},
    {"exp", 4, [](Generator &g) { return unary<expOf>(g, "exp", -6, 3); }},
    {"log", 3, [](Generator &g) { return unary<logOf>(g, "log", 0.01, 1e6); }},
    {"sqrt", 3,
     [](Generator &g) { return unary<sqrtOf>(g, "sqrt", 0.001, 1e6); }},
    {"rsqrt", 2,
     [](Generator &g) { return unary<rsqrtOf>(g, "rsqrt", 0.01, 1e6); }},
    {"tanh", 3,
     [](Generator &g) { return unary<tanhOf>(g, "tanh", -1e30, 1e30); }},
    {"erf", 2,
     [](Generator &g) { return unary<erfOf>(g, "erf", -1e30, 1e30); }},
    {"sigmoid", 2,
     [](Generator &g) { return unary<sigmoidOf>(g, "sigmoid", -1e30, 1e30); }},
    {"pow", 2, power},
    {"erf_inv", 1,
     [](Generator &g) { return unary<erfInvOf>(g, "erf_inv", -0.95, 0.95); }},
    {"equal", 1, [](Generator &g) { return compare(g, "equal"); }},
    {"not_equal", 1, [](Generator &g) { return compare(g, "not_equal"); }},
    {"less", 2, [](Generator &g) { return compare(g, "less"); }},
    {"less_equal", 1, [](Generator &g) { return compare(g, "less_equal"); }},
    {"greater", 1, [](Generator &g) { return compare(g, "greater"); }},
    {"greater_equal", 1,
     [](Generator &g) { return compare(g, "greater_equal"); }},
    {"and", 1, [](Generator &g) { return logic(g, "and"); }},
    {"or", 1, [](Generator &g) { return logic(g, "or"); }},
    {"not", 1, negate},
    {"where", 4, where},
    {"convert", 4, convert},
    {"threefry", 1, threefry},
    {"fold_bits", 1,
     [](Generator &g) {
       return bitsOp(g, "fold_bits", int64, int32, -0x1p31, 0x1p31);
     }},
    {"unit_from_bits", 1,
     [](Generator &g) {
       return g.chance(50) ? bitsOp(g, "unit_from_bits", int32, float32, 0, 1)
                           : bitsOp(g, "unit_from_bits", int64, float64, 0, 1);
     }},
};

} // namespace

std::span<const OpMaker> elementwiseMakers() { return makers; }

} // namespace needle::fuzz
