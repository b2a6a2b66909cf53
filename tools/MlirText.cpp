// MlirText.cpp - measures IR's text by its brackets, strings, comments and
// aliases. MLIR's parser, printer and verifier recurse into brackets, operators
// and attributes.
#include "MlirText.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <unordered_map>

namespace needle {
namespace {

constexpr int maxDepth = 256, maxExpression = 1 << 14;
/// Attributes and locations that all uses of aliases stand for together.
constexpr int64_t maxExpanded = int64_t(1) << 26;

bool isOneOf(char c, std::string_view set) { return set.find(c) != set.npos; }

/// Reads IR's text once, by its brackets, strings, comments and aliases.
class Measure {
public:
  explicit Measure(std::string_view text) : text(text) {}

  std::string run() {
    while (at < text.size() && reason.empty())
      step();
    if (reason.empty() && total() > maxExpanded)
      refuse("aliases stand for more than " + std::to_string(maxExpanded) +
             " attributes");
    return reason;
  }

private:
  /// What an alias stands for: how deeply nested, and how much.
  struct Alias {
    int depth = 1;
    int64_t size = 1;
    int64_t uses = 0; // outside of other aliases, also before its definition
  };

  char peek(size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }
  void refuse(const std::string &why) {
    if (reason.empty())
      reason = std::to_string(line) + ": " + why;
  }
  static int64_t sum(int64_t a, int64_t b) {
    return std::min(a + b, maxExpanded + 1);
  }
  int64_t total() const {
    int64_t all = 0;
    for (auto &entry : aliases) {
      const Alias &alias = entry.second;
      all = sum(all, alias.size > maxExpanded / std::max<int64_t>(alias.uses, 1)
                         ? maxExpanded + 1
                         : alias.size * alias.uses);
    }
    return all;
  }

  void skipComment() { at = std::min(text.find('\n', at), text.size()); }
  void skipSpace() {
    for (; at < text.size(); ++at) {
      if (text.substr(at).starts_with("//"))
        skipComment();
      if (!isspace(uint8_t(peek())))
        return;
      line += peek() == '\n';
    }
  }
  void skipString() {
    for (++at; at < text.size() && peek() != '"' && peek() != '\n'; ++at)
      at += peek() == '\\';
    line += peek() == '\n';
    ++at;
  }

  void step() {
    char c = peek();
    if (isspace(uint8_t(c)) || text.substr(at).starts_with("//")) {
      size_t before = line;
      skipSpace();
      if (line != before)
        endDefinition();
      return;
    }
    size_t length = std::max<size_t>(wordLength(), 1);
    if (isOneOf(c, ",()[]{}<>:=\"%"))
      expression = 0;
    else if ((expression += int(length)) > maxExpression)
      refuse("an expression is longer than " + std::to_string(maxExpression) +
             " characters");
    last = c;
    arrow = false;
    followArray(text.substr(at, length));
    if (c == '"')
      return skipString();
    if ((c == '#' || c == '!') && (isalnum(uint8_t(peek(1))) || peek(1) == '_'))
      return alias();
    bracket(c);
    at += length;
  }

  /// Of the word that starts here; 0: none does.
  size_t wordLength() const {
    size_t end = at;
    if (isalpha(uint8_t(peek())) || peek() == '_')
      while (end < text.size() &&
             (isalnum(uint8_t(text[end])) || isOneOf(text[end], "_$.")))
        ++end;
    return end - at;
  }
  /// MLIR 22 asks for the width of `index` in `array<index: 1>`, and crashes;
  /// an alias may stand for one.
  void followArray(std::string_view token) {
    if (array == Array::opened && (token == "index" || token == "!"))
      refuse("array<> wants the name of an integer or float type");
    array = token == "array"                        ? Array::named
            : token == "<" && array == Array::named ? Array::opened
                                                    : Array::none;
  }

  void bracket(char c) {
    if (c == '(' || c == '[' || c == '{') {
      ++brackets;
    } else if (c == ')' || c == ']' || c == '}') {
      brackets = std::max(brackets - 1, 0);
    } else if (c == '<' && peek(1) != '=') {
      ++angles;
    } else if (c == '>' && at && text[at - 1] == '-') {
      arrow = true;
    } else if (c == '>' && peek(1) != '=') {
      angles = std::max(angles - 1, 0);
    }
    if (brackets > maxDepth || angles > maxDepth)
      refuse("brackets are nested deeper than " + std::to_string(maxDepth));
  }

  /// A use or the definition of an alias; of a dialect's attribute: nothing.
  void alias() {
    size_t after = at + 1;
    while (after < text.size() &&
           (isalnum(uint8_t(text[after])) || isOneOf(text[after], "_$.-")))
      ++after;
    std::string_view name = text.substr(at, after - at);
    at = after;
    if (name.find('.') != name.npos)
      return;
    size_t end = at, endLine = line;
    skipSpace();
    if (peek() == '=' && peek(1) != '=') {
      defined = &aliases[name];
      defined->depth = 1;
      defined->size = 1;
      definedBrackets = brackets;
      definedAngles = angles;
      last = '=';
      ++at;
      return;
    }
    at = end;
    line = endLine;
    Alias &used = aliases[name];
    if (!defined) {
      ++used.uses;
      return;
    }
    defined->depth = std::max(defined->depth, used.depth + 1);
    defined->size = sum(defined->size, used.size);
    if (defined->depth > maxDepth)
      refuse("aliases are nested deeper than " + std::to_string(maxDepth));
  }

  /// At the end of a line: whether an alias's definition ends there, too.
  void endDefinition() {
    if (defined && brackets <= definedBrackets && angles <= definedAngles &&
        !arrow && !isOneOf(last, "=:,-") && !isOneOf(peek(), "<([{:,-"))
      defined = nullptr;
  }

  std::string_view text;
  size_t at = 0, line = 1;
  int brackets = 0, angles = 0, expression = 0;
  char last = '\0';   // the last character that is no space
  bool arrow = false; // it ends one
  enum class Array { none, named, opened } array = Array::none;
  std::unordered_map<std::string_view, Alias> aliases;
  Alias *defined = nullptr; // whose definition this is
  int definedBrackets = 0, definedAngles = 0;
  std::string reason;
};

} // namespace

std::string whyRefused(std::string_view text) { return Measure(text).run(); }

} // namespace needle
