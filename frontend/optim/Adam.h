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
/// bias-corrected moments; a parameter without a gradient is not counted.
/// Corrections are computed in float64.
class Adam : public Optimizer {
public:
  explicit Adam(std::vector<Variable> parameters, AdamOptions options = {},
                Where where = Where::here());

protected:
  Adam(std::vector<Variable> parameters, const AdamOptions &options,
       bool decoupled, const char *name, Where where);

private:
  void advance(const std::vector<Tensor> &gradients) override;
  Tensor update(size_t index, const Tensor &value,
                const Tensor &gradient) override;
  AdamOptions options;
  bool decoupled; // weight decay beside the gradient
  std::vector<Variable> first, second;
  // beta^t with each parameter's own count of updates t: [parameters] float64.
  Variable power1, power2;
  Tensor stepSizes, corrections2; // of the update under way
};

struct AdamWOptions {
  double learningRate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weightDecay = 1e-2; // p -= rate * decay * p
};

/// Adam with the weight decay beside the gradient: p *= 1 - rate * decay, then
/// Adam's update (I. Loshchilov and F. Hutter, "Decoupled Weight Decay
/// Regularization", ICLR 2019, algorithm 2, as torch.optim.AdamW has it).
class AdamW : public Adam {
public:
  explicit AdamW(std::vector<Variable> parameters, AdamWOptions options = {},
                 Where where = Where::here());
};

} // namespace needle::optim
