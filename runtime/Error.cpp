// Error.cpp - error texts and interned file names.
#include "needle/runtime/Error.h"

#include <mutex>
#include <unordered_set>

namespace needle {

std::string_view baseName(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

const char *internFile(std::string_view file) {
  // Leaked on purpose: places outlive every static object.
  static auto *files = new std::unordered_set<std::string>;
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  return files->emplace(file).first->c_str();
}

static std::string located(Where where, const std::string &message) {
  if (where.line <= 0)
    return message;
  return std::string(baseName(where.file)) + ":" + std::to_string(where.line) +
         ": " + message;
}

Error::Error(const std::string &message) : std::runtime_error(message) {}
Error::Error(Where where, const std::string &message)
    : std::runtime_error(located(where, message)), place(where) {}

} // namespace needle
