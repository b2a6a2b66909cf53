// DType.cpp - names of element types.
#include "needle/runtime/DType.h"

#include <ostream>

namespace needle {

static constexpr const char *names[] = {"boolean",  "int32",   "int64",
                                        "bfloat16", "float32", "float64"};
static_assert(std::size(names) == std::size(dtypes));

std::string toString(DType dtype) { return names[size_t(dtype)]; }

std::optional<DType> parseDType(std::string_view text) {
  for (size_t i = 0; i < std::size(names); ++i)
    if (text == names[i])
      return DType(i);
  return std::nullopt;
}

std::ostream &operator<<(std::ostream &os, DType dtype) {
  return os << names[size_t(dtype)];
}

} // namespace needle
