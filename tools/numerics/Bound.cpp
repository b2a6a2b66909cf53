// Bound.cpp - interval arithmetic with infinities and NaN.
#include "Bound.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace needle::numerics {

namespace {
constexpr Real infinity = std::numeric_limits<Real>::infinity();

Bound nothingButNan() { return {infinity, -infinity, true, 0}; }

/// The interval of several candidates; a NaN among them is noted.
class Candidates {
public:
  void add(Real x) {
    if (std::isnan(x)) {
      found.mayBeNan = true;
      return;
    }
    found.lo = std::min(found.lo, x);
    found.hi = std::max(found.hi, x);
  }
  Bound found{infinity, -infinity, false, 0};
};
} // namespace

bool Bound::contains(Real x) const {
  return std::isnan(x) ? mayBeNan : lo <= x && x <= hi;
}

Real Bound::magnitude() const {
  return isEmpty() ? 0 : std::max(std::fabs(lo), std::fabs(hi));
}

Bound exactly(Real x) {
  return std::isnan(x) ? nothingButNan() : Bound{x, x, false, 0};
}

Bound between(Real lo, Real hi) { return {lo, hi, false, 0}; }

Bound anything(DType dtype) {
  switch (dtype) {
  case DType::boolean:
    return between(0, 1);
  case DType::int32:
    return between(INT32_MIN, INT32_MAX);
  case DType::int64:
    return between(Real(INT64_MIN), Real(INT64_MAX));
  default:
    return {-infinity, infinity, true, 0};
  }
}

Bound hull(const Bound &a, const Bound &b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi), a.mayBeNan || b.mayBeNan,
          a.id == b.id ? a.id : 0};
}

std::string toString(const Bound &bound) {
  char text[96] = "NaN";
  if (bound.isEmpty())
    return text;
  if (bound.lo == bound.hi)
    std::snprintf(text, sizeof text, "%.17Lg", bound.lo);
  else
    std::snprintf(text, sizeof text, "[%.17Lg, %.17Lg]", bound.lo, bound.hi);
  return std::string(text) + (bound.mayBeNan ? " or NaN" : "");
}

// ---- rounding ---------------------------------------------------------------

template <class T> static void describe(Rounding &rounding) {
  rounding.epsilon = std::numeric_limits<T>::epsilon();
  rounding.tiny = std::numeric_limits<T>::denorm_min();
  rounding.largest = std::numeric_limits<T>::max();
}

Rounding::Rounding(DType dtype) {
  withElement(dtype, [&]<class T>(T) {
    if constexpr (std::integral<T>)
      describe<double>(*this);
    else
      describe<T>(*this);
  });
}

bool Rounding::holds(Real x) const {
  if (std::isinf(x) || x == 0)
    return true;
  // A multiple of the unit in the last place of numbers as large as x.
  Real unit = std::max(std::ldexp(epsilon, std::ilogb(x)), tiny);
  return std::fabs(x) <= largest && std::fmod(x, unit) == 0;
}

Bound Rounding::widen(const Bound &exact, Real error) const {
  if (exact.isEmpty())
    return exact;
  Bound wide = exact;
  wide.id = 0;
  if (!(error < infinity))
    return {-infinity, infinity, true, 0};
  if (!std::isinf(wide.lo))
    wide.lo -= error + tiny;
  if (!std::isinf(wide.hi))
    wide.hi += error + tiny;
  if (wide.hi > largest)
    wide.hi = infinity;
  if (wide.lo < -largest)
    wide.lo = -infinity;
  return wide;
}

Bound Rounding::round(const Bound &exact, Real ulps) const {
  if (exact.isEmpty())
    return exact;
  Bound wide = exact;
  wide.id = 0;
  auto error = [&](Real x) { return ulps * (epsilon * std::fabs(x) + tiny); };
  if (!std::isinf(wide.lo))
    wide.lo -= error(wide.lo);
  if (!std::isinf(wide.hi))
    wide.hi += error(wide.hi);
  if (wide.hi > largest)
    wide.hi = infinity;
  if (wide.lo < -largest)
    wide.lo = -infinity;
  return wide;
}

// ---- arithmetic -------------------------------------------------------------

Bound negate(const Bound &a) {
  return a.isEmpty() ? a : Bound{-a.hi, -a.lo, a.mayBeNan, 0};
}

