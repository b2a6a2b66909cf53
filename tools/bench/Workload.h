// Workload.h - what needle-bench measures, by name.
// The list and the sizes are those of the public benchmark set, where peers
// run the same.
#pragma once

#include "needle/needle.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace needle::bench {

/// A workload made ready: variables have their first values, inputs are there.
struct Instance {
  /// One call, which is complete when it returns.
  std::function<void()> call;
  /// After calls: results and variables, to compare with another target's.
  std::function<std::vector<Tensor>()> values;
  /// What was compiled, and time per kernel; nothing for what runs nothing.
  std::function<Report()> report;
};

struct Workload {
  std::string name;
  std::function<Instance()> make;
  /// The same program at sizes that the interpreter can do.
  std::function<Instance()> makeSmall;
};

/// Jitted `function(inputs...)` of fixed inputs; what it returned last and
/// `variables` are its values.
template <class Function, class... Inputs>
Instance instanceOf(Function function, std::vector<Variable> variables,
                    std::shared_ptr<void> owner, Inputs... inputs) {
  auto jitted =
      std::make_shared<decltype(jit(function))>(jit(std::move(function)));
  auto last = std::make_shared<std::vector<Tensor>>();
  auto keep = [last](auto result) {
    if constexpr (std::same_as<decltype(result), Tensor>)
      *last = {std::move(result)};
    else
      *last = std::move(result);
  };
  Instance instance;
  // `owner` holds what the function refers to.
  instance.call = [=] { (void)owner, keep((*jitted)(inputs...)); };
  instance.values = [=] {
    std::vector<Tensor> values = *last;
    values.insert(values.end(), variables.begin(), variables.end());
    return values;
  };
  instance.report = [=] { return jitted->report(); };
  return instance;
}

/// Standard normal numbers, the same in every process.
Tensor normal(const Shape &shape, uint64_t seed, double scale = 1);
/// Whole numbers in [0, count).
Tensor labels(const Shape &shape, int64_t count);

std::vector<Workload> networkWorkloads();
std::vector<Workload> languageWorkloads();
std::vector<Workload> functionWorkloads();
std::vector<Workload> overheadWorkloads();

} // namespace needle::bench
