// Gradients.cpp - gradients as users ask for them; the tape. Expected values
// are derivatives written out by hand.
#include "needle/frontend/Canonicalize.h"
#include "needle/frontend/Evaluate.h"
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nd = needle;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

namespace {

TEST(Gradient, HigherOrder) {
  nd::Tensor x = nd::tensor<double>({0.3, -0.7, 1.1}).requireGrad();
  nd::Tensor y = nd::sum(nd::tanh(x) * x);
  nd::Tensor dx = nd::grad(y, x), d2x = nd::grad(nd::sum(dx), x),
             d3x = nd::grad(nd::sum(d2x), x);
  Doubles first = dx.toVector<double>(), second = d2x.toVector<double>(),
          third = d3x.toVector<double>();
  Doubles at = {0.3, -0.7, 1.1};
  for (size_t i = 0; i < at.size(); ++i) {
    // t = tanh x, s = 1 - t^2: y' = t + x s, y'' = 2 s - 2 x t s,
    // y''' = -6 t s + 2 x s (2 t^2 - s).
    double a = at[i], t = std::tanh(a), s = 1 - t * t;
    EXPECT_NEAR(first[i], t + a * s, 1e-12);
    EXPECT_NEAR(second[i], 2 * s - 2 * a * t * s, 1e-12);
    EXPECT_NEAR(third[i], -6 * t * s + 2 * a * s * (2 * t * t - s), 1e-12);
  }
}

TEST(Gradient, SeveralAtOnceWithACotangent) {
  nd::Tensor a = nd::tensor({1, 2}), b = nd::tensor({3, 4});
  std::vector<nd::Tensor> gradients =
      nd::grad(a * b, {a, b}, {.cotangent = nd::tensor({10, 100})});
  EXPECT_EQ(gradients[0].toVector<float>(), (Floats{30, 400}));
  EXPECT_EQ(gradients[1].toVector<float>(), (Floats{10, 200}));
  EXPECT_THROW((void)nd::grad(a * b, a, {.cotangent = nd::ones({3})}),
               nd::ShapeError);
}

TEST(Gradient, OfAnIntermediateValue) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor y = x * 3;
  EXPECT_EQ(nd::grad(nd::sum(y * y), y).toVector<float>(), (Floats{6, 12}));
}

TEST(Gradient, SecondOfALinearFunctionIsZeroWhereAllowed) {
  nd::Tensor x = nd::tensor({1, 2}).requireGrad();
  nd::Tensor first = nd::grad(nd::sum(3 * x), x);
  nd::Tensor second = nd::grad(nd::sum(first), x, {.allowUnused = true});
  EXPECT_EQ(second.toVector<float>(), Floats(2, 0));
}

TEST(Gradient, EagerLazyAndJittedAgree) {
  auto gradient = [](const nd::Tensor &x) {
    nd::Tensor marked = x.requireGrad();
    return nd::grad(nd::sum(nd::exp(marked) * marked), marked);
  };
  nd::Tensor x = nd::tensor({0.5, -1});
  Floats lazily = gradient(x).toVector<float>(), eagerly;
  {
    nd::LazyScope eager(false);
    eagerly = gradient(x).toVector<float>();
  }
  Floats jitted = nd::jit(gradient)(x).toVector<float>();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(eagerly[i], lazily[i], 1e-6);
    EXPECT_NEAR(jitted[i], lazily[i], 1e-6);
  }
}

TEST(Gradient, ThroughAScan) {
  nd::Tensor w = nd::tensor(2.0), xs = nd::tensor({1, 1, 1});
  auto [last, all] = nd::scan(
      [&](const nd::Tensor &h, const nd::Tensor &x) {
        nd::Tensor next = h * w + x;
        return std::pair(next, next);
      },
      nd::zeros({}), xs);
  // h3 = w^2 + w + 1, the sum of all is w^2 + 2 w + 3.
  EXPECT_EQ(nd::grad(last, w).item(), 2 * 2 + 1);
  EXPECT_EQ(nd::grad(nd::sum(all), w).item(), 2 * 2 + 2);
  EXPECT_EQ(nd::grad(last, xs).toVector<float>(), (Floats{4, 2, 1}));
}

TEST(Gradient, ThroughAScanInAScan) {
  // Running sums of all elements, row by row.
  auto sums = [](const nd::Tensor &x) {
    auto overRow = [](const nd::Tensor &sum, const nd::Tensor &row) {
      return nd::scan(
          [](const nd::Tensor &sum, const nd::Tensor &element) {
            nd::Tensor next = sum + element * element;
            return std::pair(next, next);
          },
          sum, row);
    };
    return nd::scan(overRow, nd::zeros({}), x);
  };
  nd::Tensor x = nd::tensor({{1, 2, 3}, {4, 5, 6}});
  auto [last, all] = sums(x);
  nd::Tensor gradient = nd::grad(nd::sum(all), x);
  EXPECT_EQ(all.toVector<float>(), (Floats{1, 5, 14, 30, 55, 91}));
  EXPECT_EQ(last.item(), 91);
  // Element k is part of 6 - k sums.
  EXPECT_EQ(gradient.toVector<float>(), (Floats{12, 20, 24, 24, 20, 12}));
}

