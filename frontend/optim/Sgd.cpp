// Sgd.cpp - stochastic gradient descent.
#include "needle/frontend/optim/Sgd.h"

#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/runtime/Error.h"

namespace needle::optim {

SGD::SGD(std::vector<Variable> parameters, SgdOptions o, Where where)
    : Optimizer(std::move(parameters), o.learningRate, "SGD", where),
      options(o) {
  if (o.nesterov && (o.momentum <= 0 || o.dampening != 0))
    throw Error(where, "SGD: nesterov needs momentum > 0 and dampening 0");
  if (o.damped && (o.nesterov || o.dampening != 0))
    throw Error(where, "SGD: damped excludes nesterov and dampening");
  if (o.momentum == 0)
    return;
  momenta = makeSlots("momentum", where);
  if (o.dampening != 0)
    for (size_t i = 0; i < momenta.size(); ++i) {
      started.emplace_back(zeros(Shape{}, DType::float64), where);
      started.back().trainable(false).name("SGD.started");
    }
}

Tensor SGD::update(size_t index, const Tensor &value, const Tensor &gradient) {
  Tensor g = gradient;
  if (options.weightDecay != 0)
    g = g + options.weightDecay * value;
  if (options.momentum != 0) {
    Tensor u = options.momentum * momenta[index];
    if (options.damped) {
      u = u + (1 - options.momentum) * g;
    } else if (options.dampening != 0) {
      // 1 at the first step, 1 - dampening after it.
      Tensor weight = 1 - options.dampening * Tensor(started[index]);
      u = u + convert(weight, g.dtype()) * g;
      started[index].assign(ones(Shape{}, DType::float64));
    } else {
      u = u + g;
    }
    momenta[index].assign(u);
    g = options.nesterov ? g + options.momentum * u : u;
  }
  return value - convert(rate(), value.dtype()) * g;
}

} // namespace needle::optim
