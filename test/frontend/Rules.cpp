// Rules.cpp - the numbered rules of values: identity, cells, history, pending
// assignments.
#include "needle/frontend/Compile.h"
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <thread>

namespace nd = needle;
using Floats = std::vector<float>;

namespace {

// What `call` throws says all of `parts`.
template <class E, class F>
void expectThrow(F call, std::initializer_list<std::string> parts) {
  try {
    call();
    FAIL() << "nothing was thrown";
  } catch (const E &error) {
    for (const std::string &part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
          << error.what() << "\nlacks " << part;
  }
}

// ---- 1 identity ------------------------------------------------------------
TEST(Rule1Identity, EqualCallsAreTensorsOfTheirOwn) {
  nd::Tensor a = nd::zeros({4}), b = nd::zeros({4});
  nd::Tensor loss = nd::sum(2 * a + 3 * b);
  EXPECT_EQ(nd::grad(loss, a).toVector<float>(), Floats(4, 2));
  EXPECT_EQ(nd::grad(loss, b).toVector<float>(), Floats(4, 3));
}

TEST(Rule1Identity, EqualSubexpressionsAreNotMerged) {
  nd::Tensor p = nd::tensor({1, 2});
  nd::Tensor a = p * 2, b = p * 2;
  EXPECT_EQ(nd::grad(nd::sum(a * 3 + b * 5), a).toVector<float>(),
            Floats(2, 3));
}

// ---- 2 values and cells ----------------------------------------------------
TEST(Rule2Cells, CompoundAssignmentRebindsTheHandle) {
  nd::Tensor x = nd::tensor({1, 2}), y = x;
  y += 1;
  EXPECT_EQ(x.toVector<float>(), (Floats{1, 2}));
  EXPECT_EQ(y.toVector<float>(), (Floats{2, 3}));
}

TEST(Rule2Cells, CopiesAliasAndEarlierReadsKeepTheOldValue) {
  nd::Variable w(nd::tensor({1, 2}));
  nd::Variable alias = w;
  nd::Tensor before = w, used = w * 10;
  alias.assign(nd::tensor({3, 4}));
  EXPECT_EQ(w.toVector<float>(), (Floats{3, 4}));
  EXPECT_EQ(before.toVector<float>(), (Floats{1, 2}));
  EXPECT_EQ(used.toVector<float>(), (Floats{10, 20}));
}

TEST(Rule2Cells, AssignWantsTheSameShapeAndDType) {
  nd::Variable w(nd::tensor({1, 2}));
  expectThrow<nd::ShapeError>([&] { w.assign(nd::zeros({3})); },
                              {"Rules.cpp:", "assign", "[2]", "[3]"});
  expectThrow<nd::DTypeError>([&] { w.assign(nd::zeros({2}, nd::float64)); },
                              {"Rules.cpp:", "float32", "float64"});
  EXPECT_EQ(w.toVector<float>(), (Floats{1, 2}));
}

TEST(Rule2Cells, GradientOfAnOlderValueNamesBothLines) {
  nd::Variable w(nd::tensor({1, 2}));
  nd::Tensor loss = nd::sum(w * w);
  w.assign(nd::tensor({3, 4}));
  int assigned = __LINE__ - 1;
  expectThrow<nd::GradientError>([&] { (void)nd::grad(loss, w); },
                                 {"Rules.cpp:" + std::to_string(__LINE__ - 1),
                                  "older",
                                  "Rules.cpp:" + std::to_string(assigned)});
}

// ---- 4 history -------------------------------------------------------------
TEST(Rule4History, RealizedTensorsBecomeLeaves) {
  int64_t before = nd::liveTensors();
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor y = nd::exp(x) + 1;
  EXPECT_GT(nd::liveTensors(), before + 2);
  nd::realize(y);
  EXPECT_EQ(nd::liveTensors(), before + 2);
}

TEST(Rule4History, KeptTowardsATrainableVariable) {
  nd::Variable w(nd::tensor({1, 2}));
  nd::Tensor loss = nd::sum(w * w);
  nd::realize(loss);
  EXPECT_EQ(nd::grad(loss, w).toVector<float>(), (Floats{2, 4}));
}

TEST(Rule4History, KeptTowardsRequireGrad) {
  nd::Tensor x = nd::tensor({1, 2}).requireGrad();
  nd::Tensor y = x * x;
  nd::realize(y);
  EXPECT_EQ(nd::grad(nd::sum(y), x).toVector<float>(), (Floats{2, 4}));
}

TEST(Rule4History, RequireGradIsATensorOfItsOwn) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor marked = x.requireGrad();
  nd::Tensor loss = nd::sum(x * 3 + marked * 5);
  EXPECT_EQ(nd::grad(loss, marked).toVector<float>(), Floats(2, 5));
}

TEST(Rule4History, AStaleLeafIsAnErrorEvenWithAnotherPath) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor y = x * x;
  nd::realize(y);
  int cut = __LINE__ - 1;
  nd::Tensor loss = nd::sum(y + x);
  expectThrow<nd::GradientError>(
      [&] { (void)nd::grad(loss, x); },
      {"Rules.cpp:" + std::to_string(cut), "realized"});
}

