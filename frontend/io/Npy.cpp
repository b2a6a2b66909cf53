// Npy.cpp - tensors in NumPy's .npy files.
#include "needle/frontend/io/Npy.h"

#include "needle/frontend/ops/Create.h"
#include "needle/runtime/Npy.h"

#include <memory>

namespace needle::io {

Tensor loadNpy(const std::string &path, Where where) {
  NpyArray array;
  try {
    array = readNpy(path);
  } catch (const Error &error) {
    throw FormatError(where, error.what());
  }
  return detail::fromBytes(array.bytes.data(), size_t(array.shape.elements()),
                           array.dtype, array.shape, where);
}

void saveNpy(const std::string &path, const Tensor &tensor, Where where) {
  size_t bytes = size_t(tensor.shape().elements()) * byteSize(tensor.dtype());
  auto elements = std::make_unique<std::byte[]>(bytes);
  detail::copyElements(tensor, tensor.dtype(), elements.get(), where);
  try {
    writeNpy(path, tensor.dtype(), tensor.shape(), elements.get());
  } catch (const Error &error) {
    throw Error(where, error.what());
  }
}

} // namespace needle::io
