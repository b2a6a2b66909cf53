// DType.h - element types.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace needle {

/// Element type of a tensor. `boolean` is one byte, 0 or 1.
enum class DType : uint8_t { boolean, int32, int64, float32, float64 };
using enum DType;

constexpr size_t byteSize(DType dtype) {
  switch (dtype) {
  case DType::boolean:
    return 1;
  case DType::int32:
  case DType::float32:
    return 4;
  case DType::int64:
  case DType::float64:
    return 8;
  }
  return 0;
}
constexpr bool isFloating(DType dtype) { return dtype >= DType::float32; }
constexpr bool isInteger(DType dtype) {
  return dtype == DType::int32 || dtype == DType::int64;
}

/// "boolean", "int32", "int64", "float32", "float64".
std::string toString(DType dtype);
/// The inverse of toString.
std::optional<DType> parseDType(std::string_view text);
std::ostream &operator<<(std::ostream &os, DType dtype);

/// The dtype that holds both: boolean < int32 < int64 < float32 < float64, so
/// that int64 with float32 is float32 (JAX's lattice restricted to these).
constexpr DType promote(DType a, DType b) { return a < b ? b : a; }

template <class T>
concept Arithmetic = std::integral<T> || std::floating_point<T>;

/// The dtype of a C++ arithmetic type.
template <Arithmetic T> constexpr DType dtypeOf() {
  if constexpr (std::same_as<T, bool>)
    return DType::boolean;
  else if constexpr (std::floating_point<T>)
    return sizeof(T) == 4 ? DType::float32 : DType::float64;
  else
    return sizeof(T) <= 4 ? DType::int32 : DType::int64;
}

} // namespace needle
