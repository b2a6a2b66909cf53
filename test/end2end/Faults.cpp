// Faults.cpp - every allocation of a training step fails once: a typed error,
// nothing has changed, and the next call is right.
#include <needle/needle.h>
#include <needle/runtime/Allocator.h>
#include <needle/runtime/Faults.h>

#include <gtest/gtest.h>

namespace nd = needle;
namespace faults = nd::runtime::faults;

namespace {

// The demo's step, smaller. Recording a draw counts, also when the program
// that it belongs to fails: a step that is recorded again has no dropout.
struct Training {
  explicit Training(double dropout)
      : model(nd::nn::Linear(20, 16), nd::nn::ReLU(), nd::nn::Dropout(dropout),
              nd::nn::Linear(16, 5)) {}
  nd::nn::Sequential model;
  nd::optim::Adam optimizer{model.parameters(), {.learningRate = 0.05}};
  nd::Tensor x = nd::random::normal(nd::Key(1), {12, 20});
  nd::Tensor labels = nd::fromData<int64_t>(
      std::vector<int64_t>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1}, {12});

  nd::Tensor loss(const nd::Tensor &x, const nd::Tensor &labels) {
    nd::Tensor loss = nd::nn::crossEntropy(model(x), labels);
    optimizer.step(loss);
    return loss;
  }
};

struct Jitted : Training {
  Jitted() : Training(0.2) {}
  nd::Jit<nd::Tensor(nd::Tensor, nd::Tensor)> jitted{
      [this](const nd::Tensor &x, const nd::Tensor &y) { return loss(x, y); }};
  double step() { return jitted(x, labels).item(); }
};
struct Plain : Training {
  Plain() : Training(0) {}
  double step() { return loss(x, labels).item(); }
};

/// The losses of the first steps.
template <class T> std::vector<double> losses(int steps) {
  nd::RandomScope seed(0);
  T training;
  std::vector<double> all;
  for (int i = 0; i < steps; ++i)
    all.push_back(training.step());
  return all;
}

/// Whether the n-th allocation of step `at` was reached; it failed then.
template <class T>
bool failsAt(int64_t n, int at, const std::vector<double> &expected) {
  nd::RandomScope seed(0);
  T training;
  for (int i = 0; i < at; ++i)
    EXPECT_EQ(training.step(), expected[size_t(i)]);
  faults::failNth(faults::Kind::allocation, n);
  double loss = 0;
  bool isThrown = false;
  try {
    loss = training.step();
  } catch (const nd::MemoryError &) {
    isThrown = true;
  }
  bool isStruck = faults::hasStruck(faults::Kind::allocation);
  faults::failNth(faults::Kind::allocation, 0);
  EXPECT_EQ(isThrown, isStruck) << "allocation " << n << " of step " << at;
  if (isThrown)
    loss = training.step();
  EXPECT_EQ(loss, expected[size_t(at)])
      << "allocation " << n << " of step " << at;
  for (size_t i = size_t(at) + 1; i < expected.size(); ++i)
    EXPECT_EQ(training.step(), expected[i])
        << "allocation " << n << " of step " << at;
  return isStruck;
}

template <class T> void failEachOnce(const std::vector<double> &expected) {
  for (int at : {0, 2}) {
    int64_t n = 1;
    while (n < 2000 && failsAt<T>(n, at, expected) &&
           !testing::Test::HasFailure())
      ++n;
    EXPECT_GT(n, 3) << "few allocations were met";
    EXPECT_LT(n, 2000);
  }
}

template <class T> void failEach() {
  std::vector<double> expected = losses<T>(4);
  int64_t tensors = nd::liveTensors();
  failEachOnce<T>(expected);
  // Programs that were compiled meanwhile stay, with their constants.
  int64_t bytes = nd::runtime::Allocator::process().statistics().liveBytes;
  failEachOnce<T>(expected);
  EXPECT_EQ(nd::liveTensors(), tensors);
  EXPECT_EQ(nd::runtime::Allocator::process().statistics().liveBytes, bytes);
}

} // namespace

TEST(Faults, EveryAllocationOfAJittedStep) { failEach<Jitted>(); }
TEST(Faults, EveryAllocationOfAStepWithoutJit) { failEach<Plain>(); }
