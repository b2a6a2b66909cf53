// Recording.cpp - what recording an op costs, its release included.
// Each iteration records a graph of many ops and drops it; `ns/op` divides by
// the nodes that were alive, so that x * 2.5 counts its number, too. Nothing
// runs: shapes and dtypes are all that is computed.
#include "needle/needle.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace nd = needle;

namespace {

template <class F> void measure(benchmark::State &state, F record) {
  std::vector<nd::Tensor> ops;
  ops.reserve(1 << 20);
  int64_t before = nd::liveTensors();
  record(ops);
  int64_t nodes = nd::liveTensors() - before;
  ops.clear();
  for (auto _ : state) {
    record(ops);
    ops.clear();
  }
  // In seconds, printed with its unit: 82ns.
  state.counters["per_op"] = benchmark::Counter(
      double(nodes), benchmark::Counter::kIsIterationInvariantRate |
                         benchmark::Counter::kInvert);
  state.counters["ops"] = double(nodes);
}

/// `next` makes one op of x; `count` times from the same x.
template <class F> void repeat(benchmark::State &state, F next) {
  nd::Tensor x = nd::fromData<float>(std::vector<float>(32 * 64), {32, 64});
  measure(state, [&](std::vector<nd::Tensor> &ops) {
    for (int64_t i = 0; i < 1000; ++i)
      ops.push_back(next(x));
  });
}

void addChain(benchmark::State &state) {
  nd::Tensor x = nd::fromData<float>(std::vector<float>(16), {16});
  measure(state, [&](std::vector<nd::Tensor> &ops) {
    nd::Tensor y = x;
    for (int64_t i = 0; i < state.range(0); ++i)
      y = y + x;
    ops.push_back(y);
  });
}
BENCHMARK(addChain)->RangeMultiplier(10)->Range(1000, 1000000);

void scalar(benchmark::State &state) {
  repeat(state, [](const nd::Tensor &x) { return x * 2.5; });
}
BENCHMARK(scalar);

void broadcast(benchmark::State &state) {
  nd::Tensor bias = nd::fromData<float>(std::vector<float>(64), {64});
  repeat(state, [&](const nd::Tensor &x) { return x + bias; });
}
BENCHMARK(broadcast);

void unary(benchmark::State &state) {
  repeat(state, [](const nd::Tensor &x) { return nd::tanh(x); });
}
BENCHMARK(unary);

void reduction(benchmark::State &state) {
  repeat(state, [](const nd::Tensor &x) { return nd::sum(x, -1); });
}
BENCHMARK(reduction);

void transposition(benchmark::State &state) {
  repeat(state, [](const nd::Tensor &x) { return nd::transpose(x); });
}
BENCHMARK(transposition);

void reshaping(benchmark::State &state) {
  repeat(state, [](const nd::Tensor &x) { return nd::reshape(x, {64, -1}); });
}
BENCHMARK(reshaping);

void slicing(benchmark::State &state) {
  repeat(state, [](const nd::Tensor &x) {
    return nd::slice(x, {0, 8}, {32, 24});
  });
}
BENCHMARK(slicing);

void contraction(benchmark::State &state) {
  nd::Tensor w = nd::fromData<float>(std::vector<float>(64 * 10), {64, 10});
  repeat(state, [&](const nd::Tensor &x) { return nd::matmul(x, w); });
}
BENCHMARK(contraction);

// Forward, cross-entropy and the gradient op of a perceptron of three layers.
void perceptronStep(benchmark::State &state) {
  nd::nn::Sequential model(nd::nn::Linear(64, 32), nd::nn::ReLU(),
                           nd::nn::Linear(32, 32), nd::nn::ReLU(),
                           nd::nn::Linear(32, 10));
  std::vector<nd::Variable> parameters = model.parameters();
  nd::Tensor x = nd::fromData<float>(std::vector<float>(32 * 64), {32, 64});
  nd::Tensor labels = nd::fromData<int64_t>(std::vector<int64_t>(32), {32});
  for (nd::Variable &parameter : parameters)
    nd::realize(nd::Tensor(parameter));
  measure(state, [&](std::vector<nd::Tensor> &ops) {
    nd::Tensor loss = nd::nn::crossEntropy(model(x), labels);
    for (nd::Tensor &gradient : nd::grad(loss, parameters))
      ops.push_back(std::move(gradient));
  });
}
BENCHMARK(perceptronStep);

} // namespace

BENCHMARK_MAIN();
