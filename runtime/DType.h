// DType.h - element types.
#pragma once

#include "needle/runtime/BFloat16.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace needle {

/// Element type of a tensor. `boolean` is one byte, 0 or 1.
enum class DType : uint8_t {
  boolean,
  int32,
  int64,
  bfloat16,
  float32,
  float64
};
using enum DType;
constexpr DType dtypes[] = {boolean, int32, int64, bfloat16, float32, float64};

/// Calls `body` with a zero of the C++ type that holds an element in memory:
/// uint8_t for booleans.
template <class Body>
constexpr decltype(auto) withElement(DType dtype, Body &&body) {
  switch (dtype) {
  case DType::boolean:
    return body(uint8_t(0));
  case DType::int32:
    return body(int32_t(0));
  case DType::int64:
    return body(int64_t(0));
  case DType::bfloat16:
    return body(BFloat16(0));
  case DType::float32:
    return body(float(0));
  case DType::float64:
    break;
  }
  return body(double(0));
}

constexpr size_t byteSize(DType dtype) {
  return withElement(dtype, [](auto zero) { return sizeof zero; });
}
constexpr bool isFloating(DType dtype) { return dtype >= DType::bfloat16; }
/// The dtype that what has several roundings is computed in, to be rounded to
/// `dtype` once.
constexpr DType wideDType(DType dtype) {
  return dtype == DType::bfloat16 ? DType::float32 : dtype;
}
constexpr bool isInteger(DType dtype) {
  return dtype == DType::int32 || dtype == DType::int64;
}

/// "boolean", "int32", "int64", "bfloat16", "float32", "float64".
std::string toString(DType dtype);
/// The inverse of toString.
std::optional<DType> parseDType(std::string_view text);
std::ostream &operator<<(std::ostream &os, DType dtype);

/// The dtype of both: boolean < int32 < int64 < bfloat16 < float32 < float64,
/// so that int64 with bfloat16 is bfloat16 (JAX's lattice restricted to these).
constexpr DType promote(DType a, DType b) { return a < b ? b : a; }

template <class T>
concept Arithmetic = std::integral<T> || std::floating_point<T>;

/// What elements can be read and written as.
template <class T>
concept ElementNumber = Arithmetic<T> || std::same_as<T, BFloat16>;

/// The dtype of a C++ type of numbers.
template <ElementNumber T> constexpr DType dtypeOf() {
  if constexpr (std::same_as<T, bool>)
    return DType::boolean;
  else if constexpr (std::same_as<T, BFloat16>)
    return DType::bfloat16;
  else if constexpr (std::floating_point<T>)
    return sizeof(T) == 4 ? DType::float32 : DType::float64;
  else
    return sizeof(T) <= 4 ? DType::int32 : DType::int64;
}

} // namespace needle
