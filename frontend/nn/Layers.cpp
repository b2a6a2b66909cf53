// Layers.cpp - the layers as compositions of ops.
#include "needle/frontend/nn/Layers.h"

#include "needle/frontend/Record.h"
#include "needle/frontend/Scope.h"
#include "needle/frontend/nn/Init.h"
#include "needle/frontend/ops/Contract.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Index.h"
#include "needle/frontend/ops/Random.h"
#include "needle/frontend/ops/Reduce.h"
#include "needle/frontend/ops/Shape.h"

#include <cmath>

namespace needle::nn {

Linear::Linear(int64_t in, int64_t out, LinearOptions options, Where where)
    : in(in), out(out), weight(parameter("weight", [&] {
        if (in < 1 || out < 0)
          throw ShapeError(where, "Linear: in is " + std::to_string(in) +
                                      " and out is " + std::to_string(out) +
                                      ", wanted in >= 1 and out >= 0");
        Shape wanted{in, out};
        if (!options.weight)
          return Variable(kaimingUniform(wanted, in, 1 / std::sqrt(3), where),
                          where);
        if (options.weight->shape() != wanted)
          throw ShapeError(where, "Linear: the shared weight is " +
                                      toString(options.weight->shape()) +
                                      ", wanted " + toString(wanted));
        return *options.weight;
      }())) {
  if (options.bias)
    bias.emplace(parameter(
        "bias", kaimingUniform({out}, in, 1 / std::sqrt(3), where), where));
}

Tensor Linear::operator()(const Tensor &x, Where where) {
  LibraryScope scope(where, path());
  if (!x.shape().rank() || x.dim(-1) != in)
    detail::fail<ShapeError>("Linear", where,
                             "x is " + toString(x.shape()) + ", wanted [..., " +
                                 std::to_string(in) + "]");
  Tensor y = matmul(x, weight);
  return bias ? y + *bias : y;
}

Tensor ReLU::operator()(const Tensor &x, Where where) {
  LibraryScope scope(where, path());
  return relu(x);
}

Dropout::Dropout(double p, Where where) : p(p) {
  if (!(p >= 0 && p <= 1))
    throw Error(where, "Dropout: p is " + std::to_string(p) +
                           ", wanted a number in [0, 1]");
}

Tensor Dropout::operator()(const Tensor &x, Where where) {
  LibraryScope scope(where, path());
  if (!training() || p == 0)
    return x;
  if (p == 1)
    return zerosLike(x);
  Tensor keep = random::bernoulli(nextKey(), 1 - p, x.shape());
  return needle::where(keep, x * (1 / (1 - p)), zerosLike(x));
}

LayerNorm::LayerNorm(Shape shape, LayerNormOptions options, Where where)
    : shape(shape), options(options) {
  if (!options.affine)
    return;
  weight.emplace(parameter("weight", ones(shape), where));
  bias.emplace(parameter("bias", zeros(shape), where));
}

Tensor LayerNorm::operator()(const Tensor &x, Where where) {
  LibraryScope scope(where, path());
  int rank = x.shape().rank(), count = shape.rank();
  bool fits = rank >= count &&
              std::equal(shape.begin(), shape.end(), x.shape().end() - count);
  if (!fits)
    detail::fail<ShapeError>("LayerNorm", where,
                             "x is " + toString(x.shape()) +
                                 ", wanted its last axes to be " +
                                 toString(shape));
  std::vector<int64_t> last;
  for (int axis = rank - count; axis < rank; ++axis)
    last.push_back(axis);
  Axes axes{std::span<const int64_t>(last)};
  DType dtype = isFloating(x.dtype()) ? x.dtype() : DType::float32;
  Tensor wide = convert(x, wideDType(dtype));
  Tensor centred = wide - mean(wide, axes, true);
  Tensor y =
      centred * rsqrt(mean(square(centred), axes, true) + options.epsilon);
  if (!weight)
    return convert(y, dtype);
  return convert(y * *weight + *bias, promote(dtype, weight->dtype()));
}

Embedding::Embedding(int64_t count, int64_t size, Where where)
    : weight(parameter(
          "weight",
          [&] {
            if (count < 1 || size < 0)
              throw ShapeError(where,
                               "Embedding: count is " + std::to_string(count) +
                                   " and size is " + std::to_string(size) +
                                   ", wanted count >= 1 and size >= 0");
            return randn({count, size}, float32, where);
          }(),
          where)) {}

Tensor Embedding::operator()(const Tensor &indices, Where where) {
  LibraryScope scope(where, path());
  return embedding(indices, weight);
}

Tensor Sequential::operator()(const Tensor &x, Where where) {
  Tensor y = x;
  for (Step &step : steps)
    y = step(y, where);
  return y;
}

Tensor crossEntropy(const Tensor &logits, const Tensor &labels, Where where) {
  LibraryScope scope(where, "");
  auto fail = [&](const std::string &wanted) {
    throw ShapeError(where, "crossEntropy: logits are " +
                                toString(logits.shape()) + ", labels are " +
                                toString(labels.shape()) + ", wanted " +
                                wanted);
  };
  if (!isFloating(logits.dtype()))
    throw DTypeError(where, "crossEntropy: logits are " +
                                toString(logits.dtype()) +
                                ", wanted floating numbers");
  if (logits.shape().rank() != 2)
    fail("logits [n, classes]");
  if (isFloating(labels.dtype())) {
    if (labels.shape() != logits.shape())
      fail("probabilities of the logits' shape");
    return -mean(sum(labels * logSoftmax(logits, 1), 1));
  }
  if (labels.dtype() == DType::boolean)
    throw DTypeError(where, "crossEntropy: labels are boolean, wanted "
                            "integers or floating probabilities");
  if (labels.shape().rank() != 1 || labels.dim(0) != logits.dim(0))
    fail("labels [n]");
  // A label outside is an error where labels are inputs; where they are
  // computed its row is NaN, as a read outside is.
  Tensor target = checkedOneHot(labels, logits.dim(1), logits.dtype());
  // Chosen, not multiplied: a logit of -inf makes 0 * -inf of another class.
  Tensor chosen = needle::where(target == 0, 0, target * logSoftmax(logits, 1));
  return -mean(sum(chosen, 1));
}

} // namespace needle::nn
