// Bytes.cpp - the checks of reading.
#include "needle/runtime/Bytes.h"

#include "needle/runtime/Error.h"

namespace needle::runtime {

void ByteReader::fail(const std::string &what) const {
  throw FormatError(file + ": damaged: " + what);
}

std::string_view ByteReader::raw(uint64_t size) {
  if (size > rest.size())
    fail("it ends too early");
  std::string_view bytes = rest.substr(0, size_t(size));
  rest.remove_prefix(size_t(size));
  return bytes;
}

bool ByteReader::boolean() {
  auto byte = take<uint8_t>();
  if (byte > 1)
    fail("a truth value is " + std::to_string(byte));
  return byte;
}

size_t ByteReader::count(size_t elementBytes) {
  auto elements = take<uint64_t>();
  if (elements > rest.size() / elementBytes)
    fail("a list is longer than the file");
  return size_t(elements);
}

void ByteReader::end() {
  if (!rest.empty())
    fail(std::to_string(rest.size()) + " bytes too many");
}

} // namespace needle::runtime
