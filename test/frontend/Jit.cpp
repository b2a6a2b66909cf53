// Jit.cpp - rules 6 and 7: traces, signatures, captures, what a call leaves.
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>
#include <thread>

namespace nd = needle;
using Floats = std::vector<float>;

namespace {

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
std::string text(const nd::Miss &miss) {
  std::ostringstream os;
  os << miss;
  return os.str();
}

// ---- 6 a trace -------------------------------------------------------------
TEST(Rule6Trace, RunsOncePerSignature) {
  int runs = 0;
  auto f = nd::jit(
      [&](const nd::Tensor &x) {
        ++runs;
        return x * 2;
      },
      {.recheck = false});
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(f(nd::full({2}, i)).toVector<float>(), Floats(2, 2.f * i));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(f.compiles(), 1);
  EXPECT_EQ(f.calls(), 5);
}

TEST(Rule6Trace, SaysWhyItCompiledAgain) {
  auto f = nd::jit([](const nd::Tensor &x) { return x + 1; });
  (void)f(nd::ones({32, 64}));
  EXPECT_EQ(text(f.lastMiss()),
            "first call, Jit.cpp:" + std::to_string(__LINE__ - 2));
  (void)f(nd::ones({20, 64}));
  EXPECT_EQ(text(f.lastMiss()),
            "argument 0: [20, 64] instead of [32, 64], Jit.cpp:" +
                std::to_string(__LINE__ - 3));
  (void)f(nd::ones({20, 64}, nd::float64));
  EXPECT_NE(text(f.lastMiss()).find("float64"), std::string::npos);
  EXPECT_EQ(f.compiles(), 3);
}

struct Batch {
  nd::Tensor images;
  std::vector<nd::Tensor> extra;
  bool flag;
};

TEST(Rule6Trace, ArgumentsAndResultsAreTrees) {
  auto f =
      nd::jit([](const Batch &batch, std::map<std::string, nd::Tensor> named) {
        nd::Tensor sum = batch.images;
        for (const nd::Tensor &x : batch.extra)
          sum += x;
        if (batch.flag)
          sum = sum * 10;
        named["sum"] = sum;
        return std::pair(named, std::optional<nd::Tensor>(sum + 1));
      });
  Batch batch{nd::ones({2}), {nd::ones({2}), nd::ones({2})}, false};
  auto [named, more] = f(batch, {{"a", nd::zeros({1})}});
  EXPECT_EQ(named.size(), 2u);
  EXPECT_EQ(named.at("sum").toVector<float>(), Floats(2, 3));
  EXPECT_EQ(more->toVector<float>(), Floats(2, 4));
  batch.flag = true; // booleans belong to the signature
  nd::Tensor flagged = *f(batch, {{"a", nd::zeros({1})}}).second;
  EXPECT_EQ(flagged.toVector<float>(), Floats(2, 31));
  EXPECT_EQ(f.compiles(), 2);
}

TEST(Rule6Trace, VariablesAreInputsAndOutputs) {
  nd::Variable w(nd::tensor({1, 2}));
  auto step = nd::jit([&](const nd::Tensor &x) {
    w.assign(w + x);
    return nd::sum(w * 1);
  });
  for (int i = 1; i <= 9; ++i) {
    nd::Tensor total = step(nd::ones({2}));
    EXPECT_EQ(total.item(), 3 + 2 * i);
  }
  EXPECT_EQ(w.toVector<float>(), (Floats{10, 11}));
  EXPECT_EQ(step.compiles(), 1);
  w.assign(nd::tensor({100, 100}));
  EXPECT_EQ(step(nd::ones({2})).item(), 202);
}

TEST(Rule6Trace, UpdatesInPlaceOnlyWhenNobodyElseHoldsTheValue) {
  nd::Variable w(nd::tensor({1, 2}));
  auto step = nd::jit([&] { w.assign(w + 1); });
  step();
  EXPECT_EQ(step.report().updatedInPlace + step.report().copiedVariables, 1);
  nd::Tensor held = w;
  step();
  EXPECT_EQ(held.toVector<float>(), (Floats{2, 3}));
  EXPECT_EQ(w.toVector<float>(), (Floats{3, 4}));
  EXPECT_EQ(step.report().copiedVariables, 1);
}

TEST(Rule6Trace, AStaleNumberIsFoundAndNamed) {
  double rate = 0.5;
  auto f = nd::jit([&](const nd::Tensor &x) { return x * rate; });
  int line = __LINE__ - 1;
  (void)f(nd::ones({2}));
  rate = 0.25;
  expectThrow<nd::StaleCaptureError>(
      [&] { (void)f(nd::ones({2})); },
      {"Jit.cpp:" + std::to_string(line), "0.25", "0.5"});
}

TEST(Rule6Trace, NumbersAreComparedValueForValue) {
  double number = NAN;
  auto f = nd::jit([&](const nd::Tensor &x) { return x * number; });
  (void)f(nd::ones({2}));
  (void)f(nd::ones({2})); // NaN is what it was
  number = 0.1;
  auto g = nd::jit([&](const nd::Tensor &x) { return x * number; });
  (void)g(nd::ones({2}));
  number = 0.10000000000000002; // more digits than streams show
  expectThrow<nd::StaleCaptureError>([&] { (void)g(nd::ones({2})); },
                                     {" 0.10000000000000002,", " 0.1 "});
  number = 0;
  auto h = nd::jit([&](const nd::Tensor &x) { return x * number; });
  (void)h(nd::ones({2}));
  number = -0.0;
  expectThrow<nd::StaleCaptureError>([&] { (void)h(nd::ones({2})); }, {"-0"});
}

// Indices that a function computes give rows of NaN when out of range: a
// constant in the graph.
TEST(Rule6Trace, ComputedLabelsMayBeCalledTwice) {
  auto loss = nd::jit([](const nd::Tensor &x, const nd::Tensor &labels) {
    return nd::nn::crossEntropy(x, nd::split(labels, 2)[1]);
  });
  nd::Tensor labels = nd::tensor<int64_t>({0, 1, 1, 0});
  for (int call = 0; call < 4; ++call)
    EXPECT_NEAR(loss(nd::zeros({2, 2}), labels).item(), std::log(2.0), 1e-6);
}

TEST(Rule6Trace, AStaleTensorIsFoundAndNamed) {
  nd::Tensor scale = nd::tensor({2, 3});
  auto f = nd::jit([&](const nd::Tensor &x) { return x * scale; });
  EXPECT_EQ(f(nd::ones({2})).toVector<float>(), (Floats{2, 3}));
  scale = nd::tensor({2, 3}); // equal: fine
  EXPECT_EQ(f(nd::ones({2})).toVector<float>(), (Floats{2, 3}));
  (void)f(nd::ones({2}));
  scale = nd::tensor({2, 4});
  expectThrow<nd::StaleCaptureError>([&] { (void)f(nd::ones({2})); },
                                     {"element 1", "4", "3"});
}

TEST(Rule6Trace, RecheckCanBeTurnedOff) {
  double rate = 0.5;
  auto f = nd::jit([&](const nd::Tensor &x) { return x * rate; },
                   {.recheck = false});
  (void)f(nd::ones({2}));
  rate = 0.25;
  EXPECT_EQ(f(nd::ones({2})).toVector<float>(), Floats(2, 0.5));
}

TEST(Rule6Trace, TensorsRecordedOutsideAreConstants) {
  nd::Tensor lazy = nd::tensor({1, 2}) * 3;
  auto f = nd::jit([&](const nd::Tensor &x) { return x + lazy; });
  EXPECT_EQ(f(nd::ones({2})).toVector<float>(), (Floats{4, 7}));
}

TEST(Rule6Trace, CanBeNamedAndAMember) {
  struct Model {
    nd::Variable w{nd::tensor({2})};
    nd::Jit<nd::Tensor(nd::Tensor)> step{
        [this](const nd::Tensor &x) { return x * w; }};
  } model;
  EXPECT_EQ(model.step(nd::ones({1})).item(), 2);
  nd::Jit<nd::Tensor(nd::Tensor)> none;
  expectThrow<nd::Error>([&] { (void)none(nd::ones({1})); }, {"empty Jit"});
}

TEST(Rule6Trace, AJittedFunctionInsideAnotherIsInlined) {
  auto inner = nd::jit([](const nd::Tensor &x) { return x * 3; });
  auto outer = nd::jit([&](const nd::Tensor &x) { return inner(x) + 1; });
  EXPECT_EQ(outer(nd::ones({1})).item(), 4);
  EXPECT_EQ(inner.compiles(), 0);
}

TEST(Rule6Trace, AFrozenVariableIsAnotherSignature) {
  nd::Variable w(nd::tensor({2}));
  auto f = nd::jit([&](const nd::Tensor &x) { return x * w; });
  (void)f(nd::ones({1}));
  w.trainable(false);
  (void)f(nd::ones({1}));
  EXPECT_EQ(f.compiles(), 2);
  EXPECT_NE(text(f.lastMiss()).find("frozen"), std::string::npos);
  w.trainable(true);
  (void)f(nd::ones({1}));
  EXPECT_EQ(f.compiles(), 2);
}

TEST(Rule6Trace, MoreSignaturesThanAllowedThrow) {
  auto f =
      nd::jit([](const nd::Tensor &x) { return x + 1; }, {.maxCompiles = 1});
  (void)f(nd::ones({1}));
  expectThrow<nd::TraceError>([&] { (void)f(nd::ones({2})); },
                              {"Jit.cpp:", "[2] instead of [1]"});
  EXPECT_EQ(f(nd::ones({1})).item(), 2);
}

TEST(Rule6Trace, VariablesMadeInsideStartFromConstants) {
  std::optional<nd::Variable> slot;
  auto step = nd::jit([&](const nd::Tensor &x) {
    if (!slot)
      slot.emplace(nd::zeros({1}));
    slot->assign(*slot + x);
    return *slot * 1;
  });
  for (int i = 1; i <= 5; ++i)
    EXPECT_EQ(step(nd::ones({1})).item(), i);
  EXPECT_EQ(slot->item(), 5);
}

TEST(Rule6Trace, NumbersAndVariablesAreArguments) {
  auto f = nd::jit(
      [](const nd::Tensor &x, const nd::Tensor &rate) { return x * rate; });
  nd::Variable w(nd::tensor({1, 2}));
  EXPECT_EQ(f(w, 0.5).toVector<float>(), (Floats{0.5, 1}));
  EXPECT_EQ(f(w, 3).toVector<float>(), (Floats{3, 6}));
  EXPECT_EQ(f.compiles(), 1);
}

// ---- 7 inside a trace ------------------------------------------------------
TEST(Rule7Inside, ValuesOfArgumentsCannotBeRead) {
  auto f = nd::jit([](const nd::Tensor &x) {
    double value = nd::sum(x).item();
    return x * value;
  });
  int line = __LINE__ - 3;
  expectThrow<nd::TraceError>([&] { (void)f(nd::ones({2})); },
                              {"Jit.cpp:" + std::to_string(line)});
}

TEST(Rule7Inside, ConstantsCanBeRead) {
  auto f = nd::jit(
      [](const nd::Tensor &x) { return x * nd::sum(nd::ones({3})).item(); });
  EXPECT_EQ(f(nd::ones({1})).item(), 3);
}

TEST(Rule7Inside, AThrowLeavesNothingBehind) {
  nd::Variable w(nd::tensor({1}));
  bool fail = true;
  auto f = nd::jit([&](const nd::Tensor &x) {
    w.assign(w + x);
    nd::Tensor noise = nd::rand({1});
    if (fail)
      throw std::runtime_error("mine");
    return w + noise * 0;
  });
  nd::RandomScope scope(3);
  EXPECT_THROW((void)f(nd::ones({1})), std::runtime_error);
  EXPECT_EQ(w.item(), 1);
  float lazily = nd::rand({1}).item<float>();
  nd::RandomScope again(3);
  EXPECT_EQ(nd::rand({1}).item<float>(), lazily);
  fail = false;
  EXPECT_EQ(f(nd::ones({1})).item(), 2);
}

TEST(Rule7Inside, AnEscapedTensorThrowsWhenUsed) {
  nd::Tensor escaped;
  auto f = nd::jit([&](const nd::Tensor &x) {
    escaped = x * 2;
    return x + 1;
  });
  (void)f(nd::ones({1}));
  EXPECT_THROW((void)(escaped + 1), nd::TraceError);
  EXPECT_THROW((void)escaped.item(), nd::TraceError);
}

TEST(Rule7Inside, ResultsShareMemoryWithNothing) {
  nd::Variable w(nd::tensor({1}));
  auto f = nd::jit([&](const nd::Tensor &x) {
    w.assign(w + 1);
    return std::tuple(nd::Tensor(w), x);
  });
  auto [first, input] = f(nd::zeros({1}));
  auto [second, other] = f(nd::zeros({1}));
  EXPECT_EQ(first.item(), 2);
  EXPECT_EQ(second.item(), 3);
  EXPECT_EQ(w.item(), 3);
}

TEST(Rule7Inside, ResultsAreLeaves) {
  nd::Variable w(nd::tensor({1}));
  auto f = nd::jit([&](const nd::Tensor &x) { return x * w; });
  nd::Tensor y = f(nd::ones({1}));
  EXPECT_THROW((void)nd::grad(nd::sum(y), w), nd::GradientError);
}

// ---- 8 random --------------------------------------------------------------
TEST(Rule8Random, JittedLazyAndEagerDrawTheSame) {
  auto lazily = [] {
    nd::RandomScope scope(7);
    std::vector<float> drawn;
    for (int i = 0; i < 3; ++i) {
      nd::Tensor a = nd::rand({2}), b = nd::randn({2});
      for (float x : (a + b).toVector<float>())
        drawn.push_back(x);
    }
    return drawn;
  };
  std::vector<float> expected = lazily(), eager;
  {
    nd::LazyScope scope(false);
    eager = lazily();
  }
  EXPECT_EQ(eager, expected);
  nd::RandomScope scope(7);
  auto f = nd::jit([] {
    nd::Tensor a = nd::rand({2}), b = nd::randn({2});
    return a + b;
  });
  std::vector<float> jitted;
  for (int i = 0; i < 3; ++i)
    for (float x : f().toVector<float>())
      jitted.push_back(x);
  ASSERT_EQ(jitted.size(), expected.size());
  // The same bits are drawn; what is computed from them may be contracted into
  // fused multiply-adds in one program and not in the other.
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_FLOAT_EQ(jitted[i], expected[i]);
}

TEST(Rule8Random, AScopeRestoresTheOuterState) {
  nd::RandomScope outer(1);
  float first = nd::rand({1}).item<float>();
  {
    nd::RandomScope inner(2);
    (void)nd::rand({1}).item<float>();
  }
  float second = nd::rand({1}).item<float>();
  nd::RandomScope again(1);
  EXPECT_EQ(nd::rand({1}).item<float>(), first);
  EXPECT_EQ(nd::rand({1}).item<float>(), second);
}

TEST(Rule8Random, AScopeInsideRestartsAtEveryCall) {
  auto f = nd::jit([] {
    nd::RandomScope scope(5);
    return nd::rand({2});
  });
  EXPECT_EQ(f().toVector<float>(), f().toVector<float>());
}

TEST(Rule8Random, KeysAreInputsAsArgumentsAndConstantsAsCaptures) {
  nd::Key captured(1);
  auto f = nd::jit([&](nd::Key key) {
    return std::pair(nd::random::uniform(key, {1}),
                     nd::random::uniform(captured, {1}));
  });
  auto [a, c] = f(nd::Key(1));
  auto [b, d] = f(nd::Key(2));
  EXPECT_EQ(a.item(), c.item());
  EXPECT_NE(a.item(), b.item());
  EXPECT_EQ(c.item(), d.item());
  EXPECT_EQ(f.compiles(), 1);
}

// ---- kernels ---------------------------------------------------------------
TEST(JitKernels, ContractionsShipCompiled) {
  auto f = nd::jit([](const nd::Tensor &a, const nd::Tensor &b) {
    return nd::matmul(a, nd::transpose(b));
  });
  nd::Tensor a = nd::ones({70, 33}), b = nd::ones({50, 33});
  EXPECT_EQ(nd::sum(f(a, b)).item(), 70 * 50 * 33);
  EXPECT_EQ(f.report().kernels, 1);
  EXPECT_EQ(f.report().kernelsCompiled, 0);
}

// ---- another batch size ----------------------------------------------------
// Kernels are free of shapes: only the first batch compiles any.
TEST(JitBatchSizes, OnlyTheFirstCompilesKernels) {
  nd::nn::Sequential model(nd::nn::Linear(96, 64), nd::nn::LayerNorm({64}),
                           nd::nn::ReLU(), nd::nn::Dropout(0.1),
                           nd::nn::Linear(64, 10));
  nd::optim::Adam optimizer(model.parameters(), {.learningRate = 1e-3});
  auto step = nd::jit([&](const nd::Tensor &x, const nd::Tensor &labels) {
    nd::Tensor logits = model(x);
    nd::Tensor loss =
        nd::nn::crossEntropy(logits, labels) + nd::mean(nd::square(x));
    optimizer.step(loss);
    return std::vector<nd::Tensor>{
        loss, nd::mean(x, 0), nd::max(x, -1),
        nd::mean(nd::convert(nd::argmax(logits, -1) == labels, nd::float32))};
  });
  bool isFirst = true;
  for (int64_t batch : {100, 16, 17, 64, 128, 256, 1000, 4099}) {
    (void)step(nd::rand({batch, 96}), nd::zeros({batch}, nd::int64));
    EXPECT_EQ(step.report().kernelsCompiled > 0, isFirst) << batch;
    isFirst = false;
  }
  EXPECT_EQ(step.compiles(), 8);
}

// ---- 11 threads ------------------------------------------------------------
TEST(Rule11Threads, SixtyFourThreadsCallOneStep) {
  nd::Variable count(nd::zeros({}));
  auto step = nd::jit([&](const nd::Tensor &x) {
    count.assign(count + 1);
    return x * 2;
  });
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 64; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 4; ++i)
        if (step(nd::full({2}, t)).toVector<float>() != Floats(2, 2.f * t))
          ++wrong;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(count.item(), 256);
  EXPECT_EQ(step.compiles(), 1);
  EXPECT_EQ(step.calls(), 256);
}

} // namespace

TEST(Jit, AnEmptyNameIsTheDefaultOne) {
  auto f = nd::jit([](const nd::Tensor &x) { return x + 1; }, {.name = ""});
  EXPECT_EQ(f(nd::ones({2})).toVector<float>(), Floats(2, 2));
  EXPECT_EQ(f.report().name, nd::JitOptions().name);
}
