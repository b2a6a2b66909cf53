// MlirText.h - is this text of MLIR too much for MLIR?
#pragma once

#include <string>
#include <string_view>

namespace needle {

/// "LINE: reason" for IR that is nested too deeply, in brackets or through
/// aliases (`#b = [#a]`), or that aliases blow up; "" for all other text.
std::string whyRefused(std::string_view text);

} // namespace needle
