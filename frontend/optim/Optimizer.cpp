// Optimizer.cpp - what all optimizers share.
#include "needle/frontend/optim/Optimizer.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Scope.h"
#include "needle/frontend/Trace.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Gradient.h"
#include "needle/runtime/Error.h"

namespace needle::optim {

namespace {
Variable scalarVariable(double value, const std::string &name, Where where) {
  Variable variable(full(Shape{}, value, DType::float64), where);
  variable.trainable(false).name(name);
  return variable;
}
} // namespace

Optimizer::Optimizer(std::vector<Variable> parameters, double learningRate,
                     const char *name, Where where)
    : all(std::move(parameters)),
      learning(scalarVariable(learningRate, std::string(name) + ".learningRate",
                              where)),
      name(name) {
  if (all.empty())
    throw Error(where, std::string(name) + ": got no parameters");
  for (const Variable &variable : all)
    if (!isFloating(variable.dtype()))
      throw DTypeError(where, std::string(name) + ": a parameter is " +
                                  toString(variable.dtype()) +
                                  ", wanted floating numbers");
}
Optimizer::~Optimizer() = default;

std::vector<Variable> Optimizer::makeSlots(const char *slot,
                                           Where where) const {
  std::vector<Variable> slots;
  for (const Variable &variable : all) {
    slots.emplace_back(zeros(variable.shape(), wideDType(variable.dtype())),
                       where);
    slots.back().trainable(false).name(variable.name() + "." + slot);
  }
  return slots;
}

void Optimizer::advance(const std::vector<Tensor> &) {}

void Optimizer::checkGradient(size_t i, const Tensor &gradient,
                              Where where) const {
  if (gradient.empty())
    return;
  auto says = [&](const auto &given, const auto &wanted) {
    return std::string(name) + ": gradient " + std::to_string(i) + " is " +
           given + ", its parameter is " + wanted;
  };
  const Variable &parameter = all[i];
  if (gradient.shape() != parameter.shape())
    throw ShapeError(
        where, says(toString(gradient.shape()), toString(parameter.shape())));
  if (gradient.dtype() != parameter.dtype())
    throw DTypeError(
        where, says(toString(gradient.dtype()), toString(parameter.dtype())));
  if (!(gradient.target() == parameter.target()))
    throw TargetError(where, says("on " + gradient.target().name(),
                                  "on " + parameter.target().name()));
}

void Optimizer::apply(const std::vector<Tensor> &gradients, Where where) {
  if (gradients.size() != all.size())
    throw Error(where, std::string(name) + ": got " +
                           std::to_string(gradients.size()) +
                           " gradients for " + std::to_string(all.size()) +
                           " parameters");
  for (size_t i = 0; i < all.size(); ++i)
    checkGradient(i, gradients[i], where);
  LibraryScope scope(where, name);
  detail::AssignmentGroup together;
  lastGroup = together.number();
  skipped.clear();
  advance(gradients);
  for (size_t i = 0; i < all.size(); ++i) {
    if (gradients[i].empty()) {
      skipped.push_back(i);
      continue;
    }
    // The update is state, no part of a later gradient; it rounds once.
    DType dtype = all[i].dtype(), wide = wideDType(dtype);
    Tensor value = convert(detach(all[i]), wide);
    Tensor next = update(i, value, convert(detach(gradients[i]), wide));
    all[i].assign(detach(convert(next, dtype)));
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
    // A constant first, as far as its history matters: it must not keep the
    // old values of parameters from being updated in place.
    detail::Node *node = loss->get();
    bool wasOnPurpose = node->is(detail::Node::onPurpose);
    node->set(detail::Node::onPurpose);
    try {
      detail::realizeStep(*loss, lastGroup, where);
    } catch (...) { // the step has not happened
      if (!wasOnPurpose)
        node->clear(detail::Node::onPurpose);
      throw;
    }
    cutHistory(*loss, where);
  } else {
    detail::realizeStep(Tensor(), lastGroup, where);
  }
}

void Optimizer::zeroGrad() {
  for (const Variable &variable : all)
    variable.zeroGrad();
}

void Optimizer::setLearningRate(double rate, Where where) {
  learning.assign(full(Shape{}, rate, DType::float64), where);
}
double Optimizer::learningRate(Where where) const {
  return learning.item(where);
}

} // namespace needle::optim
