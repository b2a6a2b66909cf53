// GraphFile.h - what a file given to a tool holds, before MLIR sees it.
#pragma once

#include "llvm/ADT/StringRef.h"

namespace needle {

/// MLIR's parser recurses, so what is nested deeper is refused before it.
inline constexpr int maxDepth = 256;
inline constexpr size_t maxText = size_t(256) << 20;
/// Locations and attributes may be nested as deeply as a file is long, and
/// MLIR's printer and verifier recurse into them: the stack they get.
inline constexpr unsigned stackBytes = 512u << 20;

/// The line of the first bracket that is nested too deeply; 0: none.
inline int tooDeep(llvm::StringRef text) {
  int line = 1, brackets = 0, angles = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i], next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\n') {
      ++line;
    } else if (c == '/' && next == '/') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
        i += text[i] == '\\';
      line += i < text.size() && text[i] == '\n';
    } else if (c == '(' || c == '[' || c == '{') {
      ++brackets;
    } else if (c == ')' || c == ']' || c == '}') {
      brackets = std::max(brackets - 1, 0);
    } else if (c == '<' && next != '=') {
      ++angles;
    } else if (c == '>' && next != '=' && i && text[i - 1] != '-') {
      angles = std::max(angles - 1, 0);
    }
    if (brackets > maxDepth || angles > maxDepth)
      return line;
  }
  return 0;
}

/// A graph as JSON, rather than MLIR's text.
inline bool isJson(llvm::StringRef name, llvm::StringRef text) {
  text = text.ltrim();
  // A file of MLIR may start with its resources: {-# ... #-}.
  return name.ends_with(".json") ||
         (text.starts_with("{") && !text.starts_with("{-#"));
}

} // namespace needle
