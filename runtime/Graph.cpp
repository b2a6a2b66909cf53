// Graph.cpp - names of the canonical graph's enumerators, and equal constants.
#include "needle/runtime/Graph.h"

#include <algorithm>
#include <cmath>

namespace needle {

// == of doubles would tell NaN from itself and not -0 from 0.
static bool isSameNumber(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) ||
         (a == b && std::signbit(a) == std::signbit(b));
}

bool Elements::operator==(const Elements &other) const {
  auto *a = std::get_if<std::vector<double>>(&values);
  auto *b = std::get_if<std::vector<double>>(&other.values);
  return a && b ? std::ranges::equal(*a, *b, isSameNumber)
                : values == other.values;
}

bool Attribute::operator==(const Attribute &other) const {
  auto *a = std::get_if<double>(&value), *b = std::get_if<double>(&other.value);
  return name == other.name &&
         (a && b ? isSameNumber(*a, *b) : value == other.value);
}

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
