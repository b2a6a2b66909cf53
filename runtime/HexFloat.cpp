// HexFloat.cpp - floating-point numbers as hexadecimal text.
#include "needle/runtime/HexFloat.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace needle {

std::string hexFloat(double value) {
  if (std::isnan(value))
    return "nan";
  std::string sign = std::signbit(value) ? "-" : "";
  if (std::isinf(value))
    return sign + "inf";
  // Unlike printf's %a, to_chars knows no locale; it writes no prefix.
  char digits[32];
  char *end = std::to_chars(digits, digits + sizeof digits, std::fabs(value),
                            std::chars_format::hex)
                  .ptr;
  return sign + "0x" + std::string(digits, end);
}

std::optional<double> parseHexFloat(std::string_view text) {
  std::string_view rest = text;
  bool negative = rest.starts_with('-');
  rest.remove_prefix(negative);
  double value = 0;
  if (rest == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (rest == "inf") {
    value = std::numeric_limits<double>::infinity();
  } else {
    if (!rest.starts_with("0x"))
      return std::nullopt;
    rest.remove_prefix(2);
    const char *end = rest.data() + rest.size();
    auto [stop, error] =
        std::from_chars(rest.data(), end, value, std::chars_format::hex);
    if (error != std::errc() || stop != end)
      return std::nullopt;
  }
  if (negative)
    value = -value;
  if (hexFloat(value) != text)
    return std::nullopt;
  return value;
}

} // namespace needle
