// Mnist.cpp - handwritten digits from IDX files.
#include "needle/frontend/data/Mnist.h"

#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Shape.h"
#include "needle/runtime/Error.h"

#include <filesystem>

namespace needle::data {

static Idx readEither(const std::string &folder, const std::string &name,
                      int rank) {
  std::filesystem::path plain = std::filesystem::path(folder) / name;
  std::filesystem::path zipped = plain;
  zipped += ".gz";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    throw FormatError(folder + ": no such folder, wanted one with " + name +
                      " or " + name + ".gz");
  std::string file = (exists(plain, ignored) ? plain : zipped).string();
  Idx idx = readIdx(file);
  if (idx.shape.rank() != rank)
    throw FormatError(file + ": has shape " + toString(idx.shape) +
                      ", wanted rank " + std::to_string(rank));
  return idx;
}

Mnist::Mnist(const std::string &folder, Split split, Where where) try {
  std::string prefix = split == Split::train ? "train" : "t10k";
  images = readEither(folder, prefix + "-images-idx3-ubyte", 3);
  labels = readEither(folder, prefix + "-labels-idx1-ubyte", 1);
  if (images.shape[0] != labels.shape[0])
    throw FormatError(folder + ": " + std::to_string(images.shape[0]) +
                      " images but " + std::to_string(labels.shape[0]) +
                      " labels");
} catch (const FormatError &error) {
  throw FormatError(where, error.what());
}

std::pair<Tensor, Tensor>
Mnist::batch(std::span<const int64_t> indices) const {
  size_t pixels = size_t(images.shape[1] * images.shape[2]);
  std::vector<float> x(indices.size() * pixels);
  std::vector<int64_t> y(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= size())
      throw IndexError("Mnist: index " + std::to_string(indices[i]) +
                       " is not in [0, " + std::to_string(size()) + ")");
    const uint8_t *image = &images.bytes[size_t(indices[i]) * pixels];
    for (size_t p = 0; p < pixels; ++p)
      x[i * pixels + p] = float(image[p]) / 255;
    y[i] = labels.bytes[size_t(indices[i])];
  }
  return {fromData(std::span<const float>(x),
                   Shape{indices.size(), pixels}),
          fromData(std::span<const int64_t>(y), Shape{indices.size()})};
}

std::pair<Tensor, Tensor> Mnist::operator[](int64_t index) const {
  auto [image, label] = batch(std::span(&index, 1));
  return {reshape(image, Shape{image.dim(1)}), reshape(label, Shape{})};
}

} // namespace needle::data
