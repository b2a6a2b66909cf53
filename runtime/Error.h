// Error.h - what the user's mistakes are thrown as.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace needle {

/// A place in the user's program. `file` is the path as compiled and must
/// outlive the process (a literal, or interned by `internFile`).
struct Where {
  const char *file = "";
  int line = 0;
  /// As a default argument: the place of the call.
  static constexpr Where here(const char *file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// The last component of a path: `/a/b/train.cpp` -> `train.cpp`.
std::string_view baseName(std::string_view path);

/// A copy of `file` that lives as long as the process; equal paths share one.
const char *internFile(std::string_view file);

/// Any mistake of the user. The text starts with `train.cpp:41: ` when the
/// place is known; `where()` gives it as data (line 0: unknown).
class Error : public std::runtime_error {
public:
  explicit Error(const std::string &message);
  Error(Where where, const std::string &message);
  Where where() const { return place; }

private:
  Where place;
};

struct ShapeError : Error { using Error::Error; };
struct DTypeError : Error { using Error::Error; };
struct IndexError : Error { using Error::Error; };
struct TargetError : Error { using Error::Error; };
struct GradientError : Error { using Error::Error; };
struct TraceError : Error { using Error::Error; };
struct StaleCaptureError : Error { using Error::Error; };
struct FormatError : Error { using Error::Error; };
struct CompileError : Error { using Error::Error; };
struct MemoryError : Error { using Error::Error; };

} // namespace needle
