// Idx.h - the file format of MNIST and its relatives.
#pragma once

#include "needle/runtime/Shape.h"

#include <cstdint>
#include <string>
#include <vector>

namespace needle::data {

/// The bytes of an IDX file and their shape.
struct Idx {
  Shape shape;
  std::vector<uint8_t> bytes; // row-major, unsigned
};

/// Reads an IDX file of unsigned bytes, gzipped or not (format:
/// http://yann.lecun.com/exdb/mnist). Throws FormatError naming the file when
/// it is missing, truncated, longer than its header says, of another element
/// type, or of more than 2^31 elements.
Idx readIdx(const std::string &path);

} // namespace needle::data
