// Optimizer.h - what all optimizers share.
#pragma once

#include "needle/frontend/Tensor.h"
#include "needle/frontend/Variable.h"

#include <vector>

namespace needle::optim {

/// Updates parameters from their gradients. All state, the learning rate and
/// the counters included, lives in variables: a jitted step updates it in
/// place, and changing it never compiles again. The update of a bfloat16
/// parameter is computed in float32, as its slots are, and rounded once.
class Optimizer {
public:
  virtual ~Optimizer();
  Optimizer(const Optimizer &) = delete;
  Optimizer &operator=(const Optimizer &) = delete;

  /// apply(grad(loss, parameters())), and `loss` becomes a constant. Parameters
  /// that `loss` does not depend on keep their value and state; `untouched`
  /// lists them. Outside a trace, loss, parameters and state are realized as
  /// one graph. Throws GradientError when it depends on none.
  void step(const Tensor &loss, Where where = Where::here());
  /// The same with the gradients that backward() left in grad(); parameters
  /// without one are untouched.
  void step(Where where = Where::here());
  /// One update from gradients in the order of parameters(); an empty Tensor
  /// leaves its parameter untouched. ShapeError, DTypeError, TargetError or
  /// Error when they do not fit; then nothing is assigned.
  void apply(const std::vector<Tensor> &gradients, Where where = Where::here());

  /// Forgets what backward() accumulated.
  void zeroGrad();
  const std::vector<Variable> &parameters() const { return all; }
  /// Positions in parameters() that the last step left alone.
  const std::vector<size_t> &untouched() const { return skipped; }

  void setLearningRate(double rate, Where where = Where::here());
  double learningRate(Where where = Where::here()) const;

protected:
  /// Throws Error when `parameters` is empty or holds an integer variable.
  Optimizer(std::vector<Variable> parameters, double learningRate,
            const char *name, Where where);
  /// Once per apply, before the parameters that have a gradient: counters.
  virtual void advance(const std::vector<Tensor> &gradients);
  /// The new value of parameter `index` from its value and gradient, both as
  /// wideDType() of the parameter's; assigns the slots.
  virtual Tensor update(size_t index, const Tensor &value,
                        const Tensor &gradient) = 0;
  /// A slot for every parameter, zeros of its shape and wideDType(), and named
  /// like it: "hidden.weight.SLOT".
  std::vector<Variable> makeSlots(const char *slot, Where where) const;
  /// The learning rate, [] float64.
  Tensor rate() const { return learning; }

private:
  void checkGradient(size_t i, const Tensor &gradient, Where where) const;
  void finish(const Tensor *loss, Where where);
  std::vector<Variable> all;
  std::vector<size_t> skipped;
  Variable learning;
  const char *name;
  uint64_t lastGroup = 0; // of assignments
};

} // namespace needle::optim
