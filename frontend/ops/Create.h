// Create.h - tensors from C++ values, and from nothing.
#pragma once

#include "needle/frontend/Tensor.h"

#include <span>
#include <vector>

namespace needle {

/// DTypeError for a number outside of an integer dtype; it is truncated towards
/// zero, and for booleans compared with 0.
[[nodiscard]] Tensor full(const Shape &shape, double value,
                          DType dtype = DType::float32,
                          Where where = Where::here());
[[nodiscard]] Tensor zeros(const Shape &shape, DType dtype = DType::float32,
                           Where where = Where::here());
[[nodiscard]] Tensor ones(const Shape &shape, DType dtype = DType::float32,
                          Where where = Where::here());
[[nodiscard]] Tensor zerosLike(const Tensor &x, Where where = Where::here());
[[nodiscard]] Tensor onesLike(const Tensor &x, Where where = Where::here());
/// Ones on the diagonal of [size, size].
[[nodiscard]] Tensor eye(int64_t size, DType dtype = DType::float32,
                         Where where = Where::here());
/// 0, 1, ... size - 1.
[[nodiscard]] Tensor arange(int64_t size, DType dtype = DType::int64,
                            Where where = Where::here());
/// start, start + step, ... before stop; ShapeError unless step moves there.
[[nodiscard]] Tensor arange(int64_t start, int64_t stop, int64_t step = 1,
                            DType dtype = DType::int64,
                            Where where = Where::here());
/// `count` numbers from start to stop, both included.
[[nodiscard]] Tensor linspace(double start, double stop, int64_t count,
                              DType dtype = DType::float32,
                              Where where = Where::here());

namespace detail {
/// A tensor of `count` elements of `dtype`, copied. ShapeError unless the shape
/// has that many.
Tensor fromBytes(const void *data, size_t count, DType dtype,
                 const Shape &shape, Where where);
template <class T>
Tensor fromElements(const std::vector<T> &elements, const Shape &shape,
                    Where where) {
  if constexpr (std::same_as<T, bool>) {
    std::vector<unsigned char> bytes(elements.begin(), elements.end());
    return fromBytes(bytes.data(), bytes.size(), DType::boolean, shape, where);
  } else
    return fromBytes(elements.data(), elements.size(), dtypeOf<T>(), shape,
                     where);
}
/// Throws ShapeError for rows of different lengths.
void checkRows(bool isEven, Where where);
/// A list of elements of several kinds: 1, 2.5. A class, so that a list that is
/// all of one kind prefers to be taken as it is.
template <class T> struct Row {
  /// One element, from any kind of number: a list of T would refuse variables
  /// of another kind.
  struct Element {
    template <ElementNumber U>
    Element(U value) : value(static_cast<T>(value)) {}
    T value;
  };
  Row(std::initializer_list<Element> list) {
    for (const Element &element : list)
      elements.push_back(element.value);
  }
  std::vector<T> elements;
};
/// The rows one after the other; ShapeError when their lengths differ.
template <class T, class Rows> Tensor fromRows(const Rows &rows, Where where) {
  std::vector<T> elements;
  size_t columns = rows.size() ? rows.begin()->size() : 0;
  bool isEven = true;
  for (const auto &row : rows) {
    isEven &= row.size() == columns;
    for (auto element : row)
      elements.push_back(static_cast<T>(element));
  }
  checkRows(isEven, where);
  Shape shape = rows.size() ? Shape{rows.size(), columns} : Shape{0};
  return fromElements(elements, shape, where);
}
template <class T>
concept Element = std::same_as<T, bool> || std::same_as<T, BFloat16> ||
    std::same_as<T, float> || std::same_as<T, double> ||
    (std::signed_integral<T> && (sizeof(T) == 4 || sizeof(T) == 8));
} // namespace detail

/// A copy of `data` in row-major order; T's dtype. ShapeError unless `shape`
/// has as many elements.
template <class T>
requires detail::Element<std::remove_const_t<T>>
[[nodiscard]] Tensor fromData(std::span<T> data, const Shape &shape,
                              Where where = Where::here()) {
  return detail::fromBytes(data.data(), data.size(),
                           dtypeOf<std::remove_const_t<T>>(), shape, where);
}
template <detail::Element T>
[[nodiscard]] Tensor fromData(const std::vector<T> &data, const Shape &shape,
                              Where where = Where::here()) {
  return detail::fromElements(data, shape, where);
}

/// tensor({1, 2, 3}) is float32, tensor<T>({...}) of T's dtype; elements of any
/// type of numbers. One scalar, a list (with a shape), or a list of rows.
template <detail::Element T = float, ElementNumber U>
[[nodiscard]] Tensor tensor(std::initializer_list<U> list, const Shape &shape,
                            Where where = Where::here()) {
  std::vector<T> elements;
  elements.reserve(list.size());
  for (U element : list)
    elements.push_back(static_cast<T>(element));
  return detail::fromElements(elements, shape, where);
}
template <detail::Element T = float, ElementNumber U>
[[nodiscard]] Tensor tensor(std::initializer_list<U> list,
                            Where where = Where::here()) {
  return tensor<T>(list, {list.size()}, where);
}
template <detail::Element T = float>
[[nodiscard]] Tensor tensor(const detail::Row<T> &list, const Shape &shape,
                            Where where = Where::here()) {
  return detail::fromElements(list.elements, shape, where);
}
template <detail::Element T = float>
[[nodiscard]] Tensor tensor(const detail::Row<T> &list,
                            Where where = Where::here()) {
  return detail::fromElements(list.elements, {list.elements.size()}, where);
}
template <detail::Element T = float, ElementNumber U>
[[nodiscard]] Tensor
tensor(std::initializer_list<std::initializer_list<U>> rows,
       Where where = Where::here()) {
  return detail::fromRows<T>(rows, where);
}
template <detail::Element T = float>
[[nodiscard]] Tensor tensor(std::initializer_list<detail::Row<T>> rows,
                            Where where = Where::here()) {
  std::vector<std::vector<T>> lists;
  for (const detail::Row<T> &row : rows)
    lists.push_back(row.elements);
  return detail::fromRows<T>(lists, where);
}
template <detail::Element T = float, ElementNumber U>
[[nodiscard]] Tensor tensor(U value, Where where = Where::here()) {
  return detail::fromElements(std::vector<T>{static_cast<T>(value)}, {}, where);
}

} // namespace needle
