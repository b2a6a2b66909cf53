// Generative.cpp - models that draw while they train: the numbers are JAX's.
// Expected values: trajectories.py.
#include "Trajectory.h"

namespace nd = needle;
using namespace needle::test;
using nd::Tensor;
using nd::Variable;

namespace {

struct Mlp : nd::nn::Module {
  Variable first, bias, second;
  Mlp(int64_t in, int64_t hidden, int64_t out, int64_t seed)
      : first(parameter("first", numbers({in, hidden}, seed, 0.5))),
        bias(parameter("bias", nd::zeros({hidden}))),
        second(parameter("second", numbers({hidden, out}, seed + 1, 0.5))) {}
  Tensor operator()(const Tensor &x) {
    return nd::matmul(nd::relu(nd::matmul(x, first) + bias), second);
  }
};

Tensor softplus(const Tensor &x) {
  return nd::relu(x) + nd::log(1 + nd::exp(-nd::abs(x)));
}

} // namespace

TEST(Generative, VariationalAutoencoder) {
  Losses expected = {7.5370102, 4.7102494, 3.904207,
                     3.0984852, 2.3436236, 2.1791573};
  expectTrajectory(expected, 1e-4, [](Mode mode) {
    Variable encode(numbers({10, 8}, 1, 0.5)), decode(numbers({4, 10}, 2, 0.5));
    nd::optim::Adam optimizer({encode, decode}, {.learningRate = 0.01});
    auto step = stepIn(mode, [&](const Tensor &x) {
      std::vector<Tensor> parts = nd::split(nd::matmul(x, encode), 2, 1);
      Tensor mean = parts[0], logVariance = parts[1];
      Tensor z = mean + nd::exp(0.5 * logVariance) * nd::randn({16, 4});
      Tensor error = nd::square(nd::tanh(nd::matmul(z, decode)) - x);
      Tensor divergence =
          nd::square(mean) + nd::exp(logVariance) - 1 - logVariance;
      Tensor loss = (nd::sum(error) + 0.05 * nd::sum(divergence)) / x.dim(0);
      optimizer.step(loss);
      return loss;
    });
    Tensor x = numbers({16, 10}, 3);
    return everyTenth([&](int) { return step(x).item(); });
  });
}

// Two functions share the variables of both models, each with its optimizer.
TEST(Generative, AdversariesWithTwoOptimizers) {
  Losses expected = {8.1954929, 7.9437994, 7.5286191,
                     7.5600741, 7.6250463, 7.3096602};
  expectTrajectory(expected, 2e-4, [](Mode mode) {
    Mlp maker(2, 8, 3, 10), judge(3, 8, 1, 20);
    nd::optim::Adam makes(maker.parameters(), {.learningRate = 0.005}),
        judges(judge.parameters(), {.learningRate = 0.005});
    auto judgeStep = stepIn(mode, [&](const Tensor &real) {
      Tensor made = nd::detach(maker(nd::randn({12, 2})));
      Tensor loss =
          nd::mean(softplus(-judge(real))) + nd::mean(softplus(judge(made)));
      judges.step(loss);
      return loss;
    });
    auto makeStep = stepIn(mode, [&](int64_t count) {
      Tensor loss = nd::mean(softplus(-judge(maker(nd::randn({count, 2})))));
      makes.step(loss);
      return loss;
    });
    Tensor real = numbers({12, 3}, 30);
    return everyTenth([&](int) {
      Tensor judged = judgeStep(real), made = makeStep(int64_t(12));
      return judged.item() + 10 * made.item();
    });
  });
}
