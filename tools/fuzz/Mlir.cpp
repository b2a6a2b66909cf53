// Mlir.cpp - the measure that the tools take of MLIR's text before MLIR sees
// it: what it lets through nests no deeper than MLIR can bear.
#include "../MlirText.h"
#include "Fuzz.h"

#include <algorithm>
#include <string>

using namespace needle;

/// How deeply brackets nest, strings and comments apart: MLIR's parser calls
/// itself that often, and then some.
static int nesting(std::string_view text) {
  int depth = 0, deepest = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "//") {
      i = std::min(text.find('\n', i), text.size());
    } else if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
        i += text[i] == '\\';
    } else if (std::string_view("([{").find(text[i]) !=
               std::string_view::npos) {
      deepest = std::max(deepest, ++depth);
    } else if (std::string_view(")]}").find(text[i]) !=
               std::string_view::npos) {
      depth = std::max(depth - 1, 0);
    }
  }
  return deepest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text = fuzz::textOf(data, size);
  std::string reason = whyRefused(text);
  if (reason.empty()) {
    ++fuzz::accepted;
    fuzz::require(nesting(text) <= 256, "deep brackets are let through");
    return 0;
  }
  auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  long line = std::strtol(reason.c_str(), nullptr, 10);
  fuzz::require(line >= 1 && line <= lines, "there is no such line");
  return 0;
}
