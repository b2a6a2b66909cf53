// BFloat16.h - the upper half of a float32, as a C++ number.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace needle {

/// Brain floating point: 1 sign bit, 8 of exponent as float32, 7 of mantissa.
/// Arithmetic is float's, by the implicit conversion; results are rounded where
/// they are made a BFloat16 again.
class BFloat16 {
public:
  BFloat16() = default;
  /// Rounded once, to nearest, ties to even; NaN stays NaN.
  constexpr explicit BFloat16(float value) : bits(rounded(value)) {}
  template <std::floating_point T>
  constexpr explicit BFloat16(T value) : bits(rounded(toOdd(value))) {}
  template <std::integral T>
  constexpr explicit BFloat16(T value)
      : bits(rounded(toOdd(withinDouble(value)))) {}

  /// Exact.
  constexpr operator float() const {
    return std::bit_cast<float>(uint32_t(bits) << 16);
  }
  static constexpr BFloat16 fromBits(uint16_t bits) {
    BFloat16 value{};
    value.bits = bits;
    return value;
  }
  constexpr uint16_t toBits() const { return bits; }

private:
  static constexpr uint16_t rounded(float value) {
    uint32_t wide = std::bit_cast<uint32_t>(value);
    if (value != value) // quiet, with the sign and the upper payload
      return uint16_t(wide >> 16 | 0x40);
    // To even: half a unit less one, plus the lowest bit that stays.
    return uint16_t((wide + 0x7fff + (wide >> 16 & 1)) >> 16);
  }
  // A float that rounds to what `value` would have been rounded to: where it is
  // inexact, the neighbour with an odd mantissa (Boldo, Melquiond, 2008).
  template <class T> static constexpr float toOdd(T value) {
    if (value != value)
      return std::numeric_limits<float>::quiet_NaN();
    constexpr T most = std::numeric_limits<float>::max();
    if (value > most || value < -most)
      return value > 0 ? std::numeric_limits<float>::infinity()
                       : -std::numeric_limits<float>::infinity();
    float near = float(value);
    uint32_t wide = std::bit_cast<uint32_t>(near);
    if (T(near) == value || (wide & 1))
      return near;
    bool isBeyond = value > 0 ? T(near) > value : T(near) < value;
    return std::bit_cast<float>(isBeyond ? wide - 1 : wide + 1);
  }
  // Integers of more than 53 bits: what is below 16 of them only says that
  // something is there.
  template <class T> static constexpr double withinDouble(T value) {
    if constexpr (sizeof(T) == 8) {
      constexpr T low = 0xffff;
      constexpr T wide = T(1) << 48;
      bool isWide = value >= wide;
      if constexpr (std::signed_integral<T>)
        isWide = isWide || value < -wide;
      if (isWide && (value & low))
        return double(T((value & T(~low)) | T(0x8000)));
    }
    return double(value);
  }

  uint16_t bits;
};
static_assert(std::is_trivial_v<BFloat16> && sizeof(BFloat16) == 2);

} // namespace needle

template <> class std::numeric_limits<needle::BFloat16> {
  using T = needle::BFloat16;

public:
  static constexpr bool is_specialized = true, is_signed = true,
                        is_integer = false, is_exact = false,
                        has_infinity = true, has_quiet_NaN = true,
                        is_iec559 = false, is_bounded = true;
  static constexpr int radix = 2, digits = 8, digits10 = 2, max_digits10 = 4,
                       min_exponent = -125, max_exponent = 128;
  static constexpr T min() { return T::fromBits(0x0080); }
  static constexpr T max() { return T::fromBits(0x7f7f); }
  static constexpr T lowest() { return T::fromBits(0xff7f); }
  static constexpr T epsilon() { return T::fromBits(0x3c00); }
  static constexpr T denorm_min() { return T::fromBits(0x0001); }
  static constexpr T infinity() { return T::fromBits(0x7f80); }
  static constexpr T quiet_NaN() { return T::fromBits(0x7fc0); }
};
