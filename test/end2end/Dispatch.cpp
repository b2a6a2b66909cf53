// Dispatch.cpp - what a call of a compiled function asks the heap for.
#include "needle/needle.h"
#include "needle/runtime/Allocator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

namespace nd = needle;

static thread_local int64_t news = 0;

// Of the whole program, libraries included.
void *operator new(size_t bytes) {
  ++news;
  if (void *memory = std::malloc(bytes ? bytes : 1))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

namespace {

struct Counts {
  int64_t news, freshBlocks;
};

/// Of 60 calls, among them none that is traced again or measured (those are
/// calls 1, 2, 4, 8, ...).
template <class Call> Counts ofSixtyCalls(const Call &call) {
  for (int i = 0; i < 65; ++i)
    call();
  auto fresh = [] {
    return nd::runtime::Allocator::process().statistics().fresh;
  };
  Counts before{news, fresh()};
  for (int i = 0; i < 60; ++i)
    call();
  return {news - before.news, fresh() - before.freshBlocks};
}

class Heapless : public testing::Test {
  void SetUp() override {
    const char *queue = std::getenv("NEEDLE_QUEUE");
    if (queue && std::string_view(queue) == "deferred")
      GTEST_SKIP() << "work that waits is on the heap";
  }
};

} // namespace

TEST_F(Heapless, ACallTakesNothingFromTheHeap) {
  nd::Tensor x = nd::ones({16});
  auto add = nd::jit([](const nd::Tensor &x) { return x + 1; });
  nd::Tensor last;
  Counts counts = ofSixtyCalls([&] { last = add(x); });
  EXPECT_EQ(counts.news, 0);
  EXPECT_EQ(counts.freshBlocks, 0);
  EXPECT_EQ(last.toVector<float>(), std::vector<float>(16, 2));
}

TEST_F(Heapless, AListOfResultsCostsItsList) {
  std::vector<nd::Tensor> xs(50, nd::ones({16}));
  auto add = nd::jit([](const std::vector<nd::Tensor> &xs) {
    std::vector<nd::Tensor> sums;
    for (const nd::Tensor &x : xs)
      sums.push_back(x + 1);
    return sums;
  });
  std::vector<nd::Tensor> last;
  Counts counts = ofSixtyCalls([&] { last = add(xs); });
  EXPECT_EQ(counts.news, 60);
  EXPECT_EQ(counts.freshBlocks, 0);
}

TEST_F(Heapless, AStepWithVariablesAndDrawsTakesNothingFromTheHeap) {
  nd::Variable weight(nd::zeros({16})), large(nd::zeros({1000}));
  nd::Tensor x = nd::ones({16});
  auto step = nd::jit([&](const nd::Tensor &x) {
    weight.assign(weight * 0.5 + x + nd::randn({16}));
    large.assign(large + 1);
    return nd::sum(weight);
  });
  nd::Tensor last;
  Counts counts = ofSixtyCalls([&] { last = step(x); });
  EXPECT_EQ(counts.news, 0);
  EXPECT_EQ(counts.freshBlocks, 0);
  EXPECT_EQ(large.toVector<float>(), std::vector<float>(1000, 125));
}

TEST(Dispatch, ResultsDroppedByAnotherThreadComeBack) {
  nd::Tensor x = nd::ones({16});
  auto add = nd::jit([](const nd::Tensor &x) { return x + 1; });
  (void)add(x);
  using nd::runtime::Allocator;
  int64_t live = Allocator::process().statistics().liveBytes,
          tensors = nd::liveTensors();
  int64_t fresh = 0;
  for (int round = 0; round < 50; ++round) {
    std::vector<nd::Tensor> sums;
    for (int i = 0; i < 500; ++i)
      sums.push_back(add(x));
    std::thread([&] { sums.clear(); }).join();
    if (round == 5)
      fresh = Allocator::process().statistics().fresh;
  }
  EXPECT_EQ(Allocator::process().statistics().liveBytes, live);
  EXPECT_EQ(Allocator::process().statistics().fresh, fresh);
  EXPECT_EQ(nd::liveTensors(), tensors);
}