TEST(Rule4History, AGradientTakenFirstSurvivesARealization) {
  nd::Tensor x = nd::tensor({1, 2}), y = x * x, loss = nd::sum(y * x);
  nd::Tensor gradient = nd::grad(loss, x);
  nd::Tensor second = nd::grad(nd::sum(gradient), x);
  nd::realize(y);
  EXPECT_EQ(loss.item(), 9);
  EXPECT_EQ(gradient.toVector<float>(), (Floats{3, 12}));
  EXPECT_EQ(second.toVector<float>(), (Floats{6, 12}));
}

// What a gradient keeps goes with it: descent by hand is no growing chain.
TEST(Rule4History, LossesReadBetweenStepsKeepNothingAlive) {
  int64_t before = nd::liveTensors();
  nd::Tensor x = nd::tensor({4, -2});
  for (int step = 0; step < 20; ++step) {
    nd::Tensor loss = nd::sum(nd::square(x));
    nd::Tensor next = x - 0.25 * nd::grad(loss, x);
    (void)loss.item();
    nd::realize(next);
    x = next;
  }
  EXPECT_EQ(x.toVector<float>(), (Floats{4.0 / (1 << 20), -2.0 / (1 << 20)}));
  EXPECT_EQ(nd::liveTensors(), before + 1);
}

TEST(Rule4History, ALeafRecordedBeforeIsAConstant) {
  nd::Tensor data = nd::tensor({1, 2}) * 3;
  nd::realize(data);
  nd::Tensor x = nd::tensor({5, 6});
  EXPECT_EQ(nd::grad(nd::sum(x * data), x).toVector<float>(), (Floats{3, 6}));
}

TEST(Rule4History, DetachIsAConstantOnPurpose) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor loss = nd::sum(nd::detach(x) * x);
  EXPECT_EQ(nd::grad(loss, x).toVector<float>(), (Floats{1, 2}));
}

TEST(Rule4History, NoPathIsAnErrorOrZeros) {
  nd::Tensor x = nd::tensor({1, 2}), y = nd::tensor({3, 4});
  expectThrow<nd::GradientError>([&] { (void)nd::grad(nd::sum(y * y), x); },
                                 {"Rules.cpp:", "no gradient reaches"});
  nd::Tensor zero = nd::grad(nd::sum(y * y), x, {.allowUnused = true});
  EXPECT_EQ(zero.toVector<float>(), Floats(2, 0));
}

TEST(Rule4History, TheErrorNamesTheOpThatCut) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor index = nd::argmax(x, 0);
  int line = __LINE__ - 1;
  expectThrow<nd::GradientError>(
      [&] { (void)nd::grad(nd::convert(index, nd::float32), x); },
      {"argmax", "Rules.cpp:" + std::to_string(line)});
}

