// Adam.cpp - adaptive moments.
#include "needle/frontend/optim/Adam.h"

#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Index.h"
#include "needle/runtime/Error.h"

#include <algorithm>

namespace needle::optim {

namespace {
Variable makePower(size_t parameters, const std::string &name, Where where) {
  Variable power(ones({parameters}, DType::float64), where);
  power.trainable(false).name(name);
  return power;
}
} // namespace

Adam::Adam(std::vector<Variable> parameters, AdamOptions options, Where where)
    : Adam(std::move(parameters), options, false, "Adam", where) {}

AdamW::AdamW(std::vector<Variable> parameters, AdamWOptions options,
             Where where)
    : Adam(std::move(parameters),
           {options.learningRate, options.beta1, options.beta2, options.epsilon,
            options.weightDecay},
           true, "AdamW", where) {}

Adam::Adam(std::vector<Variable> parameters, const AdamOptions &o,
           bool decoupled, const char *name, Where where)
    : Optimizer(std::move(parameters), o.learningRate, name, where), options(o),
      decoupled(decoupled), first(makeSlots("firstMoment", where)),
      second(makeSlots("secondMoment", where)),
      power1(makePower(first.size(), std::string(name) + ".beta1Power", where)),
      power2(
          makePower(first.size(), std::string(name) + ".beta2Power", where)) {
  auto isRate = [](double beta) { return beta >= 0 && beta < 1; };
  if (!isRate(o.beta1) || !isRate(o.beta2) || !(o.epsilon >= 0))
    throw Error(where, std::string(name) + ": beta1 is " +
                           std::to_string(o.beta1) + ", beta2 " +
                           std::to_string(o.beta2) + ", epsilon " +
                           std::to_string(o.epsilon) +
                           ", wanted betas in [0, 1) and epsilon >= 0");
}

void Adam::advance(const std::vector<Tensor> &gradients) {
  std::vector<bool> isCounted;
  for (const Tensor &gradient : gradients)
    isCounted.push_back(!gradient.empty());
  bool areAll = std::ranges::count(isCounted, false) == 0;
  auto next = [&](const Variable &power, double beta) {
    Tensor multiplied = power * beta;
    if (areAll)
      return multiplied;
    return where(fromData(isCounted, {isCounted.size()}), multiplied, power);
  };
  power1.assign(next(power1, options.beta1));
  power2.assign(next(power2, options.beta2));
  stepSizes = rate() / (1 - power1);
  corrections2 = sqrt(1 - power2);
}

Tensor Adam::update(size_t index, const Tensor &value, const Tensor &gradient) {
  Tensor g = gradient;
  Tensor from = value;
  if (options.weightDecay != 0 && decoupled)
    from = value * convert(1 - rate() * options.weightDecay, value.dtype());
  else if (options.weightDecay != 0)
    g = g + options.weightDecay * value;
  Tensor m = options.beta1 * first[index] + (1 - options.beta1) * g;
  Tensor v = options.beta2 * second[index] + (1 - options.beta2) * square(g);
  first[index].assign(m);
  second[index].assign(v);
  Tensor stepSize = convert(take(stepSizes, index), m.dtype());
  Tensor root = sqrt(v) / convert(take(corrections2, index), v.dtype());
  return from - stepSize * m / (root + options.epsilon);
}

} // namespace needle::optim
