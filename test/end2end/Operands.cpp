// Operands.cpp - numbers made inside a function as operands of every kind of
// op, also of those that read them from memory.
#include "Trajectory.h"

namespace nd = needle;
using namespace needle::test;
using nd::Tensor;
using Floats = std::vector<float>;

namespace {

// The value of function(ones({2, 3})) in every mode.
template <class F> void expectValue(const Floats &expected, F function) {
  for (Mode mode : {Mode::jitted, Mode::lazy, Mode::eager, Mode::reference}) {
    nd::LazyScope lazy(mode != Mode::eager);
    nd::TargetScope target(mode == Mode::reference ? "reference" : "cpu");
    auto call = stepIn(mode, function);
    EXPECT_EQ(call(nd::ones({2, 3})).template toVector<float>(), expected)
        << "mode " << int(mode);
  }
}

} // namespace

TEST(Operands, NumbersBesideATensor) {
  expectValue({1, 1, 1, 1, 1, 1, 0, 0, 0}, [](const Tensor &x) {
    return nd::concat({x, nd::zeros({1, 3})});
  });
  expectValue({0, 0, 1, 1}, [](const Tensor &x) {
    return nd::flatten(nd::stack({nd::zeros({2}), nd::take(x, 0, 1)}));
  });
  expectValue({7, 8, 8, 7}, [](const Tensor &x) {
    return nd::pad(nd::ones({2}), {1}, {1}, 0) + (1 + nd::sum(x));
  });
  expectValue({2, 2, 2, 2, 2, 2}, [](const Tensor &x) {
    return nd::matmul(nd::ones({2, 2}), x);
  });
}

TEST(Operands, NumbersAsIndices) {
  expectValue({1, 1, 1}, [](const Tensor &x) {
    return nd::take(nd::take(x, nd::zeros({1}, nd::int64)), 0);
  });
  expectValue({0, 5, 10}, [](const Tensor &x) {
    return nd::take(nd::arange(0, 20, 5, nd::float32) * nd::sum(x) / 6,
                    nd::arange(3));
  });
  expectValue({1, 1, 1, 1, 1, 1, 0, 0, 0}, [](const Tensor &x) {
    return nd::scatterAdd(nd::zeros({3, 3}), nd::arange(2), x);
  });
  expectValue({0, 6}, [](const Tensor &x) {
    return nd::scatterAdd(nd::zeros({2}), nd::convert(x, nd::int64),
                          nd::ones({2, 3}));
  });
  expectValue({6, 6}, [](const Tensor &x) {
    return nd::convert(nd::argmax(nd::ones({2, 4}), 1), nd::float32) +
           nd::sum(x);
  });
}

// The numbers are carries and slices of loops, and of their gradients.
TEST(Operands, NumbersInLoops) {
  auto total = [](const Tensor &x) {
    auto add = [](const Tensor &sum, const Tensor &slice) {
      return sum + slice * slice;
    };
    return nd::scan(add, nd::zeros({3}), x);
  };
  expectValue({2, 2, 2}, total);
  expectValue(Floats(6, 2), [&](const Tensor &x) {
    Tensor watched = x.requireGrad();
    return nd::grad(total(watched), watched);
  });
  expectValue({5, 5, 5, 5, 5, 5}, [](const Tensor &x) {
    auto add = [](const Tensor &sum, const Tensor &slice) {
      return sum + slice;
    };
    return nd::scan(add, x, nd::ones({4, 2, 3}));
  });
}
