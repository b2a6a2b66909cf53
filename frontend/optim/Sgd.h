// Sgd.h - stochastic gradient descent.
#pragma once

#include "needle/frontend/optim/Optimizer.h"

namespace needle::optim {

struct SgdOptions {
  double learningRate = 1e-2;
  double momentum = 0;
  double dampening = 0;
  double weightDecay = 0; // added to the gradient: decay * value
  bool nesterov = false;
  /// The damped momentum of the course framework Needle, from u = 0 on:
  /// u = momentum * u + (1 - momentum) * g. Excludes dampening and nesterov.
  bool damped = false;
};

/// PyTorch's torch.optim.SGD: g += decay * p; u = g at the first step, then
/// momentum * u + (1 - dampening) * g; p -= rate * (nesterov ? g + momentum * u
/// : u). I. Sutskever et al., ICML 2013, in the form of that page.
class SGD : public Optimizer {
public:
  explicit SGD(std::vector<Variable> parameters, SgdOptions options = {},
               Where where = Where::here());

private:
  Tensor update(size_t index, const Tensor &value,
                const Tensor &gradient) override;
  SgdOptions options;
  std::vector<Variable> momenta; // empty without momentum
  std::vector<Variable> started; // per parameter: 1 after its first step
};

} // namespace needle::optim
