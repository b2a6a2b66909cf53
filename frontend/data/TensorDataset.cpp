// TensorDataset.cpp - a pair of tensors as a dataset.
#include "needle/frontend/data/TensorDataset.h"

#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Index.h"

namespace needle::data {

TensorDataset::TensorDataset(Tensor x, Tensor y, Where where)
    : x(std::move(x)), y(std::move(y)) {
  if (!this->x.shape().rank() || !this->y.shape().rank() ||
      this->x.dim(0) != this->y.dim(0))
    throw ShapeError(where, "TensorDataset: shapes are " +
                                toString(this->x.shape()) + " and " +
                                toString(this->y.shape()) +
                                ", wanted equal sizes of axis 0");
}

std::pair<Tensor, Tensor> TensorDataset::operator[](int64_t index) const {
  return {take(x, index, 0), take(y, index, 0)};
}

std::pair<Tensor, Tensor>
TensorDataset::batch(std::span<const int64_t> indices) const {
  Tensor which = fromData(indices, Shape{indices.size()});
  return {take(x, which, 0), take(y, which, 0)};
}

} // namespace needle::data
