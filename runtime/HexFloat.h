// HexFloat.h - floating-point numbers as text that loses nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace needle {

/// "0x1.8p+1", "-0x0p+0", "nan", "inf", "-inf": one text for each value, all
/// NaNs alike.
std::string hexFloat(double value);
/// The inverse; nothing for any other text, also for another spelling of a
/// number ("0x3p+0").
std::optional<double> parseHexFloat(std::string_view text);

} // namespace needle
