// JsonReader.cpp - the tokens of JSON (RFC 8259), with limits.
#include "needle/runtime/JsonReader.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/HexFloat.h"

#include <algorithm>
#include <charconv>

namespace needle {

JsonReader::JsonReader(std::string_view text, const std::string &file)
    : text(text), file(internFile(file)) {
  if (text.size() > maxText)
    fail("the file has " + std::to_string(text.size()) +
         " bytes, wanted at most " + std::to_string(maxText));
}

void JsonReader::fail(const std::string &message) const {
  size_t end = std::min(token, text.size());
  auto line = 1 + std::count(text.begin(), text.begin() + ptrdiff_t(end), '\n');
  throw FormatError(Where{file, int(line)}, message);
}

/// The value at `token`, cut short, for messages.
std::string JsonReader::shown() const {
  if (token >= text.size())
    return "the end of the file";
  std::string_view rest = text.substr(token, 24);
  size_t end = rest.find_first_of("\n\r\t");
  if (rest[0] == '"')
    end = std::min(end, rest.find('"', 1) == rest.npos ? rest.npos
                                                       : rest.find('"', 1) + 1);
  else if (std::string_view(",:]}").find(rest[0]) != rest.npos)
    end = 1;
  else if (rest[0] != '{' && rest[0] != '[')
    end = std::min(end, rest.find_first_of(" ,]}"));
  bool cut = end == rest.npos && rest.size() == 24;
  // Bytes that may not be text (half a character, a control) are not repeated.
  std::string printable(rest.substr(0, end));
  for (char &c : printable)
    if (c < ' ' || c > '~')
      c = '?';
  return printable + (cut ? "..." : "");
}

void JsonReader::wrong(const char *what, const std::string &wanted) {
  fail(std::string(what) + " is " + shown() + ", wanted " + wanted);
}

void JsonReader::skipSpace() {
  while (position < text.size() &&
         (text[position] == ' ' || text[position] == '\n' ||
          text[position] == '\r' || text[position] == '\t'))
    ++position;
  token = position;
}

char JsonReader::next() {
  skipSpace();
  return position < text.size() ? text[position] : '\0';
}

void JsonReader::expect(char c, const char *wanted) {
  if (next() != c)
    fail("found " + shown() + ", wanted " + wanted);
  ++position;
}

void JsonReader::open(char bracket, const char *kind, const char *what) {
  if (next() != bracket)
    wrong(what, kind);
  if (++depth > maxDepth)
    fail("nested deeper than " + std::to_string(maxDepth) + " levels");
  ++position;
}

bool JsonReader::another(bool first, char close, const char *what) {
  char c = next();
  if (c == close) {
    ++position;
    --depth;
    return false;
  }
  if (first)
    return true;
  if (c != ',')
    fail(std::string("in ") + what + ": found " + shown() +
         ", wanted ',' or '" + close + "'");
  ++position;
  return true;
}

void JsonReader::finish() {
  if (next() != '\0' || position < text.size())
    fail("found " + shown() + " after the end of the document");
}

bool JsonReader::boolean(const char *what) {
  next();
  for (bool value : {true, false}) {
    std::string_view word = value ? "true" : "false";
    if (text.substr(position).starts_with(word)) {
      position += word.size();
      return value;
    }
  }
  wrong(what, "true or false");
}

int64_t JsonReader::integer(const char *what, int64_t low, int64_t high) {
  char c = next();
  if (c != '-' && (c < '0' || c > '9'))
    wrong(what, "an integer");
  int64_t value = 0;
  const char *start = text.data() + position, *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(start, end, value);
  size_t digits = size_t(stop - start) - (c == '-');
  const char *first = start + (c == '-');
  bool fraction =
      stop != end && std::string_view(".eE").find(*stop) != std::string::npos;
  bool leadingZero = digits > 1 && *first == '0';
  if (error == std::errc::invalid_argument || fraction || leadingZero)
    wrong(what, "an integer");
  if (error != std::errc() || value < low || value > high)
    wrong(what, "an integer from " + std::to_string(low) + " to " +
                    std::to_string(high));
  position += size_t(stop - start);
  return value;
}

double JsonReader::hexFloat(const char *what) {
  std::string digits = string(what);
  std::optional<double> value = parseHexFloat(digits);
  if (!value)
    wrong(what,
          "a float such as \"0x1.8p+1\", \"-0x0p+0\", \"nan\" or \"inf\"");
  return *value;
}

std::string JsonReader::string(const char *what) {
  if (next() != '"')
    wrong(what, "a string");
  ++position;
  std::string value;
  for (;;) {
    // The plain run up to a quote, an escape or another special character.
    size_t start = position;
    while (position < text.size() && text[position] >= ' ' &&
           text[position] <= '~' && text[position] != '"' &&
           text[position] != '\\')
      ++position;
    value.append(text.substr(start, position - start));
    if (value.size() > maxString)
      fail(std::string(what) + " is longer than " + std::to_string(maxString) +
           " bytes");
    if (position == text.size())
      fail(std::string(what) + " has no end");
    if (text[position] == '"') {
      ++position;
      return value;
    }
    if (text[position] == '\\')
      escape(value);
    else
      character(value);
  }
}

static void appendUtf8(std::string &to, uint32_t code) {
  if (code < 0x80) {
    to += char(code);
    return;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  to += char((0xff00 >> (more + 1) & 0xff) | (code >> 6 * more));
  while (more-- > 0)
    to += char(0x80 | (code >> 6 * more & 0x3f));
}

uint32_t JsonReader::hexDigits() {
  uint32_t code = 0;
  std::string_view digits = text.substr(position, 4);
  const char *end = digits.data() + digits.size();
  auto [stop, error] = std::from_chars(digits.data(), end, code, 16);
  if (digits.size() < 4 || error != std::errc() || stop != end)
    fail("\\u needs four hexadecimal digits");
  position += 4;
  return code;
}

void JsonReader::escape(std::string &to) {
  static constexpr std::string_view from = "\"\\/bfnrt",
                                    meant = "\"\\/\b\f\n\r\t";
  char c = position + 1 < text.size() ? text[position + 1] : '\0';
  position += 2;
  if (size_t which = from.find(c); c && which != from.npos) {
    to += meant[which];
    return;
  }
  if (c != 'u')
    fail("unknown escape in a string");
  uint32_t code = hexDigits();
  if (code >= 0xd800 && code < 0xdc00 &&
      text.substr(position).starts_with("\\u")) {
    position += 2;
    uint32_t low = hexDigits();
    if (low < 0xdc00 || low > 0xdfff)
      fail("half a surrogate pair in a string");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code >= 0xd800 && code < 0xe000) {
    fail("half a surrogate pair in a string");
  }
  appendUtf8(to, code);
}

/// One character outside of ASCII.
void JsonReader::character(std::string &to) {
  auto lead = uint8_t(text[position]);
  int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  uint32_t code = lead & (0x3f >> more);
  std::string_view bytes = text.substr(position, size_t(more) + 1);
  for (char c : bytes.substr(1))
    code = (uint8_t(c) & 0xc0) == 0x80 ? code << 6 | (uint8_t(c) & 0x3f)
                                       : 0xffffffff;
  // What encodes back to the same bytes is neither cut, overlong nor too large.
  std::string again;
  if (lead >= 0xc0 && code < 0x110000 && (code < 0xd800 || code > 0xdfff))
    appendUtf8(again, code);
  if (again != bytes)
    fail("a control character or invalid UTF-8 in a string");
  to += again;
  position += bytes.size();
}

size_t JsonReader::skip() {
  next();
  size_t start = position;
  for (int open = 0;;) {
    char c = next();
    if (position >= text.size())
      fail("the file ends within a value");
    if (c == '"') {
      string("a string");
    } else {
      ++position;
      if (c == '{' || c == '[')
        ++open;
      else if (c == '}' || c == ']')
        --open;
    }
    if (depth + open > maxDepth)
      fail("nested deeper than " + std::to_string(maxDepth) + " levels");
    // A number or a word ends before what may follow a value.
    bool atEnd = position >= text.size() ||
                 std::string_view(",]} \n\r\t").find(text[position]) !=
                     std::string_view::npos;
    if (open < 0)
      wrong("a value", "a value");
    if (open == 0 && (c == '"' || c == '}' || c == ']' || atEnd))
      return start;
  }
}

int JsonReader::keyNumber(const char *what, std::span<const char *const> keys,
                          const std::string &key, uint64_t &seen) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (key != keys[i])
      continue;
    if (seen >> i & 1)
      fail(std::string(what) + " has the key \"" + key + "\" twice");
    seen |= uint64_t(1) << i;
    return int(i);
  }
  std::string known;
  for (const char *one : keys)
    known += (known.empty() ? "" : ", ") + std::string(one);
  fail(std::string(what) + " has the unknown key \"" + key.substr(0, 40) +
       "\", wanted one of " + known);
}

void JsonReader::checkRequired(const char *what,
                               std::span<const char *const> keys,
                               size_t required, uint64_t seen) const {
  for (size_t i = 0; i < required; ++i)
    if (!(seen >> i & 1))
      fail(std::string(what) + " lacks the key \"" + keys[i] + "\"");
}

} // namespace needle
