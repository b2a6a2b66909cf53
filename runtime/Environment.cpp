// Environment.cpp - parsing of the NEEDLE_* variables.
#include "needle/runtime/Environment.h"
#include "needle/runtime/Error.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <sched.h>

namespace needle::environment {

static std::string text(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

[[noreturn]] static void unusable(const char *name, const std::string &value,
                                  const std::string &wanted) {
  throw Error(std::string(name) + "=" + value + ": wanted " + wanted);
}

/// Position of the variable's value in `choices`; `otherwise` when not set.
static size_t choice(const char *name,
                     std::initializer_list<const char *> choices,
                     size_t otherwise) {
  std::string value = text(name), wanted;
  if (value.empty())
    return otherwise;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (value == choices.begin()[i])
      return i;
    wanted += (i ? ", " : "") + std::string(choices.begin()[i]);
  }
  unusable(name, value, "one of " + wanted);
}

static uint64_t number(const char *name, uint64_t low, uint64_t high,
                       uint64_t otherwise) {
  std::string value = text(name);
  if (value.empty())
    return otherwise;
  uint64_t parsed = 0;
  const char *end = value.data() + value.size();
  auto [stop, error] = std::from_chars(value.data(), end, parsed);
  if (error != std::errc() || stop != end || parsed < low || parsed > high)
    unusable(name, value,
             "an integer from " + std::to_string(low) + " to " +
                 std::to_string(high));
  return parsed;
}

const std::string &backend() {
  static const std::string value = text("NEEDLE_BACKEND");
  return value;
}

bool deferredQueue() {
  static const bool value =
      choice("NEEDLE_QUEUE", {"immediate", "deferred"}, 0) == 1;
  return value;
}

bool lazyMode() {
  static const bool value = choice("NEEDLE_LAZY_MODE", {"0", "1"}, 1);
  return value;
}

int availableCores() {
  // A fixed cpu_set_t holds 1024 cores; more of them fail here, harmlessly.
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask))
    return 1;
  return std::max(1, CPU_COUNT(&mask));
}

int threads() {
  static const int value =
      int(number("NEEDLE_THREADS", 1, 1024, uint64_t(availableCores())));
  return value;
}

const std::string &cpu() {
  static const std::string value = [] {
    choice("NEEDLE_CPU", {"avx512", "avx2", "sse2"}, 0);
    return text("NEEDLE_CPU");
  }();
  return value;
}

uint64_t seed() {
  static const uint64_t value = number("NEEDLE_SEED", 0, UINT64_MAX, 0);
  return value;
}

const std::string &dumpFolder() {
  static const std::string value = text("NEEDLE_DUMP");
  return value;
}

LogLevel logLevel() {
  static const auto value =
      LogLevel(choice("NEEDLE_LOG", {"off", "warning", "info", "debug"},
                      size_t(LogLevel::warning)));
  return value;
}

const std::string &cache() {
  static const std::string value = text("NEEDLE_CACHE");
  return value;
}

const std::string &compilerPath() {
  static const std::string value = text("NEEDLE_COMPILER");
  return value;
}

} // namespace needle::environment
