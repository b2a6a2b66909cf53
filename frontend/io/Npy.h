// Npy.h - tensors in NumPy's .npy files.
#pragma once

#include "needle/frontend/Tensor.h"

#include <string>

namespace needle::io {

/// A tensor from a file of float32, float64, int32, int64 or bool, little
/// endian, in C or Fortran order. Throws FormatError naming the file and what
/// is wrong: missing, no .npy, another dtype, fewer or more bytes than its
/// shape says.
[[nodiscard]] Tensor loadNpy(const std::string &path,
                             Where where = Where::here());

/// Writes a file of any shape and dtype; realizes the tensor. Throws Error when
/// it can't be written.
void saveNpy(const std::string &path, const Tensor &tensor,
             Where where = Where::here());

} // namespace needle::io
