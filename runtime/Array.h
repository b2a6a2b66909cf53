// Array.h - a tensor's values in memory: what goes into a step and comes out.
#pragma once

#include "needle/runtime/Buffer.h"
#include "needle/runtime/DType.h"
#include "needle/runtime/Shape.h"

#include <span>
#include <string>
#include <vector>

namespace needle {

/// Elements of one dtype, row-major and dense. Copies share the elements; no
/// one changes them. A default-constructed one is float32 [0].
class Array {
public:
  Array();
  /// A copy of `values`. ShapeError unless there are as many as `shape` has.
  template <ElementNumber T>
  Array(std::span<const T> values, const Shape &shape,
        Where where = Where::here())
      : Array(dtypeOf<T>(), shape, values.data(), values.size_bytes(), where) {
    static_assert(sizeof(T) == byteSize(dtypeOf<T>()), "no dtype of this size");
  }
  template <ElementNumber T>
  Array(const std::vector<T> &values, const Shape &shape,
        Where where = Where::here())
      : Array(std::span<const T>(values), shape, where) {}
  /// A scalar: shape [].
  template <ElementNumber T>
  explicit Array(T value, Where where = Where::here())
      : Array(std::span<const T>(&value, 1), Shape(), where) {}
  /// For the runtime.
  Array(DType dtype, const Shape &shape, runtime::BufferPtr buffer)
      : type(dtype), sizes(shape), elements(std::move(buffer)) {}

  DType dtype() const { return type; }
  const Shape &shape() const { return sizes; }
  size_t bytes() const { return elements->bytes(); }
  const void *data() const { return elements->data(); }

  /// The elements, while the array lives. DTypeError unless they are of T.
  template <ElementNumber T>
  std::span<const T> values(Where where = Where::here()) const {
    check(dtypeOf<T>(), where);
    return {static_cast<const T *>(data()), bytes() / sizeof(T)};
  }
  /// A copy of them.
  template <ElementNumber T>
  std::vector<T> toVector(Where where = Where::here()) const {
    std::span<const T> all = values<T>(where);
    return {all.begin(), all.end()};
  }
  /// The one element; ShapeError unless there is one, DTypeError unless it is
  /// of T.
  template <ElementNumber T> T item(Where where = Where::here()) const {
    checkSingle(where);
    return values<T>(where)[0];
  }
  const runtime::BufferPtr &buffer() const { return elements; }

private:
  Array(DType dtype, const Shape &shape, const void *data, size_t bytes,
        Where where);
  void check(DType wanted, Where where) const;
  void checkSingle(Where where) const;

  DType type = DType::float32;
  Shape sizes;
  runtime::BufferPtr elements;
};

/// "float32 [2, 3]".
std::string toString(DType dtype, const Shape &shape);

} // namespace needle
