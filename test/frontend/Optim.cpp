// Optim.cpp - optimizers against their published formulas, in plain doubles.
#include <needle/needle.h>

#include <gtest/gtest.h>

#include <cmath>

using namespace needle;

namespace {

const std::vector<double> start{0.5, -1.25, 2.0};
const std::vector<double> scale{1.0, 3.0, 0.25};

// loss = sum(scale * p^2) / 2, so dloss/dp = scale * p.
template <class MakeOptimizer>
std::vector<double> train(const MakeOptimizer &make, int steps, bool jitted) {
  Variable p(tensor<double>({0.5, -1.25, 2.0}));
  auto optimizer = make(std::vector<Variable>{p});
  Tensor weights = tensor<double>({1.0, 3.0, 0.25});
  auto loss = [&] { return 0.5 * sum(weights * square(p)); };
  if (jitted) {
    auto step = jit([&](const Tensor &w) {
      Tensor value = 0.5 * sum(w * square(p));
      optimizer.step(value);
      return value;
    });
    for (int i = 0; i < steps; ++i)
      step(weights);
    EXPECT_EQ(step.compiles(), 1);
  } else {
    for (int i = 0; i < steps; ++i)
      optimizer.step(loss());
  }
  return Tensor(p).toVector<double>();
}

void expectClose(const std::vector<double> &got,
                 const std::vector<double> &wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) // a few roundings per step
    EXPECT_NEAR(got[i], wanted[i], 1e-12 * std::max(1.0, std::abs(wanted[i])));
}

std::vector<double> sgd(const optim::SgdOptions &o, int steps) {
  std::vector<double> p = start, u(3, 0.0);
  for (int t = 0; t < steps; ++t)
    for (size_t i = 0; i < 3; ++i) {
      double g = scale[i] * p[i] + o.weightDecay * p[i];
      if (o.damped)
        u[i] = o.momentum * u[i] + (1 - o.momentum) * g;
      else
        u[i] = t == 0 ? g : o.momentum * u[i] + (1 - o.dampening) * g;
      if (o.momentum == 0)
        u[i] = g;
      p[i] -= o.learningRate * (o.nesterov ? g + o.momentum * u[i] : u[i]);
    }
  return p;
}

} // namespace

TEST(SGD, FollowsPyTorchsFormulas) {
  for (optim::SgdOptions o :
       {optim::SgdOptions{.learningRate = 0.1},
        optim::SgdOptions{.learningRate = 0.1, .weightDecay = 0.01},
        optim::SgdOptions{.learningRate = 0.05, .momentum = 0.9},
        optim::SgdOptions{
            .learningRate = 0.05, .momentum = 0.9, .dampening = 0.3},
        optim::SgdOptions{
            .learningRate = 0.05, .momentum = 0.9, .nesterov = true},
        optim::SgdOptions{
            .learningRate = 0.05, .momentum = 0.9, .damped = true}})
    for (bool jitted : {false, true})
      expectClose(train([&](auto p) { return optim::SGD(p, o); }, 6, jitted),
                  sgd(o, 6));
}

TEST(Adam, FollowsAlgorithm1) {
  for (double decay : {0.0, 0.1})
    for (bool jitted : {false, true}) {
      std::vector<double> p = start, m(3, 0.0), v(3, 0.0);
      for (int t = 1; t <= 7; ++t)
        for (size_t i = 0; i < 3; ++i) {
          double g = scale[i] * p[i] + decay * p[i];
          m[i] = 0.9 * m[i] + 0.1 * g;
          v[i] = 0.999 * v[i] + 0.001 * g * g;
          double mhat = m[i] / (1 - std::pow(0.9, t));
          double vhat = v[i] / (1 - std::pow(0.999, t));
          p[i] -= 0.01 * mhat / (std::sqrt(vhat) + 1e-8);
        }
      optim::AdamOptions o{.learningRate = 0.01, .weightDecay = decay};
      expectClose(train([&](auto q) { return optim::Adam(q, o); }, 7, jitted),
                  p);
    }
}

TEST(AdamW, DecaysBesideTheGradient) {
  for (bool jitted : {false, true}) {
    std::vector<double> p = start, m(3, 0.0), v(3, 0.0);
    for (int t = 1; t <= 7; ++t)
      for (size_t i = 0; i < 3; ++i) {
        double g = scale[i] * p[i];
        p[i] *= 1 - 0.01 * 0.1;
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        double mhat = m[i] / (1 - std::pow(0.9, t));
        double vhat = v[i] / (1 - std::pow(0.999, t));
        p[i] -= 0.01 * mhat / (std::sqrt(vhat) + 1e-8);
      }
    optim::AdamWOptions o{.learningRate = 0.01, .weightDecay = 0.1};
    expectClose(train([&](auto q) { return optim::AdamW(q, o); }, 7, jitted),
                p);
  }
}

