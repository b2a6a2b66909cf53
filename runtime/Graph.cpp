// Graph.cpp - names of the canonical graph's enumerators.
#include "needle/runtime/Graph.h"

namespace needle {

static constexpr const char *roles[] = {"input", "constant", "variable", "key",
                                        "count"};

std::string toString(Role role) { return roles[size_t(role)]; }

std::optional<Role> parseRole(std::string_view text) {
  for (size_t i = 0; i < std::size(roles); ++i)
    if (text == roles[i])
      return Role(i);
  return std::nullopt;
}

} // namespace needle
