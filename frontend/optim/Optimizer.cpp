// Optimizer.cpp - what all optimizers share.
#include "needle/frontend/optim/Optimizer.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Scope.h"
#include "needle/frontend/Trace.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Gradient.h"
#include "needle/runtime/Error.h"

namespace needle::optim {

namespace {
Variable scalarVariable(double value, Where where) {
  Variable variable(full(Shape{}, value, DType::float64), where);
  variable.trainable(false);
  return variable;
}
} // namespace

Optimizer::Optimizer(std::vector<Variable> parameters, double learningRate,
                     const char *name, Where where)
    : all(std::move(parameters)),
      learning(scalarVariable(learningRate, where)), name(name) {
  if (all.empty())
    throw Error(where, std::string(name) + ": got no parameters");
  for (const Variable &variable : all)
    if (!isFloating(variable.dtype()))
      throw DTypeError(where, std::string(name) + ": a parameter is " +
                                  toString(variable.dtype()) +
                                  ", wanted floating numbers");
}
Optimizer::~Optimizer() = default;

std::vector<Variable> Optimizer::makeSlots(Where where) const {
  std::vector<Variable> slots;
  for (const Variable &variable : all) {
    slots.emplace_back(zeros(variable.shape(), variable.dtype()), where);
    slots.back().trainable(false);
  }
  return slots;
}

void Optimizer::apply(const std::vector<Tensor> &gradients, Where where) {
  if (gradients.size() != all.size())
    throw Error(where, std::string(name) + ": got " +
                           std::to_string(gradients.size()) +
                           " gradients for " + std::to_string(all.size()) +
                           " parameters");
  for (size_t i = 0; i < all.size(); ++i)
    if (!gradients[i].empty() && gradients[i].shape() != all[i].shape())
      throw ShapeError(where, std::string(name) + ": gradient " +
                                  std::to_string(i) + " is " +
                                  toString(gradients[i].shape()) +
                                  ", its parameter is " +
                                  toString(all[i].shape()));
  LibraryScope scope(where, name);
  skipped.clear();
  advance();
  for (size_t i = 0; i < all.size(); ++i) {
    if (gradients[i].empty())
      skipped.push_back(i);
    else // the update is state, no part of a later gradient
      all[i].assign(detach(update(i, detach(all[i]), detach(gradients[i]))));
  }
}

void Optimizer::step(const Tensor &loss, Where where) {
  apply(gradIfAny(loss, all, where), where);
  finish(&loss, where);
}

void Optimizer::step(Where where) {
  std::vector<Tensor> gradients;
  for (const Variable &variable : all)
    gradients.push_back(variable.grad());
  apply(gradients, where);
  finish(nullptr, where);
}

void Optimizer::finish(const Tensor *loss, Where where) {
  if (isTracing())
    return;
  // Pending assignments (parameters, slots, counters) come along.
  if (loss) {
    realize(*loss, where);
    cutHistory(*loss);
  } else {
    detail::realizePending(where);
  }
}

void Optimizer::zeroGrad() {
  for (const Variable &variable : all)
    variable.zeroGrad();
}

void Optimizer::setLearningRate(double rate, Where where) {
  learning.assign(full(Shape{}, rate, DType::float64), where);
}
double Optimizer::learningRate() const { return Tensor(learning).item(); }

} // namespace needle::optim
