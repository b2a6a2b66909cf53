// AfterErrors.cpp - what an error leaves behind: nothing. Rule 13: no variable
// has changed; the next call works.
#include "needle/needle.h"

#include <gtest/gtest.h>

namespace nd = needle;
using nd::Tensor, nd::Variable;
using Floats = std::vector<float>;

namespace {

const Tensor good = nd::tensor<int64_t>({0, 1, 2, 0}),
             outside = nd::tensor<int64_t>({0, 1, 9, 0});

struct Training {
  Variable w{nd::tensor({{1, 2, 3}, {4, 5, 6}})};
  nd::optim::Adam adam{{w}, {.learningRate = 0.1}};
  Tensor loss(const Tensor &labels) {
    Tensor x = nd::tensor({{1, 0}, {0, 1}, {1, 1}, {1, -1}});
    return nd::nn::crossEntropy(nd::matmul(x, w), labels);
  }
};

TEST(AfterErrors, ABadBatchIsAsIfItHadNotBeen) {
  Training with, without;
  for (int i = 0; i < 3; ++i) {
    with.adam.step(with.loss(good));
    EXPECT_THROW(with.adam.step(with.loss(outside)), nd::IndexError);
    without.adam.step(without.loss(good));
  }
  EXPECT_EQ(with.w.toVector<float>(), without.w.toVector<float>());
}

TEST(AfterErrors, ABadBatchOfAJittedStep) {
  Training with, without;
  auto step = nd::jit([&](const Tensor &labels) {
    Tensor loss = with.loss(labels);
    with.adam.step(loss);
    return loss;
  });
  for (int i = 0; i < 3; ++i) {
    (void)step(good);
    EXPECT_THROW((void)step(outside), nd::IndexError);
    without.adam.step(without.loss(good));
  }
  Floats a = with.w.toVector<float>(), b = without.w.toVector<float>();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], 1e-5); // programs differ in their contractions
  EXPECT_EQ(step.calls(), 3);
}

TEST(AfterErrors, OneBadAssignmentFailsOneRealization) {
  Variable w(nd::tensor({1, 2})), count(nd::zeros({}));
  nd::realize({w, count});
  count.assign(count + 1);
  w.assign(nd::take(nd::exp(w), nd::tensor<int64_t>({0, 7})));
  Tensor unrelated = nd::tensor({1}) + 1;
  EXPECT_THROW(nd::realize(unrelated), nd::IndexError);
  EXPECT_EQ(unrelated.item(), 2);
  EXPECT_EQ(count.item(), 1);                     // it was right
  EXPECT_EQ(w.toVector<float>(), (Floats{1, 2})); // its last value
}

TEST(AfterErrors, TheFirstValueOfAVariableComesBackToo) {
  Variable w(nd::tensor({1, 2}) * 3);
  w.assign(nd::take(nd::exp(w), nd::tensor<int64_t>({0, 7})));
  EXPECT_THROW(nd::realize(w), nd::IndexError);
  EXPECT_EQ(w.toVector<float>(), (Floats{3, 6}));
}

TEST(AfterErrors, ALossThatCouldNotBeComputedIsNoConstant) {
  Training t;
  Tensor loss = t.loss(outside);
  EXPECT_THROW(t.adam.step(loss), nd::IndexError);
  // Not "a constant since a step used it".
  EXPECT_THROW((void)nd::grad(loss, t.w).toVector<float>(), nd::IndexError);
}

TEST(AfterErrors, GradientsThatDoNotFitAssignNothing) {
  Variable a(nd::ones({1})), b(nd::ones({1}));
  nd::optim::Adam adam({a, b});
  EXPECT_THROW(adam.apply({nd::ones({1}), nd::ones({1}, nd::float64)}),
               nd::DTypeError);
  EXPECT_EQ(a.item(), 1);
}

TEST(AfterErrors, ScopesAreClosedByAnException) {
  Tensor x = nd::zeros({2, 3});
  EXPECT_THROW(
      {
        nd::LibraryScope layer(nd::Where{"layer.cpp", 3}, "layer");
        nd::TargetScope target("reference");
        nd::LazyScope eager(false);
        nd::RandomScope random(1);
        (void)nd::matmul(x, x);
      },
      nd::ShapeError);
  EXPECT_EQ(nd::TargetScope::current().name(), "cpu");
  int64_t before = nd::liveTensors();
  Tensor lazy = x + 1;
  EXPECT_GT(nd::liveTensors(), before + 1); // lazy again: its operands live
  try {
    (void)nd::matmul(x, x);
  } catch (const nd::Error &error) {
    EXPECT_EQ(error.where().line, __LINE__ - 2);
    EXPECT_EQ(std::string(error.what()).find("layer"), std::string::npos);
  }
}

} // namespace
