// Overhead.cpp - what a call and what recording cost.
#include "../Workload.h"

namespace needle::bench {

namespace {

// A jitted function of n arrays of 16 that adds 1 to each.
Instance dispatch(int64_t count) {
  std::vector<Tensor> inputs;
  for (int64_t i = 0; i < count; ++i)
    inputs.push_back(normal({16}, uint64_t(i)));
  auto function = [](const std::vector<Tensor> &xs) {
    std::vector<Tensor> results;
    for (const Tensor &x : xs)
      results.push_back(x + 1);
    return results;
  };
  return instanceOf(function, {}, nullptr, inputs);
}

// Records adds of 16 elements and drops them; `values` runs the last ones.
Instance trace(int64_t count) {
  Tensor x = normal({16}, 1, 0.01);
  auto record = [x, count] {
    Tensor y = x;
    for (int64_t i = 0; i < count; ++i)
      y = y + x;
    return y;
  };
  Instance instance;
  instance.call = [record] { (void)record(); };
  instance.values = [record] { return std::vector<Tensor>{record()}; };
  instance.report = [] { return Report(); };
  return instance;
}

} // namespace

std::vector<Workload> overheadWorkloads() {
  std::vector<Workload> all;
  for (int64_t count : {1, 10, 100})
    all.push_back({"dispatch_" + std::to_string(count),
                   [=] { return dispatch(count); },
                   [=] { return dispatch(count); }});
  all.push_back(
      {"trace_10k", [] { return trace(10000); }, [] { return trace(100); }});
  return all;
}

} // namespace needle::bench
