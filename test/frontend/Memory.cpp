// Memory.cpp - rules 2 and 5: training loops in flat memory, updates in place,
// the warning about graphs that grow.
#include "needle/frontend/Compile.h"
#include "needle/frontend/Evaluate.h"
#include "needle/needle.h"
#include "needle/runtime/Buffer.h"

#include <gtest/gtest.h>

namespace nd = needle;
using nd::Tensor, nd::Variable;

namespace {

const void *memoryOf(const Variable &variable) {
  return nd::detail::bufferOf(Tensor(variable).get())->data();
}

struct Mlp : nd::nn::Module {
  nd::nn::Linear &hidden = child("hidden", nd::nn::Linear(4, 8));
  nd::nn::Linear &out = child("out", nd::nn::Linear(8, 3));
  Variable mean = buffer("mean", nd::zeros({8}));
  Tensor operator()(const Tensor &x) {
    Tensor h = nd::relu(hidden(x));
    mean.assign(0.9 * mean + 0.1 * nd::detach(nd::mean(h, 0)));
    return out(h);
  }
};

TEST(Memory, TwoThousandStepsWithoutJitAreFlat) {
  Mlp model;
  nd::optim::Adam adam(model.parameters());
  Variable steps(nd::zeros({}, nd::int64));
  steps.trainable(false);
  Tensor carried = nd::zeros({}), x = nd::rand({5, 4}),
         y = nd::tensor<int64_t>({0, 1, 2, 0, 1});
  int64_t compiled = 0, live = 0;
  for (int i = 0; i < 2000; ++i) {
    Tensor h = x + 0.001 * i + 0.01 * carried;
    Tensor loss = nd::nn::crossEntropy(model(h), y);
    carried = 0.9 * carried + nd::detach(loss); // computed by the next step
    adam.step(loss);
    steps.assign(steps + 1);
    if (i == 2) {
      compiled = nd::detail::compiledPrograms();
      live = nd::liveTensors();
    }
    if (i > 2)
      ASSERT_LE(nd::liveTensors(), live) << "step " << i;
  }
  EXPECT_EQ(nd::detail::compiledPrograms(), compiled);
  EXPECT_EQ(steps.item<int64_t>(), 2000);
}

TEST(Rule2Cells, AStepWithoutJitUpdatesInPlace) {
  Variable w(nd::tensor({1, 2, 3}));
  nd::optim::SGD sgd({w}, {.learningRate = 0.5, .momentum = 0.5});
  auto step = [&] {
    // Named: a temporary would be held while the step runs.
    Tensor loss = 0.5 * nd::sum(nd::square(w));
    sgd.step(loss);
  };
  step(); // p = 0.5, u = 1
  step();
  const void *before = memoryOf(w);
  step();
  EXPECT_EQ(memoryOf(w), before);
  // u: 1, 0.5 + 0.5, 0.5 + 0; p: 1 - 0.5, 0.5 - 0.5, 0 - 0.25.
  EXPECT_EQ(w.toVector<float>(), (std::vector<float>{-0.25, -0.5, -0.75}));
}

TEST(Rule2Cells, AHeldValueIsNotOverwritten) {
  Variable w(nd::tensor({1, 2})), v(nd::tensor({3, 4}));
  nd::realize({w, v});
  Tensor held = w;
  w.assign(w * 2);
  nd::realize(w);
  EXPECT_EQ(held.toVector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(w.toVector<float>(), (std::vector<float>{2, 4}));
  // Held through the history of a value that gradients may be taken of.
  Tensor product = w * v;
  w.assign(w + 1);
  nd::realize(w);
  EXPECT_EQ(nd::grad(nd::sum(product), v).toVector<float>(),
            (std::vector<float>{2, 4}));
  // And of one that was realized together with the update.
  Tensor loss = nd::sum(w * v);
  w.assign(w + 1);
  nd::realize(loss);
  EXPECT_EQ(nd::grad(loss, v).toVector<float>(), (std::vector<float>{3, 5}));
  EXPECT_EQ(w.toVector<float>(), (std::vector<float>{4, 6}));
}

TEST(Rule2Cells, AFailedUpdateGivesTheMemoryBack) {
  Variable w(nd::tensor({1, 2}));
  nd::realize(w);
  w.assign(nd::take(nd::exp(w), nd::tensor<int64_t>({0, 7})) + w);
  EXPECT_THROW(nd::realize(w), nd::IndexError);
  EXPECT_EQ(w.toVector<float>(), (std::vector<float>{1, 2}));
}

TEST(Rule5Pending, AGraphThatGrowsWarnsOnceWithItsLine) {
  Variable w(nd::tensor({1, 2}));
  Tensor total = nd::zeros({});
  testing::internal::CaptureStderr();
  int line = 0;
  for (int i = 0; i < 40; ++i) {
    Tensor loss = nd::sum(w * double(i));
    total = total + loss;
    (void)loss.item(); // another line asks for values, too
    nd::Tensor gradient = nd::grad(total, w); // through all steps
    (void)gradient.toVector<float>(), line = __LINE__;
  }
  std::string said = testing::internal::GetCapturedStderr();
  std::string place = "Memory.cpp:" + std::to_string(line);
  size_t first = said.find(place);
  ASSERT_NE(first, std::string::npos) << said;
  EXPECT_NE(said.find("grown"), std::string::npos) << said;
  EXPECT_EQ(said.find("grown", said.find("grown") + 1), std::string::npos);
}

} // namespace