// ---- tape ------------------------------------------------------------------
TEST(Tape, BackwardAddsUp) {
  nd::Tensor p = nd::tensor({2, 3}).requireGrad();
  EXPECT_TRUE(p.grad().empty());
  nd::sum(p * p * nd::detach(p)).backward(); // 2 p^2
  EXPECT_EQ(p.grad().toVector<float>(), (Floats{8, 18}));
  nd::sum(p).backward();
  EXPECT_EQ(p.grad().toVector<float>(), (Floats{9, 19}));
}

TEST(Tape, ReachesTrainableVariablesOnly) {
  nd::Variable w(nd::tensor({1, 2})), frozen(nd::tensor({3, 4}));
  frozen.trainable(false);
  nd::sum(w * frozen).backward();
  EXPECT_EQ(w.grad().toVector<float>(), (Floats{3, 4}));
  EXPECT_TRUE(frozen.grad().empty());
  w.zeroGrad();
  EXPECT_TRUE(w.grad().empty());
}

TEST(Tape, WorksInAJittedStep) {
  nd::Variable w(nd::tensor({1, 2}));
  auto step = nd::jit([&](const nd::Tensor &x) {
    w.zeroGrad();
    nd::Tensor loss = nd::sum(w * x);
    loss.backward();
    w.assign(w - w.grad());
    return loss;
  });
  EXPECT_EQ(step(nd::tensor({1, 1})).item(), 3);
  EXPECT_EQ(w.toVector<float>(), (Floats{0, 1}));
  EXPECT_TRUE(w.grad().empty()); // the call's own
  for (int i = 0; i < 3; ++i)
    (void)step(nd::tensor({1, 1}));
  EXPECT_EQ(w.toVector<float>(), (Floats{-3, -2}));
}

TEST(Tape, NothingToReachIsAnError) {
  EXPECT_THROW(nd::sum(nd::ones({2})).backward(), nd::GradientError);
}

TEST(Tape, IntegersHaveNoGradient) {
  EXPECT_THROW((void)nd::ones({2}, nd::int32).requireGrad(), nd::DTypeError);
}

// ---- the canonical graph ---------------------------------------------------
nd::Graph graphOf(const nd::Tensor &root) {
  std::lock_guard lock(nd::detail::graphMutex());
  nd::detail::Walk walk(nd::detail::WalkMode::evaluate);
  nd::detail::Node *nodes[] = {root.get()};
  walk.addRoots(nodes);
  walk.liftNumbers();
  return nd::detail::buildGraph(walk, "test");
}

TEST(CanonicalGraph, EveryUseOfAWrtGoesThroughItsPin) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor y = nd::transpose(nd::exp(x));
  nd::Graph graph = graphOf(nd::grad(nd::sum(y * x), x) + x);
  ASSERT_EQ(graph.arguments.size(), 1u);
  ASSERT_EQ(graph.nodes[0].op, "pin");
  for (size_t i = 1; i < graph.nodes.size(); ++i)
    for (int64_t input : graph.nodes[i].inputs)
      EXPECT_NE(input, 0) << graph.nodes[i].op;
}

TEST(CanonicalGraph, NumbersAreArgumentsUnlessPlain) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Graph graph = graphOf(nd::exp(x * 0.5 + 1));
  ASSERT_EQ(graph.arguments.size(), 2u);
  EXPECT_EQ(graph.arguments[1].type.shape, nd::Shape());
  // 1 is a constant until the same graph has another number there.
  EXPECT_EQ(graphOf(nd::exp(x * 0.5 + 3)).arguments.size(), 3u);
  EXPECT_EQ(graphOf(nd::exp(x * 0.5 + 1)).arguments.size(), 3u);
}

TEST(CanonicalGraph, IndexArgumentsCarryTheirLimit) {
  nd::Tensor x = nd::tensor({1, 2, 3});
  nd::Graph graph = graphOf(
      nd::take(x, nd::convert(nd::tensor<int32_t>({{1, 2}}), nd::int64)));
  ASSERT_EQ(graph.arguments.size(), 2u);
  EXPECT_EQ(graph.arguments[1].indexLimit, 3);
  EXPECT_EQ(graph.arguments[1].indexOp, "take");
  EXPECT_GT(graph.arguments[1].indexPlace.line, 0);
}

TEST(CanonicalGraph, ADeepOneNeedsLittleStack) {
  nd::Tensor x = nd::tensor({1, 2});
  nd::Tensor y = x;
  for (int i = 0; i < 1000000; ++i)
    y = y + x;
  nd::Graph graph = graphOf(nd::grad(nd::sum(y), x));
  EXPECT_EQ(graph.nodes.size(), 1000000u + 3);
  EXPECT_GT(nd::toJson(graph).size(), 1000000u);
}

} // namespace
