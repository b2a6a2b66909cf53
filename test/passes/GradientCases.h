// GradientCases.h - one or more functions per gradient rule, with their inputs.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace needle {

/// An input: f64 arguments are differentiated by; i64 ones are indices.
struct GradientInput {
  std::string type;
  double low = -2, high = 2; // uniform in [low, high)
};

/// `body` computes `value`, of `type`, from %p0, %p1, ...
struct GradientCase {
  std::string name;
  std::vector<GradientInput> inputs;
  std::string body, type, value = "%y";
};

inline std::ostream &operator<<(std::ostream &os, const GradientCase &c) {
  return os << c.name;
}

std::vector<GradientCase> elementwiseCases();
std::vector<GradientCase> reduceCases();
std::vector<GradientCase> shapeCases();
std::vector<GradientCase> contractCases();
std::vector<GradientCase> indexCases();
std::vector<GradientCase> regionCases();

} // namespace needle
