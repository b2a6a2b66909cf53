// Npy.cpp - tensors from .npy: as many bytes as the shape says, and the same
// when written and read again.
#include "Fuzz.h"

#include "needle/runtime/Npy.h"

using namespace needle;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  NpyArray array;
  if (!fuzz::survives(
          [&] { array = parseNpy(fuzz::textOf(data, size), "fuzz.npy"); }))
    return 0;
  ++fuzz::accepted;
  fuzz::require(array.bytes.size() ==
                    size_t(array.shape.elements()) * byteSize(array.dtype),
                "bytes and shape differ");
  NpyArray again = parseNpy(
      formatNpy(array.dtype, array.shape, array.bytes.data()), "again.npy");
  fuzz::require(again.dtype == array.dtype && again.shape == array.shape &&
                    again.bytes == array.bytes,
                "the tensor differs when read again");
  return 0;
}
