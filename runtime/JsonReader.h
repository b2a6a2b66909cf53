// JsonReader.h - reads JSON of a known form, value by value, from front to end.
// Nothing is stored and nothing recurses; the form says what comes next, and
// anything else is a FormatError with the line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace needle {

class JsonReader {
public:
  /// `file` is named in errors. FormatError when `text` is too long.
  JsonReader(std::string_view text, const std::string &file);

  static constexpr int maxDepth = 256;
  static constexpr size_t maxText = size_t(256) << 20;
  static constexpr size_t maxString = size_t(64) << 10;

  /// The first character of the next value: one of { [ " t f n - 0 ... 9.
  char next();

  /// An object with any keys: calls onKey(key), which reads the value. Keys
  /// that are given twice are up to the caller.
  template <class OnKey> void anyObject(const char *what, const OnKey &onKey) {
    open('{', "an object", what);
    for (bool first = true; another(first, '}', what); first = false) {
      std::string key = string("a key");
      expect(':', "':'");
      onKey(key);
    }
  }
  /// An object with these keys, each at most once: calls onKey(number of the
  /// key). The first `required` ones must be there.
  template <class OnKey>
  void object(const char *what, std::initializer_list<const char *> keys,
              size_t required, const OnKey &onKey) {
    uint64_t seen = 0;
    anyObject(what, [&](const std::string &key) {
      onKey(size_t(keyNumber(what, keys, key, seen)));
    });
    checkRequired(what, keys, required, seen);
  }
  /// Calls onElement() for each element.
  template <class OnElement>
  void array(const char *what, const OnElement &onElement) {
    open('[', "an array", what);
    for (bool first = true; another(first, ']', what); first = false)
      onElement();
  }

  std::string string(const char *what);
  bool boolean(const char *what);
  /// An integer from `low` to `high`.
  int64_t integer(const char *what, int64_t low, int64_t high);
  /// A float as hexadecimal text (HexFloat.h).
  double hexFloat(const char *what);

  /// Passes the next value without a look inside; its start, for goTo.
  size_t skip();
  void goTo(size_t start) { position = start; }
  size_t here() const { return position; }
  /// Only white space is left.
  void finish();

  /// Throws FormatError at the line of the value read last.
  [[noreturn]] void fail(const std::string &message) const;

private:
  void skipSpace();
  void open(char bracket, const char *kind, const char *what);
  /// Moves to the next element, or past `close`.
  bool another(bool first, char close, const char *what);
  void expect(char c, const char *wanted);
  [[noreturn]] void wrong(const char *what, const std::string &wanted);
  void escape(std::string &to);
  uint32_t hexDigits();
  void character(std::string &to);
  std::string shown() const;
  int keyNumber(const char *what, std::span<const char *const> keys,
                const std::string &key, uint64_t &seen) const;
  void checkRequired(const char *what, std::span<const char *const> keys,
                     size_t required, uint64_t seen) const;

  std::string_view text;
  const char *file;
  size_t position = 0;
  size_t token = 0; // start of the value read last
  int depth = 0;
};

} // namespace needle