Bound add(const Bound &a, const Bound &b, bool *isExact) {
  if (a.isEmpty() || b.isEmpty())
    return nothingButNan();
  Bound sum{a.lo + b.lo, a.hi + b.hi, a.mayBeNan || b.mayBeNan, 0};
  bool opposite = (a.hi == infinity && b.lo == -infinity) ||
                  (a.lo == -infinity && b.hi == infinity);
  if (opposite) {
    if (a.lo == a.hi && b.lo == b.hi)
      return nothingButNan();
    sum.mayBeNan = true;
    sum.lo = std::isnan(sum.lo) ? -infinity : sum.lo;
    sum.hi = std::isnan(sum.hi) ? infinity : sum.hi;
  }
  if (isExact && a.isPoint() && b.isPoint()) {
    // The error of a sum: D. Knuth, The Art of Computer Programming 2, 4.2.2.
    Real x = sum.lo - a.lo;
    *isExact = std::isinf(sum.lo) || (a.lo - (sum.lo - x)) + (b.lo - x) == 0;
  }
  return sum;
}

Bound multiply(const Bound &a, const Bound &b, bool *isExact) {
  if (a.isEmpty() || b.isEmpty())
    return nothingButNan();
  Real magnitude = a.magnitude() * b.magnitude();
  if (magnitude < infinity && !isExact && !a.id) { // nothing special: fast
    Real x = a.lo * b.lo, y = a.lo * b.hi, z = a.hi * b.lo, w = a.hi * b.hi;
    return {std::min(std::min(x, y), std::min(z, w)),
            std::max(std::max(x, y), std::max(z, w)), a.mayBeNan || b.mayBeNan,
            0};
  }
  Candidates products;
  for (Real x : {a.lo, a.hi})
    for (Real y : {b.lo, b.hi})
      products.add(x * y);
  auto holdsZero = [](const Bound &x) { return x.lo <= 0 && x.hi >= 0; };
  auto isWide = [](const Bound &x) { return x.lo != x.hi; };
  // An inner 0 times an infinity, and 0 times what is not infinite.
  if ((holdsZero(a) && (std::isinf(b.lo) || std::isinf(b.hi))) ||
      (holdsZero(b) && (std::isinf(a.lo) || std::isinf(a.hi))))
    products.found.mayBeNan = true;
  if ((holdsZero(a) && isWide(b)) || (holdsZero(b) && isWide(a)))
    products.add(0);
  Bound &product = products.found;
  product.mayBeNan |= a.mayBeNan || b.mayBeNan;
  // The same element twice is a square.
  if (a.id && a.id == b.id && product.lo < 0)
    product.lo = 0;
  if (isExact && a.isPoint() && b.isPoint() && product.isPoint())
    *isExact = std::isinf(product.lo) || std::fma(a.lo, b.lo, -product.lo) == 0;
  return product;
}

Bound divide(const Bound &a, const Bound &b, bool *isExact) {
  if (a.isEmpty() || b.isEmpty())
    return nothingButNan();
  bool isNan = a.mayBeNan || b.mayBeNan;
  bool bothInfinite = (std::isinf(a.lo) || std::isinf(a.hi)) &&
                      (std::isinf(b.lo) || std::isinf(b.hi));
  if (b.lo <= 0 && b.hi >= 0) {
    bool zeroOverZero = a.lo <= 0 && a.hi >= 0;
    if (zeroOverZero && a.lo == a.hi && b.lo == b.hi)
      return nothingButNan();
    // Of a zero the sign is not known.
    return {-infinity, infinity, isNan || zeroOverZero || bothInfinite, 0};
  }
  Candidates quotients;
  for (Real x : {a.lo, a.hi})
    for (Real y : {b.lo, b.hi})
      quotients.add(x / y);
  Bound &quotient = quotients.found;
  quotient.mayBeNan |= isNan || bothInfinite;
  if (bothInfinite && !(a.isPoint() && b.isPoint()))
    return anything(DType::float64);
  if (isExact && a.isPoint() && b.isPoint() && quotient.isPoint())
    *isExact = std::isinf(quotient.lo) || std::isinf(b.lo) ||
               std::fma(quotient.lo, b.lo, -a.lo) == 0;
  return quotient;
}

} // namespace needle::numerics
