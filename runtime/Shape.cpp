// Shape.cpp - checked construction of shapes, and their text.
#include "needle/runtime/Shape.h"
#include "needle/runtime/ShapeRules.h"

#include <ostream>

namespace needle {

Shape::Shape(std::span<const int64_t> dims, Where where) {
  rules::Inferred inferred = rules::checked(dims);
  if (!inferred.ok())
    throw ShapeError(where, inferred.error);
  *this = inferred.shape;
}

Shape::Shape(std::initializer_list<Dim> dims, Where where) {
  int64_t values[maxRank + 1];
  int count = 0;
  for (Dim dim : dims)
    if (count <= maxRank)
      values[count++] = dim.value;
  if (dims.size() > size_t(maxRank))
    throw ShapeError(where, "a tensor has at most 8 dimensions, not " +
                                std::to_string(dims.size()));
  *this = Shape(std::span<const int64_t>(values, size_t(count)), where);
}

int64_t Shape::operator[](AxisNumber axis) const {
  int64_t normalized = axis.value < 0 ? axis.value + count : axis.value;
  if (normalized < 0 || normalized >= count)
    throw ShapeError(axis.where, "axis " + std::to_string(axis.value) +
                                     " is out of range for shape " +
                                     toString(*this));
  return sizes[normalized];
}

std::string toString(const Shape &shape) {
  std::string text = "[";
  for (int64_t size : shape) {
    if (text.size() > 1)
      text += ", ";
    text += std::to_string(size);
  }
  return text + "]";
}

std::ostream &operator<<(std::ostream &os, const Shape &shape) {
  return os << toString(shape);
}

} // namespace needle
