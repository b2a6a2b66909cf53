// Locations.cpp - rule 12: every call that can fail says the line it is on.
#include "needle/needle.h"

#include <gtest/gtest.h>

namespace nd = needle;
using nd::Tensor, nd::Variable;

namespace {

// Throws `Class`; where() and the text's beginning are this very line.
#define EXPECT_HERE(Class, ...)                                                \
  try {                                                                        \
    __VA_ARGS__;                                                               \
    ADD_FAILURE() << "nothing was thrown by " #__VA_ARGS__;                    \
  } catch (const nd::Class &error) {                                           \
    EXPECT_EQ(error.where().line, __LINE__) << error.what();                   \
    std::string place = "Locations.cpp:" + std::to_string(__LINE__) + ": ";    \
    EXPECT_EQ(std::string(error.what()).rfind(place, 0), 0u) << error.what();  \
  }

class Rule12Lines : public testing::Test {
protected:
  Tensor none, x = nd::zeros({2, 3}), integers = nd::zeros({2}, nd::int32);
  Variable w{nd::zeros({2, 3})};
};

TEST_F(Rule12Lines, FactsAndValues) {
  EXPECT_HERE(Error, (void)none.shape());
  EXPECT_HERE(Error, (void)none.dtype());
  EXPECT_HERE(Error, (void)none.target());
  EXPECT_HERE(Error, (void)none.item());
  EXPECT_HERE(Error, (void)none.toVector<float>());
  EXPECT_HERE(Error, (void)none.grad());
  EXPECT_HERE(Error, none.backward());
  EXPECT_HERE(Error, nd::realize(none));
  EXPECT_HERE(ShapeError, (void)x.dim(2));
  EXPECT_HERE(ShapeError, (void)w.dim(-3));
  EXPECT_HERE(ShapeError, (void)x.shape()[4]);
  EXPECT_HERE(ShapeError, (void)x.item());
  EXPECT_HERE(DTypeError, (void)x.toVector<double>());
  EXPECT_HERE(DTypeError, (void)integers.requireGrad());
}

TEST_F(Rule12Lines, Shapes) {
  EXPECT_HERE(ShapeError, (void)nd::zeros({-1}));
  EXPECT_HERE(ShapeError, (void)nd::ones({1, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_HERE(ShapeError, (void)nd::full({1 << 20, 1 << 20, 1 << 20}, 1));
  EXPECT_HERE(ShapeError, (void)nd::eye(-1));
  EXPECT_HERE(ShapeError, (void)nd::rand({-1}));
  EXPECT_HERE(ShapeError, (void)nd::reshape(x, {-5}));
  EXPECT_HERE(ShapeError, (void)nd::broadcastTo(x, {3, 3}));
  EXPECT_HERE(ShapeError, (void)nd::tensor({1, 2, 3}, {2}));
  EXPECT_HERE(ShapeError, (void)(x + nd::ones({5})));
  EXPECT_HERE(ShapeError, x *= nd::ones({5}));
  EXPECT_HERE(DTypeError, (void)!x);
  EXPECT_HERE(IndexError, (void)nd::take(x, 5));
}

TEST_F(Rule12Lines, Variables) {
  EXPECT_HERE(Error, Variable empty(none));
  EXPECT_HERE(ShapeError, w.assign(nd::zeros({1})));
  EXPECT_HERE(DTypeError, w.assign(nd::zeros({2, 3}, nd::float64)));
  EXPECT_HERE(GradientError, (void)nd::grad(nd::sum(x), nd::ones({1})));
  nd::optim::SGD sgd({w});
  EXPECT_HERE(GradientError, sgd.step(nd::sum(x)));
  EXPECT_HERE(DTypeError, sgd.apply({nd::zeros({2, 3}, nd::float64)}));
  EXPECT_HERE(Error, nd::optim::SGD({}));
}

TEST_F(Rule12Lines, Targets) {
  EXPECT_HERE(TargetError, (void)nd::Target("tpu"));
  EXPECT_HERE(TargetError, nd::TargetScope scope("tpu"));
  EXPECT_HERE(TargetError, nd::setDefaultTarget("tpu"));
  EXPECT_HERE(TargetError, (void)nd::to(x, "tpu"));
}

TEST_F(Rule12Lines, ModulesAndData) {
  struct Named : nd::nn::Module {
    explicit Named(nd::nn::Name name) { parameter(name, nd::ones({})); }
  };
  EXPECT_HERE(Error, Named("a.b"));
  EXPECT_HERE(ShapeError, (void)nd::nn::Linear(7, 3)(x));
  EXPECT_HERE(Error, (void)nd::nn::Linear(7, 3)(none));
  EXPECT_HERE(Error, (void)nd::nn::ReLU()(none));
  EXPECT_HERE(ShapeError, (void)nd::nn::LayerNorm({-5}));
  EXPECT_HERE(Error, (void)nd::nn::crossEntropy(none, x));
  EXPECT_HERE(ShapeError, (void)nd::data::collate({x, nd::zeros({1})}));
  EXPECT_HERE(FormatError, nd::data::Mnist("/none", nd::data::Split::test));
}

TEST_F(Rule12Lines, JittedFunctions) {
  nd::Jit<Tensor(Tensor)> empty;
  EXPECT_HERE(Error, (void)empty(x));
  EXPECT_HERE(Error, (void)empty.report());
  auto f = nd::jit([](const Tensor &a) { return a + 1; });
  EXPECT_HERE(Error, (void)f(none));
  EXPECT_HERE(Error, (void)f.report());
  EXPECT_HERE(Error, (void)f.ir("fuse"));
  EXPECT_HERE(Error, f.dump("/none"));
  (void)f(x);
  EXPECT_HERE(CompileError, (void)f.ir("no stage"));
  EXPECT_HERE(CompileError, f.dump("/proc/none"));
  auto returnsNothing = nd::jit([](const Tensor &) { return Tensor(); });
  EXPECT_HERE(TraceError, (void)returnsNothing(x));
}

TEST_F(Rule12Lines, InsideATrace) {
  nd::optim::SGD sgd({w});
  auto f = nd::jit([&](const Tensor &a) {
    EXPECT_HERE(TraceError, (void)nd::toString(a));
    EXPECT_HERE(TraceError, (void)a.toVector<float>());
    EXPECT_HERE(TraceError, (void)w.toVector<float>());
    EXPECT_HERE(TraceError, nd::realize(a * 2));
    EXPECT_HERE(TraceError, (void)nd::allClose(a, a));
    EXPECT_HERE(TraceError, (void)sgd.learningRate());
    EXPECT_HERE(TraceError, w.trainable(false));
    EXPECT_HERE(TraceError, Variable fromArgument(a));
    return a;
  });
  (void)f(x);
  auto loop = nd::jit([&](const Tensor &a) {
    return nd::scan(
        [](const Tensor &c, const Tensor &) {
          EXPECT_HERE(TraceError, (void)nd::tap("inside", c));
          return c + 1;
        },
        a, 2);
  });
  EXPECT_EQ(loop(nd::zeros({})).item(), 2);
}

} // namespace
