// Bound.h - the set of numbers that a correct program may give for one element.
#pragma once

#include "needle/runtime/DType.h"

#include <cstdint>
#include <string>

namespace needle::numerics {

/// Wider than any element, so that its own rounding is far below the bounds'.
using Real = long double;

/// An interval, and whether the element may be NaN. Empty: it is NaN. Booleans
/// are 0 and 1.
struct Bound {
  Real lo = 0, hi = 0;
  bool mayBeNan = false;
  /// Not 0: elements with this number are one computed element and its copies,
  /// equal to each other however wide the interval is.
  uint32_t id = 0;

  bool isEmpty() const { return !(lo <= hi); }
  bool isPoint() const { return lo == hi && !mayBeNan; }
  bool contains(Real x) const;
  /// The largest absolute value inside.
  Real magnitude() const;
};

/// The bound of a known element.
Bound exactly(Real x);
Bound between(Real lo, Real hi);
/// Any value of the dtype.
Bound anything(DType dtype);
/// Both sets and what lies between them.
Bound hull(const Bound &a, const Bound &b);
/// "3.5", "[1, 2]", "NaN", "[1, 2] or NaN".
std::string toString(const Bound &bound);

/// What rounding to a floating dtype can do.
struct Rounding {
  Real epsilon = 0, tiny = 0, largest = 0;
  explicit Rounding(DType dtype);
  /// Whether the number is one of the dtype's.
  bool holds(Real x) const;
  /// The results of an operation whose exact result lies in `exact`, and whose
  /// error is `ulps` at most; above the largest number they may be infinite.
  Bound round(const Bound &exact, Real ulps = 1) const;
  /// The same with an absolute error.
  Bound widen(const Bound &exact, Real error) const;
};

// Exact arithmetic on sets; `isExact`, if given, says whether points gave a
// point without any rounding. Results have no id.
Bound add(const Bound &a, const Bound &b, bool *isExact = nullptr);
Bound negate(const Bound &a);
Bound multiply(const Bound &a, const Bound &b, bool *isExact = nullptr);
Bound divide(const Bound &a, const Bound &b, bool *isExact = nullptr);

} // namespace needle::numerics
