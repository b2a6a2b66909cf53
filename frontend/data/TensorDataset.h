// TensorDataset.h - a pair of tensors as a dataset.
#pragma once

#include "needle/frontend/Tensor.h"

#include <span>
#include <utility>

namespace needle::data {

/// Items are slices of axis 0 of two tensors of equal length. Throws ShapeError
/// when a tensor is a scalar or the lengths differ.
class TensorDataset {
public:
  TensorDataset(Tensor x, Tensor y, Where where = Where::here());
  int64_t size() const { return x.dim(0); }
  std::pair<Tensor, Tensor> operator[](int64_t index) const;
  std::pair<Tensor, Tensor> batch(std::span<const int64_t> indices) const;

private:
  Tensor x, y;
};

} // namespace needle::data
