// Npy.h - tensors in NumPy's .npy format.
#pragma once

#include "needle/runtime/DType.h"
#include "needle/runtime/Shape.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace needle {

/// A tensor in host memory, row-major and dense; booleans are bytes 0 and 1.
struct NpyArray {
  DType dtype = DType::float32;
  Shape shape;
  std::vector<std::byte> bytes;
};

/// Reads a file: float32, float64, int32, int64, bool, little endian, and V2,
/// which is how ml_dtypes writes bfloat16 (in Python: load(f).view(bfloat16));
/// Fortran order is put in row-major order. Throws FormatError naming the file
/// and what is wrong: missing, no .npy, another dtype, fewer or more bytes than
/// the shape says.
NpyArray readNpy(const std::string &path);
/// The same from memory; `name` is for messages.
NpyArray parseNpy(std::string_view contents, const std::string &name);

/// Writes a file, version 1.0. Throws Error when it can't be written.
void writeNpy(const std::string &path, DType dtype, const Shape &shape,
              const void *data);
/// The file's contents.
std::string formatNpy(DType dtype, const Shape &shape, const void *data);

} // namespace needle
