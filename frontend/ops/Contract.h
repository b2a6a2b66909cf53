// Contract.h - products that sum over a shared axis.
#pragma once

#include "needle/frontend/Tensor.h"

#include <optional>

namespace needle {

/// [..., m, k] x [..., k, n] -> [..., m, n]; leading axes broadcast, a vector
/// is a row on the left and a column on the right (that axis vanishes).
/// Integers and booleans compute in float32; k = 0 gives zeros. ShapeError when
/// inner dimensions differ, or for a scalar.
[[nodiscard]] Tensor matmul(const Tensor &lhs, const Tensor &rhs,
                            Where where = Where::here());

struct AttentionOptions {
  /// Place i of the query sees places 0 ... i + s - t of the key: the last
  /// places of both belong together.
  bool causal = false;
  /// 1 / sqrt(d) when not given.
  std::optional<double> scale = std::nullopt;
};
/// softmax(scale query key^T) value, scaled dot-product attention (A. Vaswani
/// et al., "Attention Is All You Need", 2017, eq. 1): query [..., t, d], key
/// [..., s, d] and value [..., s, e] with equal leading axes (batch, heads)
/// give [..., t, e]. Integers compute in float32. ShapeError when sizes differ,
/// or for a causal query longer than the key.
[[nodiscard]] Tensor attention(const Tensor &query, const Tensor &key,
                               const Tensor &value,
                               const AttentionOptions &options = {},
                               Where where = Where::here());

} // namespace needle
