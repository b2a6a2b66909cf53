// Log.cpp - lines on stderr.
#include "needle/runtime/Log.h"

#include <cstdio>
#include <string>

namespace needle::runtime {

bool logs(LogLevel level) {
  return level != LogLevel::off && level <= environment::logLevel();
}

void log(LogLevel level, std::string_view text) {
  static constexpr const char *names[] = {"off", "warning", "info", "debug"};
  if (!logs(level))
    return;
  std::string line = "needle: ";
  line.append(names[size_t(level)]).append(": ").append(text).append("\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

} // namespace needle::runtime
