// Adam.h - adaptive moments.
#pragma once

#include "needle/frontend/optim/Optimizer.h"

namespace needle::optim {

struct AdamOptions {
  double learningRate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weightDecay = 0; // added to the gradient: decay * value
};

/// D. P. Kingma and J. Ba, "Adam", ICLR 2015, algorithm 1, as PyTorch's
/// torch.optim.Adam has it: p -= rate * mhat / (sqrt(vhat) + epsilon) with the
/// bias-corrected moments. Corrections are computed in float64.
class Adam : public Optimizer {
public:
  explicit Adam(std::vector<Variable> parameters, AdamOptions options = {},
                Where where = Where::here());

private:
  void advance() override;
  Tensor update(size_t index, const Tensor &value,
                const Tensor &gradient) override;
  AdamOptions options;
  std::vector<Variable> first, second;
  Variable power1, power2; // beta1^t, beta2^t: [] float64
  Tensor stepSize, correction2; // of the update under way
};

} // namespace needle::optim
