// Supervised.cpp - classifiers and regressions, step by step as JAX trains
// them. Expected values: trajectories.py.
#include "Trajectory.h"

namespace nd = needle;
using namespace needle::test;
using nd::Tensor;
using nd::Variable;

namespace {

struct Block : nd::nn::Module {
  nd::nn::Linear &inner = child("inner", nd::nn::Linear(16, 16));
  nd::nn::LayerNorm &norm = child("norm", nd::nn::LayerNorm({16}));
  nd::nn::Dropout &drop = child("drop", nd::nn::Dropout(0.25));
  Tensor operator()(const Tensor &x) {
    return x + drop(nd::tanh(inner(norm(x))));
  }
};

struct Residual : nd::nn::Module {
  nd::nn::Linear &in = child("in", nd::nn::Linear(6, 16));
  Block &first = child<Block>("first"), &second = child<Block>("second");
  nd::nn::Linear &out = child("out", nd::nn::Linear(16, 4));
  Tensor operator()(const Tensor &x) { return out(second(first(in(x)))); }
};

// Initial values that do not depend on draws; a shift for scales of norms.
void initialize(nd::nn::Module &module, int64_t seed) {
  for (auto &[name, variable] : module.namedParameters()) {
    double shift = name.ends_with("norm.weight") ? 1 : 0;
    variable.assign(numbers(variable.shape(), seed++, 0.4) + shift);
  }
}

struct BatchNorm : nd::nn::Module {
  Variable scale = parameter("scale", nd::ones({8})),
           offset = parameter("offset", nd::zeros({8})),
           mean = buffer("mean", nd::zeros({8})),
           variance = buffer("variance", nd::ones({8}));
  Tensor operator()(const Tensor &x) {
    Tensor center = nd::mean(x, {0}),
           spread = nd::mean(nd::square(x - center), {0});
    mean.assign(0.9 * mean + 0.1 * nd::detach(center));
    variance.assign(0.9 * variance + 0.1 * nd::detach(spread));
    return (x - center) * nd::rsqrt(spread + 1e-5) * scale + offset;
  }
};

} // namespace

TEST(Supervised, ResidualMlpWithNormDropoutAndAdam) {
  Losses expected = {1.4284759,  0.81206661, 0.35575846,
                     0.31728145, 0.22195068, 0.090457842};
  expectTrajectory(expected, 1e-4, [](Mode mode) {
    Residual model;
    initialize(model, 50);
    nd::optim::Adam optimizer(model.parameters(), {.learningRate = 0.01});
    auto step = stepIn(mode, [&](const Tensor &x, const Tensor &labels) {
      Tensor loss = nd::nn::crossEntropy(model(x), labels);
      optimizer.step(loss);
      return loss;
    });
    Tensor x = numbers({7, 6}, 4), labels = classes({7}, 4, 1);
    return everyTenth([&](int) { return step(x, labels).item(); });
  });
}

// The batch in four parts, whose gradients add up.
TEST(Supervised, AccumulatedAndClippedGradients) {
  Losses expected = {1.2773266,  0.8559773,  0.66295493,
                     0.51319432, 0.42117649, 0.31609738};
  expectTrajectory(expected, 1e-4, [](Mode mode) {
    Variable in(numbers({10, 8}, 21)), out(numbers({8, 3}, 22));
    nd::optim::SGD optimizer({in, out}, {.learningRate = 0.5, .momentum = 0.8});
    auto step = stepIn(mode, [&](const Tensor &x, const Tensor &labels) {
      std::vector<Tensor> xs = nd::split(x, 4), ys = nd::split(labels, 4);
      std::vector<Tensor> total;
      Tensor loss = nd::zeros({});
      for (size_t part = 0; part < xs.size(); ++part) {
        Tensor hidden = nd::tanh(nd::matmul(xs[part], in));
        Tensor l = nd::nn::crossEntropy(nd::matmul(hidden, out), ys[part]) / 4;
        std::vector<Tensor> gradients = nd::grad(l, {in, out});
        for (size_t i = 0; i < gradients.size(); ++i)
          if (part)
            total[i] += gradients[i];
          else
            total.push_back(gradients[i]);
        loss += l;
      }
      optimizer.apply(nd::optim::clipByGlobalNorm(total, 0.1));
      return loss;
    });
    Tensor x = numbers({32, 10}, 23), labels = classes({32}, 3, 5);
    return everyTenth([&](int) { return step(x, labels).item(); });
  });
}

// Other data at every step; the statistics are the last two values.
TEST(Supervised, BatchNormKeepsRunningStatistics) {
  Losses expected = {0.68124658, 0.68914056, 0.68911815, 0.68850666,
                     0.68915904, 0.68990409, 0.14502507, 2.1003435};
  expectTrajectory(expected, 1e-4, [](Mode mode) {
    Variable in(numbers({5, 8}, 30)), out(numbers({8, 2}, 31));
    BatchNorm norm;
    std::vector<Variable> all = norm.parameters();
    all.push_back(in);
    all.push_back(out);
    nd::optim::SGD optimizer(
        all, {.learningRate = 0.1, .momentum = 0.5, .nesterov = true});
    auto step = stepIn(mode, [&](const Tensor &x, const Tensor &labels) {
      Tensor hidden = nd::relu(norm(nd::matmul(x, in)));
      Tensor loss = nd::nn::crossEntropy(nd::matmul(hidden, out), labels);
      optimizer.step(loss);
      return loss;
    });
    Losses losses = everyTenth([&](int i) {
      return step(numbers({16, 5}, 32 + i % 5), classes({16}, 2, i % 5)).item();
    });
    losses.push_back(nd::sum(norm.mean).item());
    losses.push_back(nd::sum(norm.variance).item());
    return losses;
  });
}
