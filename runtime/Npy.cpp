// Npy.cpp - tensors in NumPy's .npy format (NEP 1: magic, version, length of
// the header, a Python dict as text, the elements).
#include "needle/runtime/Npy.h"

#include "needle/runtime/Error.h"
#include "needle/runtime/TemporaryFile.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

static_assert(std::endian::native == std::endian::little);

namespace needle {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct Descriptor {
  std::string_view text;
  DType dtype;
};
// NumPy knows no bfloat16: ml_dtypes' arrays are two bytes of anything, which
// NumPy writes as |V2 once it has read them. The first of a dtype is written.
constexpr Descriptor descriptors[] = {
    {"<f4", DType::float32},  {"<f8", DType::float64}, {"<i4", DType::int32},
    {"<i8", DType::int64},    {"|b1", DType::boolean}, {"<V2", DType::bfloat16},
    {"|V2", DType::bfloat16},
};

/// The header's dict: {'descr': '<f4', 'fortran_order': False, 'shape': (2,)}.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &name)
      : rest(text), name(name) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      std::string_view key = string();
      expect(':');
      if (key == "descr")
        descr = string();
      else if (key == "fortran_order")
        fortran = boolean();
      else if (key == "shape")
        shape = tuple();
      else
        fail("unknown key '" + std::string(key) + "' in the header");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skipSpace();
    if (!rest.empty())
      fail("text after the header's dict");
    if (!descr || !fortran || !shape)
      fail("the header lacks descr, fortran_order or shape");
  }

  [[noreturn]] void fail(const std::string &what) const {
    throw FormatError(name + ": " + what);
  }

  std::optional<std::string_view> descr;
  std::optional<bool> fortran;
  std::optional<std::vector<int64_t>> shape;

private:
  void skipSpace() {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n'))
      rest.remove_prefix(1);
  }
  bool accept(char letter) {
    skipSpace();
    if (rest.empty() || rest[0] != letter)
      return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char letter) {
    if (!accept(letter))
      fail(std::string("the header is damaged: no '") + letter +
           "' where one belongs");
  }
  std::string_view string() {
    char quote = accept('"') ? '"' : '\'';
    if (quote == '\'')
      expect('\'');
    size_t end = rest.find(quote);
    if (end == rest.npos)
      fail("the header is damaged: a string does not end");
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    skipSpace();
    for (bool value : {false, true}) {
      std::string_view word = value ? "True" : "False";
      if (rest.starts_with(word)) {
        rest.remove_prefix(word.size());
        return value;
      }
    }
    fail("fortran_order is neither True nor False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skipSpace();
      int64_t size = 0;
      auto [end, error] =
          std::from_chars(rest.data(), rest.data() + rest.size(), size);
      if (error != std::errc())
        fail("the header is damaged: the shape holds no number");
      rest.remove_prefix(size_t(end - rest.data()));
      sizes.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view rest;
  const std::string &name;
};

DType dtypeOf(std::string_view descr, const HeaderParser &parser) {
  std::string known;
  for (const Descriptor &descriptor : descriptors) {
    if (descriptor.text == descr)
      return descriptor.dtype;
    known += (known.empty() ? "" : ", ") + std::string(descriptor.text);
  }
  parser.fail("dtype '" + std::string(descr) + "' is not one of " + known);
}

Shape shapeOf(const std::vector<int64_t> &sizes, const HeaderParser &parser) {
  try {
    return Shape(std::span(sizes));
  } catch (const Error &error) {
    parser.fail(error.what());
  }
}

// Column-major -> row-major.
void reorder(NpyArray &array) {
  int rank = array.shape.rank();
  size_t size = byteSize(array.dtype);
  std::vector<std::byte> from = array.bytes;
  std::vector<int64_t> index(size_t(rank), 0);
  for (int64_t i = 0, n = array.shape.elements(); i < n; ++i) {
    int64_t at = 0;
    for (int axis = rank; axis-- > 0;)
      at = at * array.shape[axis] + index[size_t(axis)];
    std::memcpy(&array.bytes[size_t(i) * size], &from[size_t(at) * size], size);
    for (int axis = rank; axis-- > 0;) {
      if (++index[size_t(axis)] < array.shape[axis])
        break;
      index[size_t(axis)] = 0;
    }
  }
}

/// The header's text; `contents` becomes the elements.
std::string_view takeHeader(std::string_view &contents,
                            const std::string &name) {
  if (!contents.starts_with(magic))
    throw FormatError(name + ": not an .npy file");
  size_t fixed = magic.size() + 2;
  uint8_t version =
      contents.size() > magic.size() ? uint8_t(contents[magic.size()]) : 0;
  size_t lengthBytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3)
    throw FormatError(name + ": version " + std::to_string(version) +
                      " of the format is unknown");
  uint32_t length = 0;
  if (contents.size() >= fixed + lengthBytes)
    std::memcpy(&length, contents.data() + fixed, lengthBytes);
  if (contents.size() < fixed + lengthBytes ||
      contents.size() - fixed - lengthBytes < length)
    throw FormatError(name + ": the file ends within its header");
  std::string_view header = contents.substr(fixed + lengthBytes, length);
  contents.remove_prefix(fixed + lengthBytes + length);
  return header;
}

} // namespace

NpyArray parseNpy(std::string_view contents, const std::string &name) {
  HeaderParser header(takeHeader(contents, name), name);
  header.parse();
  NpyArray array;
  array.dtype = dtypeOf(*header.descr, header);
  array.shape = shapeOf(*header.shape, header);
  size_t wanted = size_t(array.shape.elements()) * byteSize(array.dtype);
  if (contents.size() != wanted)
    header.fail("has " + std::to_string(contents.size()) +
                " bytes of elements, its header says " +
                std::to_string(wanted));
  array.bytes.resize(wanted);
  if (wanted)
    std::memcpy(array.bytes.data(), contents.data(), wanted);
  if (array.dtype == DType::boolean)
    for (std::byte &byte : array.bytes)
      byte = std::byte(byte != std::byte(0));
  if (*header.fortran)
    reorder(array);
  return array;
}

NpyArray readNpy(const std::string &path) {
  // No stream: of a folder it throws what is no Error.
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    throw FormatError(path + ": cannot be opened: " + std::strerror(errno));
  std::string contents;
  constexpr size_t step = size_t(1) << 20;
  for (size_t got = step; got == step;) {
    size_t before = contents.size();
    contents.resize(before + step);
    got = std::fread(contents.data() + before, 1, step, file.get());
    contents.resize(before + got);
  }
  if (std::ferror(file.get()))
    throw FormatError(path + ": cannot be read: " + std::strerror(errno));
  return parseNpy(contents, path);
}

std::string formatNpy(DType dtype, const Shape &shape, const void *data) {
  std::string header = "{'descr': '";
  header += std::ranges::find(descriptors, dtype, &Descriptor::dtype)->text;
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t size : shape)
    header += std::to_string(size) + ", ";
  header += "), }";
  // The elements start at a multiple of 64 bytes.
  size_t fixed = magic.size() + 4;
  header.append(63 - (fixed + header.size()) % 64, ' ');
  header += '\n';
  std::string contents(magic);
  contents += '\x01';
  contents += '\0';
  contents += char(header.size() & 0xff);
  contents += char(header.size() >> 8);
  contents += header;
  contents.append(static_cast<const char *>(data),
                  size_t(shape.elements()) * byteSize(dtype));
  return contents;
}

void writeNpy(const std::string &path, DType dtype, const Shape &shape,
              const void *data) {
  runtime::writeWholeFile(path, formatNpy(dtype, shape, data));
}

} // namespace needle
