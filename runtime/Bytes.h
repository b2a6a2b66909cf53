// Bytes.h - plain values to bytes and back; what is read may be anything.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace needle::runtime {

static_assert(std::endian::native == std::endian::little);

template <class T>
concept Plain = (std::is_integral_v<T> ||
                 std::is_floating_point_v<T>)&&!std::is_same_v<T, bool>;

/// Appends values, little-endian and without padding.
class ByteWriter {
public:
  template <Plain T> void put(T value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
  void put(bool value) { put(uint8_t(value)); }
  void text(std::string_view text) {
    put(uint64_t(text.size()));
    bytes += text;
  }
  template <Plain T> void list(const std::vector<T> &values) {
    put(uint64_t(values.size()));
    bytes.append(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(T));
  }

  std::string bytes;
};

/// Takes values back from bytes that may be damaged: whatever they are, it
/// reads nothing outside of them, allocates no more than they could fill, and
/// throws FormatError that starts with `name`.
class ByteReader {
public:
  ByteReader(std::string_view bytes, std::string name)
      : rest(bytes), file(std::move(name)) {}
  const std::string &name() const { return file; }

  template <Plain T> T take() {
    T value;
    std::memcpy(&value, raw(sizeof value).data(), sizeof value);
    return value;
  }
  bool boolean();
  std::string_view text() { return raw(take<uint64_t>()); }
  template <Plain T> std::vector<T> list() {
    std::vector<T> values(count(sizeof(T)));
    std::string_view from = raw(values.size() * sizeof(T));
    if (!from.empty())
      std::memcpy(values.data(), from.data(), from.size());
    return values;
  }
  /// The number of elements that follow; each fills at least `elementBytes`.
  size_t count(size_t elementBytes);
  /// The next `size` bytes, where they lie.
  std::string_view raw(uint64_t size);
  /// Throws unless all has been taken.
  void end();
  /// "NAME: damaged: WHAT".
  [[noreturn]] void fail(const std::string &what) const;

private:
  std::string_view rest;
  std::string file;
};

} // namespace needle::runtime
