// Traces.cpp - rules 6 and 7 at their edges: modes, what a function makes,
// what it reads of its own Jit.
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace nd = needle;
using nd::Tensor, nd::Variable;
using Floats = std::vector<float>;

namespace {

struct Net : nd::nn::Module {
  nd::nn::Dropout &dropout = child("dropout", nd::nn::Dropout(0.5));
  Tensor operator()(const Tensor &x) { return dropout(x); }
};

TEST(Rule7Modes, AFunctionMayEvaluateAndGoOnTraining) {
  Net net;
  auto f = nd::jit([&](const Tensor &x) {
    net.eval();
    Tensor y = net(x);
    net.train();
    return y;
  });
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(f(nd::ones({8})).toVector<float>(), Floats(8, 1));
  EXPECT_EQ(f.compiles(), 1);
  EXPECT_TRUE(net.dropout.training());
}

TEST(Rule7Modes, AModeThatIsSetIsSetByEveryCall) {
  Net net;
  auto f = nd::jit([&](const Tensor &x) {
    Tensor y = net(x);
    net.eval();
    return y;
  });
  for (int i = 0; i < 5; ++i) {
    (void)f(nd::ones({8}));
    EXPECT_FALSE(net.training());
    net.train();
  }
  EXPECT_EQ(f.compiles(), 1);
}

TEST(Rule7Modes, AThrowRestoresThem) {
  Net net;
  auto f = nd::jit([&](const Tensor &x) {
    net.eval();
    throw std::runtime_error("mine");
    return net(x);
  });
  EXPECT_THROW((void)f(nd::ones({1})), std::runtime_error);
  EXPECT_TRUE(net.training());
  EXPECT_TRUE(net.dropout.training());
}

TEST(Rule6Trace, AModuleMayLiveInsideTheFunction) {
  auto f = nd::jit([](const Tensor &x) { return nd::nn::Dropout(0.5)(x); });
  Tensor x = nd::ones({64});
  Floats first = f(x).toVector<float>();
  for (int i = 0; i < 4; ++i)
    EXPECT_NE(f(x).toVector<float>(), first);
  EXPECT_EQ(f.compiles(), 1);
}

TEST(Rule6Trace, AnOptimizerMayBeMadeByTheFirstCall) {
  Variable w(nd::ones({2}));
  std::optional<nd::optim::SGD> sgd;
  auto step = nd::jit([&](const Tensor &x) {
    if (!sgd)
      sgd.emplace(std::vector<Variable>{w},
                  nd::optim::SgdOptions{.learningRate = 0.5, .momentum = 0.5});
    Tensor loss = nd::sum(w * x);
    sgd->step(loss);
    return loss;
  });
  // u: 1, 1.5, 1.75, 1.875; w: 1, 0.5, -0.25, -1.125
  for (float loss : {2.f, 1.f, -0.5f, -2.25f})
    EXPECT_EQ(step(nd::ones({2})).item(), loss);
  EXPECT_EQ(step.compiles(), 1);
}

TEST(Rule6Trace, AFunctionMayAskItsOwnJit) {
  std::optional<nd::Jit<Tensor(Tensor)>> f;
  int seen = -1;
  f.emplace([&](const Tensor &x) {
    seen = f->calls();
    return x + 1;
  });
  EXPECT_EQ((*f)(nd::ones({1})).item(), 2);
  EXPECT_EQ(seen, 0);
}

TEST(Rule7Inside, AnEscapedTensorThrowsHoweverItIsUsed) {
  Tensor escaped;
  Variable w(nd::ones({1}));
  auto f = nd::jit([&](const Tensor &x) {
    Tensor loss = nd::sum(w * x);
    loss.backward();
    escaped = w.grad();
    return loss;
  });
  (void)f(nd::ones({1}));
  auto other = nd::jit([](const Tensor &x) { return x; });
  auto captures = nd::jit([&](const Tensor &x) { return x + escaped; });
  EXPECT_THROW(w.assign(escaped), nd::TraceError);
  EXPECT_THROW(Variable made(escaped), nd::TraceError);
  EXPECT_THROW(nd::realize(escaped), nd::TraceError);
  EXPECT_THROW((void)other(escaped), nd::TraceError);
  EXPECT_THROW((void)captures(nd::ones({1})), nd::TraceError);
  EXPECT_EQ(w.item(), 1);
  EXPECT_EQ(other(w).item(), 1);
}

TEST(Rule6Trace, SwappedAndTwiceAssignedVariables) {
  Variable a(nd::tensor({1})), b(nd::tensor({2}));
  auto swap = nd::jit([&] {
    Tensor ta = a, tb = b;
    a.assign(tb);
    b.assign(ta);
  });
  swap();
  EXPECT_EQ(a.item() * 10 + b.item(), 21);
  swap();
  EXPECT_EQ(a.item() * 10 + b.item(), 12);
  auto twice = nd::jit([&] {
    a.assign(a + 1);
    Tensor between = a;
    a.assign(a * 2);
    return between;
  });
  EXPECT_EQ(twice().item(), 2);
  EXPECT_EQ(a.item(), 4);
}

TEST(Rule6Trace, AStaleSeedOrKeyIsFound) {
  int seed = 1;
  auto scoped = nd::jit([&] {
    nd::RandomScope scope(static_cast<uint64_t>(seed));
    return nd::rand({1});
  });
  (void)scoped();
  seed = 2;
  EXPECT_THROW((void)scoped(), nd::StaleCaptureError);
  nd::Key key(1);
  auto keyed = nd::jit([&] { return nd::random::uniform(key, {1}); });
  (void)keyed();
  key = nd::Key(2);
  EXPECT_THROW((void)keyed(), nd::StaleCaptureError);
}

TEST(Rule8Random, AThreadsKeyIsFoldedFromTheProcess) {
  float drawn = 0;
  std::thread worker([&] { drawn = nd::rand({1}).item<float>(); });
  worker.join();
  bool isFound = false;
  for (uint64_t n = 0; n < 200 && !isFound; ++n) { // threads that drew before
    nd::Key key = nd::foldIn(nd::foldIn(nd::Key(0), UINT32_MAX), n);
    isFound =
        drawn == nd::random::uniform(nd::foldIn(key, 0), {1}).item<float>();
  }
  EXPECT_TRUE(isFound) << drawn;
}

} // namespace