// Never silent zeros: whatever is not differentiable cuts, and says so.
TEST(Rule4History, OpsWithoutAGradientCut) {
  nd::Variable w(nd::tensor({1, 2}));
  nd::Tensor one = nd::ones({2}), zero = nd::zeros({2});
  nd::Tensor indices = nd::convert(w, nd::int64);
  auto expectCut = [&](const nd::Tensor &value, const char *op) {
    expectThrow<nd::GradientError>([&] { (void)nd::grad(nd::sum(value), w); },
                                   {"no gradient reaches", op});
  };
  expectCut(nd::where(w > 0, one, zero), "greater");
  expectCut(nd::convert(indices, nd::float32), "convert");
  expectCut(nd::oneHot(indices, 3), "convert");
  expectCut(nd::take(nd::tensor({1, 2, 3}), indices), "convert");
  expectCut(nd::convert(nd::argmax(w, 0), nd::float32), "argmax");
  expectCut(nd::detach(w) * 2, "detach");
  expectCut(nd::scan([&](const nd::Tensor &c,
                         const nd::Tensor &) { return c + nd::detach(w); },
                     zero, 3),
            "was not made from it");
  expectCut(nd::scan(
                [&](const nd::Tensor &c, const nd::Tensor &) {
                  return nd::scan(
                      [&](const nd::Tensor &d, const nd::Tensor &) {
                        return d + nd::convert(w > 0, nd::float32);
                      },
                      c, 2);
                },
                zero, 3),
            "was not made from it");
  EXPECT_THROW(nd::sum(nd::detach(w)).backward(), nd::GradientError);
  // The derivative of sign is known: 0.
  EXPECT_EQ(nd::grad(nd::sum(nd::sign(w)), w).toVector<float>(), Floats(2, 0));
}

TEST(Rule4History, WhatNoGradientCouldPassIsNoLostHistory) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor noise = nd::rand({2}), count = nd::arange(2),
             mask = nd::convert(x > 1, nd::float32);
  nd::Tensor constant = nd::full({2}, 3);
  nd::realize({noise, constant, count, mask});
  EXPECT_EQ(
      nd::grad(nd::sum(x * noise * 0 + x * constant), x).toVector<float>(),
      Floats(2, 3));
  EXPECT_EQ(nd::grad(nd::sum(x * mask), x).toVector<float>(), (Floats{0, 1}));
}

// ---- 5 pending assignments -------------------------------------------------
TEST(Rule5Pending, AssignmentsAreRealizedWithTheNextRealization) {
  nd::Variable count(nd::zeros({}));
  nd::realize(nd::Tensor(count));
  for (int i = 0; i < 5; ++i)
    count.assign(count + 1);
  int64_t waiting = nd::liveTensors();
  nd::realize(nd::tensor({1}) + 1);
  EXPECT_LT(nd::liveTensors(), waiting);
  EXPECT_EQ(count.item(), 5);
}

TEST(Rule5Pending, ALoopWithoutRealizationStaysFlat) {
  nd::Variable count(nd::zeros({}));
  int64_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    count.assign(count + 1);
    most = std::max(most, nd::liveTensors());
  }
  EXPECT_LT(most, 5000);
  EXPECT_EQ(count.item(), 5000);
}

TEST(Rule5Pending, ALoopWithoutJitCompilesNothingAfterItsSecondStep) {
  nd::Variable w(nd::tensor({1, 2, 3}));
  nd::Variable steps(nd::zeros({}));
  steps.trainable(false);
  nd::Tensor carried = nd::zeros({3});
  int64_t compiled = 0, live = 0;
  for (int i = 0; i < 200; ++i) {
    nd::Tensor x = nd::full({3}, 0.01 * i);
    nd::Tensor loss = nd::sum(nd::square(w * x - 1));
    carried = carried * 0.5 + nd::detach(loss);
    w.assign(w - 0.001 * i * nd::grad(loss, w));
    steps.assign(steps + 1);
    nd::realize({loss, carried});
    if (i == 2) {
      compiled = nd::detail::compiledPrograms();
      live = nd::liveTensors();
    }
  }
  EXPECT_EQ(nd::detail::compiledPrograms(), compiled);
  EXPECT_LE(nd::liveTensors(), live);
  EXPECT_EQ(steps.item(), 200);
}

TEST(Rule5Pending, ADeepGraphRecordsRunsAndDies) {
  nd::Tensor x = nd::tensor({1, 2});
  int64_t before = nd::liveTensors();
  {
    nd::Tensor y = x;
    for (int i = 0; i < 1000000; ++i)
      y = y + x;
    nd::Tensor wide = y;
    EXPECT_EQ(nd::liveTensors(), before + 1000000);
  }
  EXPECT_EQ(nd::liveTensors(), before);
}

} // namespace
