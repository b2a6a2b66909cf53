// Layers.h - the layers, each called like a function.
#pragma once

#include "needle/frontend/nn/Module.h"

#include <concepts>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

namespace needle::nn {

struct LinearOptions {
  bool bias = true;
  /// Shares a weight of shape [in, out] (tied layers).
  std::optional<Variable> weight = std::nullopt;
};

/// x [..., in] -> x W + b [..., out]; W is [in, out], b is [out], both from
/// U(-1/sqrt(in), 1/sqrt(in)) as in PyTorch.
struct Linear : Module {
  Linear(int64_t in, int64_t out, LinearOptions options = {},
         Where where = Where::here());
  Tensor operator()(const Tensor &x, Where where = Where::here());

private:
  int64_t in, out;

public:
  Variable weight;
  std::optional<Variable> bias;
};

/// max(x, 0).
struct ReLU : Module {
  Tensor operator()(const Tensor &x, Where where = Where::here());
};

/// While training: each element is 0 with probability p, else x / (1 - p), with
/// a fresh draw at each call. Otherwise x. Error unless 0 <= p <= 1.
struct Dropout : Module {
  explicit Dropout(double p = 0.5, Where where = Where::here());
  Tensor operator()(const Tensor &x, Where where = Where::here());

private:
  double p;
};

struct LayerNormOptions {
  double epsilon = 1e-5;
  bool affine = true; // learned scale and offset
};

/// (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axes,
/// whose sizes are `shape`; the variance is the biased one (J. L. Ba et al.,
/// "Layer Normalization", 2016, eq. 4).
struct LayerNorm : Module {
  explicit LayerNorm(Shape shape, LayerNormOptions options = {},
                     Where where = Where::here());
  /// Over the last axis alone.
  explicit LayerNorm(int64_t size, LayerNormOptions options = {},
                     Where where = Where::here())
      : LayerNorm(Shape({size}, where), options, where) {}
  Tensor operator()(const Tensor &x, Where where = Where::here());

private:
  Shape shape;
  LayerNormOptions options;

public:
  std::optional<Variable> weight, bias;
};

/// [...] integers in [0, count) -> [..., size]: rows of a weight [count, size]
/// from N(0, 1) as in PyTorch. IndexError for an index outside.
struct Embedding : Module {
  Embedding(int64_t count, int64_t size, Where where = Where::here());
  Tensor operator()(const Tensor &indices, Where where = Where::here());
  Variable weight;
};

/// Calls modules, and any functions of a tensor, one after the other. Modules
/// become children named "0", "1", ... by position.
struct Sequential : Module {
  template <std::invocable<const Tensor &>... M>
  explicit Sequential(M &&...steps) {
    (add(std::forward<M>(steps)), ...);
  }
  Tensor operator()(const Tensor &x, Where where = Where::here());

private:
  using Step = std::function<Tensor(const Tensor &, Where)>;
  template <class M> void add(M &&step) {
    using Type = std::remove_cvref_t<M>;
    if constexpr (std::derived_from<Type, Module>) {
      static_assert(!std::is_lvalue_reference_v<M>,
                    "Sequential owns its modules: move them in");
      // The child's address outlives a move of this Sequential.
      Type *module = &child(std::to_string(steps.size()), std::move(step));
      steps.push_back([module](const Tensor &x, Where where) {
        if constexpr (std::invocable<Type &, const Tensor &, Where>)
          return (*module)(x, where);
        else
          return (*module)(x);
      });
    } else {
      steps.push_back([f = Type(std::forward<M>(step))](
                          const Tensor &x, Where) mutable -> Tensor {
        return f(x);
      });
    }
  }
  std::vector<Step> steps;
};

/// Mean over the rows of logits [n, classes] of -log softmax(logits)[label].
/// `labels` are integers [n] in [0, classes) or probabilities [n, classes].
/// Throws ShapeError or DTypeError when they fit neither.
Tensor crossEntropy(const Tensor &logits, const Tensor &labels,
                    Where where = Where::here());

} // namespace needle::nn
