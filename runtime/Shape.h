// Shape.h - sizes of a tensor, inline up to rank 8.
#pragma once

#include "needle/runtime/Error.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>

namespace needle {

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

/// One size or index; takes any integer type, no bool, no floating point.
struct Dim {
  int64_t value;
  template <Integer I> constexpr Dim(I v) : value(static_cast<int64_t>(v)) {}
};

/// The number of an axis, and the line that names it.
struct AxisNumber {
  int64_t value;
  Where where;
  template <Integer I>
  constexpr AxisNumber(I axis, Where where = Where::here())
      : value(static_cast<int64_t>(axis)), where(where) {}
};

/// The sizes of a tensor, outermost first. Throws ShapeError for a negative
/// size, more than 8 dimensions, or 2^40 elements or more.
class Shape {
public:
  static constexpr int maxRank = 8;
  Shape() = default;
  Shape(std::initializer_list<Dim> dims, Where where = Where::here());
  explicit Shape(std::span<const int64_t> dims, Where where = Where::here());
  /// Without checks, for sizes that a rule has already checked.
  static Shape unchecked(std::span<const int64_t> dims) {
    Shape shape;
    shape.count = int(dims.size());
    std::copy(dims.begin(), dims.end(), shape.sizes);
    return shape;
  }

  int rank() const { return count; }
  /// Size of `axis`; negative counts from the end. ShapeError when outside.
  int64_t operator[](AxisNumber axis) const;
  const int64_t *begin() const { return sizes; }
  const int64_t *end() const { return sizes + count; }
  std::span<const int64_t> dims() const { return {sizes, size_t(count)}; }
  /// Product of the sizes; 1 for rank 0.
  int64_t elements() const {
    int64_t product = 1;
    for (int64_t size : *this)
      product *= size;
    return product;
  }
  friend bool operator==(const Shape &a, const Shape &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

private:
  int64_t sizes[maxRank] = {};
  int count = 0;
};

/// "[2, 3]"; "[]" for rank 0.
std::string toString(const Shape &shape);
std::ostream &operator<<(std::ostream &os, const Shape &shape);

/// Axes of a reduction or permutation: any integers, negative from the end.
/// Default-constructed: all axes.
struct Axes {
  Axes() = default;
  template <Integer I> Axes(I axis) : all(false) { add(int64_t(axis)); }
  Axes(std::initializer_list<Dim> list) : all(false) {
    for (Dim d : list)
      add(d.value);
  }
  explicit Axes(std::span<const int64_t> list) : all(false) {
    for (int64_t d : list)
      add(d);
  }
  bool all = true;
  int count = 0;
  int64_t axes[Shape::maxRank] = {};
  bool tooMany = false;

private:
  void add(int64_t axis) {
    if (count == Shape::maxRank)
      tooMany = true;
    else
      axes[count++] = axis;
  }
};

} // namespace needle
