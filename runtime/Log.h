// Log.h - lines on stderr, as many as NEEDLE_LOG asks for.
#pragma once

#include "needle/runtime/Environment.h"

#include <string_view>

namespace needle::runtime {

using environment::LogLevel;

/// Are lines of this level written? Ask before making an expensive text.
bool logs(LogLevel level);
/// Writes "needle: warning: text" and a newline in one piece.
void log(LogLevel level, std::string_view text);

} // namespace needle::runtime
