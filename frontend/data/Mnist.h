// Mnist.h - handwritten digits (LeCun et al.) from IDX files.
#pragma once

#include "needle/frontend/Tensor.h"
#include "needle/frontend/data/Idx.h"

#include <span>
#include <string>
#include <utility>

namespace needle::data {

enum class Split { train, test };

/// The images and labels of one split. `folder` holds
/// {train,t10k}-{images-idx3,labels-idx1}-ubyte, each with or without `.gz`.
/// Throws FormatError naming the file when one is missing or damaged.
class Mnist {
public:
  Mnist(const std::string &folder, Split split, Where where = Where::here());

  int64_t size() const { return labels.shape[0]; }
  /// An image, [rows * columns] float32 in [0, 1], and its label, [] int64.
  std::pair<Tensor, Tensor> operator[](int64_t index) const;
  /// Images [n, rows * columns] and labels [n] of n indices.
  std::pair<Tensor, Tensor> batch(std::span<const int64_t> indices) const;

private:
  Idx images, labels;
};

} // namespace needle::data
