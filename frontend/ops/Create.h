// Create.h - tensors from C++ values, and from nothing.
#pragma once

#include "needle/frontend/Tensor.h"

#include <span>
#include <vector>

namespace needle {

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
template <class T>
concept Element = std::same_as<T, bool> || std::same_as<T, float> ||
    std::same_as<T, double> ||
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
/// arithmetic type. One scalar, a list (with a shape), or lists of lists.
template <detail::Element T = float, Arithmetic U>
[[nodiscard]] Tensor tensor(std::initializer_list<U> list, const Shape &shape,
                            Where where = Where::here()) {
  std::vector<T> elements;
  elements.reserve(list.size());
  for (U element : list)
    elements.push_back(static_cast<T>(element));
  return detail::fromElements(elements, shape, where);
}
template <detail::Element T = float, Arithmetic U>
[[nodiscard]] Tensor tensor(std::initializer_list<U> list,
                            Where where = Where::here()) {
  return tensor<T>(list, {list.size()}, where);
}
template <detail::Element T = float>
[[nodiscard]] Tensor tensor(std::initializer_list<std::type_identity_t<T>> list,
                            const Shape &shape, Where where = Where::here()) {
  return detail::fromElements(std::vector<T>(list), shape, where);
}
template <detail::Element T = float>
[[nodiscard]] Tensor tensor(std::initializer_list<std::type_identity_t<T>> list,
                            Where where = Where::here()) {
  return detail::fromElements(std::vector<T>(list), {list.size()}, where);
}
template <detail::Element T = float, Arithmetic U>
[[nodiscard]] Tensor
tensor(std::initializer_list<std::initializer_list<U>> rows,
       Where where = Where::here()) {
  std::vector<T> elements;
  size_t columns = rows.size() ? rows.begin()->size() : 0;
  bool isEven = true;
  for (const auto &row : rows) {
    isEven &= row.size() == columns;
    for (U element : row)
      elements.push_back(static_cast<T>(element));
  }
  detail::checkRows(isEven, where);
  return detail::fromElements(elements, {rows.size(), columns}, where);
}
template <detail::Element T = float, Arithmetic U>
[[nodiscard]] Tensor tensor(U value, Where where = Where::here()) {
  return detail::fromElements(std::vector<T>{static_cast<T>(value)}, {}, where);
}

} // namespace needle
