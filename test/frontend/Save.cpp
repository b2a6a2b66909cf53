// Save.cpp - jitted steps as files: they go on as the step itself would.
#include <needle/needle.h>
#include <needle/runtime/Step.h>

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace nd = needle;

namespace {

class Save : public testing::Test {
protected:
  std::string path =
      testing::TempDir() + "needle-save-" + std::to_string(getpid()) + "-" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  void TearDown() override { std::filesystem::remove_all(path); }

  static nd::Array arrayOf(const nd::Tensor &tensor) {
    if (tensor.dtype() == nd::int64)
      return {tensor.toVector<int64_t>(), tensor.shape()};
    return {tensor.toVector<float>(), tensor.shape()};
  }
  template <class Thrown, class Do> static std::string saying(const Do &run) {
    try {
      run();
    } catch (const Thrown &error) {
      return error.what();
    }
    return "nothing was thrown";
  }
};

struct Mlp : nd::nn::Module {
  nd::nn::Linear &hidden = child("hidden", nd::nn::Linear(6, 8));
  nd::nn::Linear &out = child("out", nd::nn::Linear(8, 3));
  nd::Tensor operator()(const nd::Tensor &x) {
    return out(nd::relu(hidden(x)));
  }
};

TEST_F(Save, ATrainingStepGoesOnBitForBit) {
  nd::RandomScope seed(1);
  Mlp model;
  nd::optim::Adam optimizer(model.parameters(), {.learningRate = 1e-2});
  auto step = nd::jit(
      [&](const nd::Tensor &x, const nd::Tensor &labels) {
        nd::Tensor loss = nd::nn::crossEntropy(model(x), labels);
        optimizer.step(loss);
        return loss;
      },
      {.name = "train"});
  nd::Tensor x = nd::randn({4, 6}), labels = nd::tensor<int64_t>({0, 1, 2, 1});
  step(x, labels);
  step(x, labels);
  step.save(path);
  nd::Step loaded = nd::Step::load(path);
  EXPECT_EQ(loaded.name(), "train");
  for (int i = 0; i < 5; ++i) {
    float loss = step(x, labels).item<float>();
    EXPECT_EQ(loaded.run({arrayOf(x), arrayOf(labels)})[0].item<float>(), loss)
        << i;
  }
  EXPECT_EQ(loaded.variable("hidden.weight").toVector<float>(),
            model.hidden.weight.toVector<float>());
  EXPECT_EQ(loaded.variable("hidden.weight.firstMoment").shape(),
            nd::Shape({6, 8}));
  loaded.setVariable("Adam.learningRate", nd::Array(0.0));
  nd::Array before = loaded.variable("out.bias");
  loaded.run({arrayOf(x), arrayOf(labels)});
  EXPECT_EQ(loaded.variable("out.bias").toVector<float>(),
            before.toVector<float>());
}

TEST_F(Save, NamesAreTheUsersOrNumbered) {
  nd::Variable scale(nd::tensor({2, 2}));
  scale.name("scale");
  auto step = nd::jit([&](const nd::Tensor &a, const nd::Tensor &b) {
    nd::tap("sum", a + b);
    return std::pair(a * scale, b);
  });
  nd::Tensor a = nd::tensor({1, 2}), b = nd::tensor({3, 4});
  testing::internal::CaptureStderr();
  step(a, b);
  testing::internal::GetCapturedStderr();
  step.save(path);
  nd::Step loaded = nd::Step::load(path);
  auto names = [](const std::vector<nd::Step::Value> &values) {
    std::string all;
    for (const nd::Step::Value &value : values)
      all += value.name + " ";
    return all;
  };
  EXPECT_EQ(names(loaded.inputs()), "input0 input1 ");
  EXPECT_EQ(names(loaded.variables()), "scale ");
  step.save(path, {.inputs = {"a", "b"}, .results = {"scaled", "same"}});
  loaded = nd::Step::load(path);
  EXPECT_EQ(names(loaded.inputs()), "a b ");
  std::map<std::string, nd::Array> results =
      loaded.run({{"b", arrayOf(b)}, {"a", arrayOf(a)}});
  EXPECT_EQ(results.at("scaled").toVector<float>(), (std::vector<float>{2, 4}));
  EXPECT_EQ(results.at("same").toVector<float>(), (std::vector<float>{3, 4}));
  EXPECT_EQ(results.at("sum").toVector<float>(), (std::vector<float>{4, 6}));
  loaded.setVariable("scale", nd::Array(std::vector<float>{10, 100}, {2}));
  EXPECT_EQ(loaded.run({arrayOf(a), arrayOf(b)})[0].toVector<float>(),
            (std::vector<float>{10, 200}));
}

TEST_F(Save, RandomDrawsGoOnOrStartFromASeed) {
  nd::RandomScope seed(5);
  auto step = nd::jit([](const nd::Tensor &x) { return x + nd::randn({4}); });
  nd::Tensor x = nd::zeros({4});
  step(x);
  step.save(path);
  nd::Step loaded = nd::Step::load(path);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(loaded.run({arrayOf(x)})[0].toVector<float>(),
              step(x).toVector<float>());
  loaded.seed(9);
  nd::RandomScope again(9);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(loaded.run({arrayOf(x)})[0].toVector<float>(),
              nd::randn({4}).toVector<float>());
}

TEST_F(Save, CapturedTensorsAndWrittenVariablesComeAlong) {
  nd::Tensor table = nd::tensor({10, 20, 30});
  nd::Variable last(nd::tensor({7, 7}), nd::Where::here());
  last.name("last");
  auto step = nd::jit([&](const nd::Tensor &indices) {
    nd::Tensor found = nd::take(table, indices, 0);
    last.assign(found); // never read
    return nd::sum(found);
  });
  nd::Tensor indices = nd::tensor<int64_t>({0, 2});
  step(indices);
  step.save(path);
  nd::Step loaded = nd::Step::load(path);
  EXPECT_EQ(loaded.variable("last").toVector<float>(),
            (std::vector<float>{10, 30}));
  EXPECT_EQ(
      loaded.run({nd::Array(std::vector<int64_t>{1, 1}, {2})})[0].item<float>(),
      40);
  EXPECT_EQ(loaded.variable("last").toVector<float>(),
            (std::vector<float>{20, 20}));
  EXPECT_NE(saying<nd::IndexError>([&] {
              loaded.run({nd::Array(std::vector<int64_t>{1, 3}, {2})});
            }).find("take: index 3 is out of range for size 3"),
            std::string::npos);
  EXPECT_EQ(loaded.variable("last").toVector<float>(),
            (std::vector<float>{20, 20}));
}

TEST_F(Save, PendingAssignmentsAreInTheFile) {
  nd::Variable rate(nd::tensor(1));
  rate.name("rate");
  auto step = nd::jit([&](const nd::Tensor &x) { return x * rate; });
  step(nd::tensor(1));
  rate.assign(nd::tensor(3) + 1);
  step.save(path);
  EXPECT_EQ(nd::Step::load(path).run({nd::Array(2.0f)})[0].item<float>(), 8);
}

TEST_F(Save, TheSignatureCalledLastIsSaved) {
  auto step = nd::jit([](const nd::Tensor &x) { return nd::sum(x); });
  EXPECT_NE(saying<nd::Error>([&] { step.save(path); }).find("Save.cpp:"),
            std::string::npos);
  EXPECT_NE(saying<nd::Error>([&] {
              step.save(path);
            }).find("has not been called yet"),
            std::string::npos);
  step(nd::ones({2}));
  step(nd::ones({3}));
  step(nd::ones({2}));
  step.save(path);
  EXPECT_EQ(nd::Step::load(path).inputs()[0].shape, nd::Shape({2}));
}

TEST_F(Save, EqualProgramsKeepTheirOwnNames) {
  nd::Variable one(nd::tensor({1, 2})), two(nd::tensor({3, 4}));
  one.name("one");
  two.name("two");
  auto first = nd::jit([&](const nd::Tensor &x) { return x - one; });
  auto second = nd::jit([&](const nd::Tensor &x) { return x - two; });
  first(nd::ones({2}));
  second(nd::ones({2})); // the program of the first
  second.save(path);
  nd::Step loaded = nd::Step::load(path);
  EXPECT_EQ(loaded.variable("two").toVector<float>(),
            (std::vector<float>{3, 4}));
}

TEST_F(Save, WhatCannotBeSavedSaysWhy) {
  auto step = nd::jit([](const nd::Tensor &x) { return nd::tanh(x); });
  {
    nd::TargetScope scope("reference");
    step(nd::ones({2}));
    EXPECT_NE(
        saying<nd::Error>([&] { step.save(path); }).find("reference target"),
        std::string::npos);
  }
  step(nd::ones({2}));
  EXPECT_NE(saying<nd::Error>([&] {
              step.save("/no/such/folder/x");
            }).find("cannot write /no/such/folder/x"),
            std::string::npos);
  EXPECT_NE(saying<nd::Error>([&] {
              step.save(path, {.inputs = {"a", "b"}});
            }).find("names of 2 inputs are given, there are 1"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Save, AStepNeedsTheCpuItWasCompiledFor) {
  auto step = nd::jit([](const nd::Tensor &x) { return nd::exp(x); });
  step(nd::ones({2}));
  step.save(path);
  const char *before = std::getenv("NEEDLE_CPU");
  if (before || !__builtin_cpu_supports("avx2"))
    GTEST_SKIP() << "compiled for the least CPU";
  setenv("NEEDLE_CPU", "sse2", 1);
  std::string said =
      saying<nd::TargetError>([&] { (void)nd::Step::load(path); });
  unsetenv("NEEDLE_CPU");
  EXPECT_NE(said.find("here there is sse2"), std::string::npos) << said;
  EXPECT_NO_THROW((void)nd::Step::load(path));
}

} // namespace