// torch.optim.Adam keeps `step` per parameter: one that has no gradient in a
// step is not counted.
TEST(Adam, CountsTheUpdatesOfEachParameter) {
  for (bool jitted : {false, true}) {
    Variable a(tensor<double>({1.0})), b(tensor<double>({1.0}));
    optim::Adam adam({a, b}, {.learningRate = 0.01});
    auto both = [&] { adam.step(sum(square(a)) + sum(square(b))); };
    auto onlyA = [&] { adam.step(sum(square(a))); };
    auto jittedBoth = jit(both), jittedOnlyA = jit(onlyA);
    double p[2] = {1, 1}, m[2] = {}, v[2] = {};
    int t[2] = {};
    for (int step = 0; step < 9; ++step) {
      bool hasB = step % 3 == 2;
      if (jitted)
        hasB ? jittedBoth() : jittedOnlyA();
      else
        hasB ? both() : onlyA();
      for (int i = 0; i < 1 + hasB; ++i) {
        double g = 2 * p[i];
        ++t[i];
        m[i] = 0.9 * m[i] + 0.1 * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        double mhat = m[i] / (1 - std::pow(0.9, t[i]));
        double vhat = v[i] / (1 - std::pow(0.999, t[i]));
        p[i] -= 0.01 * mhat / (std::sqrt(vhat) + 1e-8);
      }
      EXPECT_NEAR(Tensor(a).item(), p[0], 1e-12);
      EXPECT_NEAR(Tensor(b).item(), p[1], 1e-12);
    }
  }
}

TEST(Optimizer, LearningRateIsNeverAReasonToCompile) {
  Variable p(tensor<double>({1.0}));
  optim::SGD optimizer({p}, {.learningRate = 0.5});
  auto step = jit([&] {
    Tensor loss = 0.5 * sum(square(p));
    optimizer.step(loss);
    return loss;
  });
  step(); // p = 0.5
  optimizer.setLearningRate(0.25);
  EXPECT_EQ(optimizer.learningRate(), 0.25);
  step(); // p = 0.375
  EXPECT_EQ(Tensor(p).item(), 0.375);
  EXPECT_EQ(step.compiles(), 1);
}

TEST(Optimizer, LeavesUnusedParametersAndReportsThem) {
  Variable used(tensor<double>({1.0})), unused(tensor<double>({5.0}));
  optim::SGD optimizer({used, unused}, {.learningRate = 0.5, .momentum = 0.9});
  optimizer.step(sum(square(used)));
  EXPECT_EQ(Tensor(used).item(), 0.0);
  EXPECT_EQ(Tensor(unused).item(), 5.0);
  EXPECT_EQ(optimizer.untouched(), (std::vector<size_t>{1}));
}

TEST(Optimizer, TapeStyleAccumulatesUntilCleared) {
  Variable p(tensor<double>({2.0}));
  optim::SGD optimizer({p}, {.learningRate = 0.1});
  sum(square(p)).backward();
  sum(square(p)).backward();
  EXPECT_EQ(p.grad().item(), 8.0);
  optimizer.step();
  EXPECT_DOUBLE_EQ(Tensor(p).item(), 1.2);
  optimizer.zeroGrad();
  EXPECT_TRUE(p.grad().empty());
}

TEST(Optimizer, RefusesWhatDoesNotFit) {
  Variable p(tensor<double>({2.0, 1.0}));
  optim::SGD optimizer({p});
  EXPECT_THROW(optimizer.apply({}), Error);
  EXPECT_THROW(optimizer.apply({zeros({3}, float64)}), ShapeError);
  EXPECT_THROW(optim::SGD({}), Error);
  EXPECT_THROW(optim::SGD({p}, {.momentum = 0, .nesterov = true}), Error);
  EXPECT_THROW(optim::Adam({p}, {.beta1 = 1.5}), Error);
  EXPECT_THROW(optim::AdamW({p}, {.beta2 = -1}), Error);
}

TEST(ClipByGlobalNorm, ScalesAllGradientsTogether) {
  Tensor a = tensor<double>({3.0}), b = tensor<double>({4.0});
  auto clipped = optim::clipByGlobalNorm({a, Tensor(), b}, 1);
  double factor = 1 / (5 + 1e-6);
  EXPECT_NEAR(clipped[0].item(), 3 * factor, 1e-15);
  EXPECT_TRUE(clipped[1].empty());
  EXPECT_NEAR(clipped[2].item(), 4 * factor, 1e-15);
  EXPECT_EQ(optim::clipByGlobalNorm({a}, 10)[0].item(), 3.0);
}
