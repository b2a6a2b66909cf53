// Recording.cpp - shapes, dtypes and errors while recording; rules 12 and 13;
// nodes on several threads.
#include "needle/frontend/Trace.h"
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>
#include <tuple>

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

// ---- shapes and dtypes -----------------------------------------------------
TEST(Recording, ShapesAndDTypesAreKnownWithoutRunning) {
  nd::Tensor a = nd::tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  nd::Tensor b = nd::tensor<double>({0.5, -1.0, 2.0});
  nd::Tensor c = nd::sqrt(a * 2 + 1) - b;
  EXPECT_EQ(nd::toString(c.shape()), "[2, 3]");
  EXPECT_EQ(c.dtype(), nd::float64);
  EXPECT_EQ(nd::toString(nd::matmul(nd::transpose(c), c).shape()), "[3, 3]");
  EXPECT_EQ(nd::toString(nd::max(c, {0, 1}, true).shape()), "[1, 1]");
}

TEST(Recording, NumbersAreWeaklyTyped) {
  nd::Tensor f = nd::ones({2}), d = nd::ones({2}, nd::float64),
             i = nd::ones({2}, nd::int32), l = nd::ones({2}, nd::int64),
             b = nd::ones({2}, nd::boolean);
  EXPECT_EQ((f * 2.0).dtype(), nd::float32);
  EXPECT_EQ((d * 2.0f).dtype(), nd::float64);
  EXPECT_EQ((i * 2).dtype(), nd::int32);
  EXPECT_EQ((i * 2.5).dtype(), nd::float32);
  EXPECT_EQ((l + f).dtype(), nd::float32);
  EXPECT_EQ((i + l).dtype(), nd::int64);
  EXPECT_EQ((i / 2).dtype(), nd::float32);
  EXPECT_EQ((b * f).dtype(), nd::float32);
  EXPECT_EQ(nd::mean(i).dtype(), nd::float32);
  EXPECT_EQ(nd::sum(b).dtype(), nd::int64);
  EXPECT_EQ(nd::argmax(f).dtype(), nd::int64);
  EXPECT_EQ((f < 1).dtype(), nd::boolean);
  EXPECT_EQ((!b).dtype(), nd::boolean);
  EXPECT_EQ(((b & !b) | b).dtype(), nd::boolean);
  expectThrow<nd::DTypeError>([&] { (void)(b + b); }, {"add", "boolean"});
  expectThrow<nd::DTypeError>([&] { (void)(f & f); }, {"and", "float32"});
  expectThrow<nd::DTypeError>([&] { (void)(i * (int64_t(1) << 40)); },
                              {"does not fit int32"});
}

TEST(Recording, EmptyTensorsAreErrors) {
  nd::Tensor none;
  EXPECT_TRUE(none.empty());
  EXPECT_THROW((void)none.shape(), nd::Error);
  EXPECT_THROW((void)(none + 1), nd::Error);
  EXPECT_THROW((void)nd::sum(none), nd::Error);
  EXPECT_THROW((void)none.item(), nd::Error);
}

TEST(Recording, ShapesOfShapeOps) {
  nd::Tensor x = nd::zeros({2, 3, 4});
  auto shape = [](const nd::Tensor &t) { return nd::toString(t.shape()); };
  EXPECT_EQ(shape(nd::reshape(x, {4, -1})), "[4, 6]");
  EXPECT_EQ(shape(nd::transpose(x)), "[4, 3, 2]");
  EXPECT_EQ(shape(nd::transpose(x, {0, 2, 1})), "[2, 4, 3]");
  EXPECT_EQ(shape(nd::swapAxes(x, 0, -1)), "[4, 3, 2]");
  EXPECT_EQ(shape(nd::unsqueeze(x, -1)), "[2, 3, 4, 1]");
  EXPECT_EQ(shape(nd::squeeze(nd::unsqueeze(x, 1))), "[2, 3, 4]");
  EXPECT_EQ(shape(nd::flatten(x, 1)), "[2, 12]");
  EXPECT_EQ(shape(nd::slice(x, {0, -2}, {1, 3})), "[1, 2, 4]");
  EXPECT_EQ(shape(nd::pad(x, {1, 0, 0}, {1, 0, 2})), "[4, 3, 6]");
  EXPECT_EQ(shape(nd::concat({x, x}, 1)), "[2, 6, 4]");
  EXPECT_EQ(shape(nd::stack({x, x}, -1)), "[2, 3, 4, 2]");
  EXPECT_EQ(shape(nd::split(x, 2, 2)[1]), "[2, 3, 2]");
  EXPECT_EQ(shape(nd::split(x, {1, 2}, 1)[1]), "[2, 2, 4]");
  EXPECT_EQ(shape(nd::take(x, 1, 1)), "[2, 4]");
  EXPECT_EQ(shape(nd::matmul(nd::zeros({5, 2, 3}), nd::zeros({3, 4}))),
            "[5, 2, 4]");
  EXPECT_EQ(shape(nd::matmul(nd::zeros({3}), nd::zeros({3}))), "[]");
  EXPECT_EQ(shape(nd::argmax(x, -1, true)), "[2, 3, 1]");
  EXPECT_EQ(shape(nd::oneHot(nd::zeros({2}, nd::int64), 5)), "[2, 5]");
}

TEST(Recording, TensorsFromRows) {
  auto text = [](const nd::Tensor &t) { return nd::toString(t); };
  EXPECT_EQ(text(nd::tensor({{0}, {1}})), "[[0],\n [1]]");
  EXPECT_EQ(text(nd::tensor<int64_t>({{3}, {4}})), "[[3],\n [4]]");
  EXPECT_EQ(text(nd::tensor({{1, 2.5}, {3, 4}})), "[[1, 2.5],\n [3, 4]]");
  EXPECT_EQ(text(nd::tensor({{1, 2}})), "[[1, 2]]");
  EXPECT_EQ(text(nd::tensor({1, 2.5})), "[1, 2.5]");
  long two = 2;
  double half = 0.5;
  EXPECT_EQ(text(nd::tensor({two, half})), "[2, 0.5]");
  EXPECT_EQ(text(nd::tensor({{half, two}, {two, 1}})), "[[0.5, 2],\n [2, 1]]");
  EXPECT_EQ(nd::tensor({}).shape(), nd::Shape{0});
  EXPECT_THROW((void)nd::tensor({{1, 2.5}, {3}}), nd::ShapeError);
}

TEST(Recording, ConcatPromotes) {
  nd::Tensor x =
      nd::concat({nd::tensor<int32_t>({1}), nd::tensor<double>({2.5})});
  EXPECT_EQ(x.toVector<double>(), (std::vector<double>{1, 2.5}));
}

TEST(Recording, OperatorsOnBooleans) {
  nd::Tensor a = nd::tensor<bool>({true, false}), b = a == false;
  EXPECT_EQ(nd::toString(!a), "[false, true]");
  EXPECT_EQ(nd::toString(a | !(a & b)), "[true, true]");
}

TEST(Recording, MistakesAreErrors) {
  nd::Tensor x = nd::zeros({2, 3});
  EXPECT_THROW((void)nd::reshape(x, {4, 2}), nd::ShapeError);
  EXPECT_THROW((void)nd::reshape(x, {-1, -1}), nd::ShapeError);
  EXPECT_THROW((void)nd::reshape(x, {4, -1}), nd::ShapeError);
  EXPECT_THROW((void)nd::sum(x, 2), nd::ShapeError);
  EXPECT_THROW((void)nd::sum(x, {0, 0}), nd::ShapeError);
  EXPECT_THROW((void)nd::transpose(x, {0, 0}), nd::ShapeError);
  EXPECT_THROW((void)nd::concat({x, nd::zeros({2, 4})}, 0), nd::ShapeError);
  EXPECT_THROW((void)nd::slice(x, {3}, {4}), nd::IndexError);
  EXPECT_THROW((void)nd::split(x, 2, 1), nd::ShapeError);
  EXPECT_THROW((void)nd::squeeze(x, 0), nd::ShapeError);
  EXPECT_THROW((void)nd::tensor({1, 2, 3}, {2}), nd::ShapeError);
  EXPECT_THROW((void)nd::full({2}, 0x1p31, nd::int32), nd::DTypeError);
  EXPECT_THROW((void)nd::full({2}, 0x1p63, nd::int64), nd::DTypeError);
  EXPECT_THROW((void)nd::full({2}, std::nan(""), nd::int64), nd::DTypeError);
  EXPECT_THROW((void)nd::pad(nd::full({2}, -0x1p31, nd::int32), {1}, {1}, 1e30),
               nd::DTypeError);
  EXPECT_THROW((void)nd::tensor({{1, 2}, {3}}), nd::ShapeError);
  EXPECT_THROW((void)nd::zeros({-1}), nd::ShapeError);
  EXPECT_THROW((void)x.item(), nd::ShapeError);
  EXPECT_THROW((void)x.toVector<double>(), nd::DTypeError);
  EXPECT_THROW((void)nd::softmax(x, 2), nd::ShapeError);
  EXPECT_THROW((void)nd::matmul(x, nd::zeros({})), nd::ShapeError);
}

// ---- 12 locations ----------------------------------------------------------
TEST(Rule12Locations, ErrorsStartWithTheUsersLine) {
  nd::Tensor a = nd::zeros({2, 3}), b = nd::zeros({4, 5});
  expectThrow<nd::ShapeError>(
      [&] { (void)nd::matmul(a, b); },
      {"Recording.cpp:", ": matmul: inner dimensions differ: lhs is [2, 3], "
                         "rhs is [4, 5] (3 != 4)"});
  try {
    (void)nd::matmul(a, b);
  } catch (const nd::Error &error) {
    EXPECT_EQ(error.where().line, __LINE__ - 2);
    EXPECT_EQ(std::string(error.where().file), __FILE__);
    EXPECT_EQ(std::string(error.what()).rfind("Recording.cpp:", 0), 0u);
  }
  try {
    (void)(2.0 * a + b);
  } catch (const nd::Error &error) {
    EXPECT_EQ(error.where().line, __LINE__ - 2);
  }
}

// A layer as a library has it.
nd::Tensor layer(const nd::Tensor &x, nd::Where where = nd::Where::here()) {
  nd::LibraryScope scope(where, "hidden");
  return nd::matmul(x, nd::zeros({7, 7}));
}

// The line and the text that `call` fails with.
template <class F> std::pair<int, std::string> failure(F call) {
  try {
    call();
  } catch (const nd::Error &error) {
    return {error.where().line, error.what()};
  }
  return {0, "nothing was thrown"};
}

TEST(Rule12Locations, LayersReportTheirCallerAndTheModulesPath) {
  nd::Tensor x = nd::zeros({2, 3});
  int here = __LINE__ + 1;
  auto [line, text] = failure([&] { (void)layer(x); });
  EXPECT_EQ(line, here);
  EXPECT_NE(text.find(": hidden: matmul: "), std::string::npos) << text;
  // Afterwards ops are the caller's own again.
  here = __LINE__ + 1;
  std::tie(line, text) = failure([&] { (void)nd::matmul(x, x); });
  EXPECT_EQ(line, here);
  EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
}

TEST(Rule12Locations, OuterLayersWinTheLineInnerOnesThePath) {
  auto outer = [](nd::Where where = nd::Where::here()) {
    nd::LibraryScope scope(where, "outer");
    return layer(nd::zeros({2, 3}));
  };
  int here = __LINE__ + 1;
  auto [line, text] = failure([&] { (void)outer(); });
  EXPECT_EQ(line, here);
  EXPECT_NE(text.find(": hidden: matmul: "), std::string::npos) << text;
}

// ---- 13 indices ------------------------------------------------------------
TEST(Rule13Indices, KnownOnesAreCheckedWhileRecording) {
  nd::Tensor x = nd::tensor({1, 2, 3});
  EXPECT_EQ(nd::take(x, -1).item(), 3);
  expectThrow<nd::IndexError>([&] { (void)nd::take(x, 3); },
                              {"Recording.cpp:", "take", "3", "size 3"});
  EXPECT_THROW((void)nd::take(x, -4), nd::IndexError);
  EXPECT_THROW((void)nd::take(x, nd::full({2}, 5, nd::int64)), nd::IndexError);
  EXPECT_THROW((void)nd::take(x, nd::tensor({1.0})), nd::DTypeError);
}

TEST(Rule13Indices, InputsAreCheckedBeforeTheFirstKernel) {
  nd::Variable w(nd::tensor({1, 2, 3}));
  auto step = nd::jit([&](const nd::Tensor &i) {
    w.assign(w + 1);
    return nd::take(w, nd::reshape(i, {2}));
  });
  int line = __LINE__ - 2;
  nd::Tensor good = nd::tensor<int64_t>({{0, -1}});
  EXPECT_EQ(step(good).toVector<float>(), (Floats{2, 4}));
  expectThrow<nd::IndexError>(
      [&] {
        (void)step(nd::tensor<int64_t>({{0, 3}}));
      },
      {"Recording.cpp:" + std::to_string(line), "take", "3"});
  EXPECT_EQ(w.toVector<float>(), (Floats{2, 3, 4}));
  EXPECT_EQ(step(good).toVector<float>(), (Floats{3, 5}));
  EXPECT_EQ(step.calls(), 2);
}

TEST(Rule13Indices, ErrorsNameTheLineThatAsked) {
  nd::Tensor x = nd::tensor({1, 2, 3}), bad = nd::tensor<int64_t>({7});
  nd::Tensor first = nd::take(x, bad);
  int firstLine = __LINE__ - 1;
  nd::Tensor second = nd::take(x, bad);
  int secondLine = __LINE__ - 1;
  expectThrow<nd::IndexError>([&] { nd::realize(first); },
                              {"Recording.cpp:" + std::to_string(firstLine)});
  expectThrow<nd::IndexError>([&] { nd::realize(second); },
                              {"Recording.cpp:" + std::to_string(secondLine)});
}

TEST(Rule13Indices, OneHotNeverThrows) {
  nd::Tensor rows = nd::oneHot(nd::tensor<int64_t>({1, 5, -1}), 3);
  EXPECT_EQ(rows.toVector<float>(), (Floats{0, 1, 0, 0, 0, 0, 0, 0, 0}));
}

// ---- 11 threads ------------------------------------------------------------
TEST(Rule11Nodes, ThreadsRecordOnEachOthersTensors) {
  int64_t before = nd::liveTensors();
  {
    nd::Tensor shared = nd::tensor({1, 2});
    std::vector<nd::Tensor> results(8);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < results.size(); ++t)
      threads.emplace_back([&, t] {
        nd::Tensor y = shared;
        for (int i = 0; i < 2000; ++i)
          y = y + shared;
        results[t] = y;
      });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_EQ(nd::liveTensors(), before + 1 + 8 * 2000);
  } // dropped here: handed back to arenas of threads that are gone
  EXPECT_EQ(nd::liveTensors(), before);
}

TEST(Rule11Nodes, ThreadsRealizeTheSameTensorAtOnce) {
  nd::Tensor x = nd::tensor({1, 2});
  for (int round = 0; round < 20; ++round) {
    nd::Tensor y = x * 3 + round;
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        if (y.toVector<float>() != Floats{3.f + round, 6.f + round})
          ++wrong;
      });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Rule11Nodes, ATensorMayOutliveItsThread) {
  nd::Tensor y;
  std::thread worker([&] { y = nd::tensor({1, 2}) * 2; });
  worker.join();
  EXPECT_EQ((y + 1).toVector<float>(), (Floats{3, 5}));
}

// ---- scan ------------------------------------------------------------------
TEST(Scan, CarriesStacksAndCaptures) {
  nd::Tensor w = nd::tensor({2, 3});
  auto [last, all] = nd::scan(
      [&](const nd::Tensor &h, const nd::Tensor &x) {
        nd::Tensor next = h * w + x;
        return std::pair(next, next);
      },
      nd::zeros({2}), nd::tensor({{1, 1}, {2, 2}}));
  EXPECT_EQ(last.toVector<float>(), (Floats{4, 5}));
  EXPECT_EQ(all.toVector<float>(), (Floats{1, 1, 4, 5}));
}

TEST(Scan, CountsIterations) {
  nd::Tensor sum = nd::scan(
      [](const nd::Tensor &total, const nd::Tensor &i) { return total + i; },
      nd::zeros({}), 5);
  EXPECT_EQ(sum.item(), 10);
}

TEST(Scan, NestsAndCapturesThroughBothBodies) {
  nd::Tensor step = nd::tensor(3.0);
  nd::Tensor sum = nd::scan(
      [&](const nd::Tensor &outer, const nd::Tensor &i) {
        return nd::scan([&](const nd::Tensor &inner,
                            const nd::Tensor &) { return inner + step + i; },
                        outer, 2);
      },
      nd::zeros({}), 3);
  EXPECT_EQ(sum.item(), 3 * 2 * 3 + 2 * (0 + 1 + 2));
}

TEST(Scan, MistakesAreErrors) {
  auto grow = [](const nd::Tensor &h, const nd::Tensor &x) {
    return nd::concat({h, x});
  };
  expectThrow<nd::ShapeError>(
      [&] {
        (void)nd::scan(grow, nd::zeros({1}), nd::zeros({3, 1}));
      },
      {"Recording.cpp:", "carry 0", "[1]", "[2]"});
  auto both = [](const nd::Tensor &h, std::pair<nd::Tensor, nd::Tensor> x) {
    return h + x.first + x.second;
  };
  EXPECT_THROW((void)nd::scan(both, nd::zeros({}),
                              std::pair(nd::zeros({3}), nd::zeros({4}))),
               nd::ShapeError);
  nd::Variable w(nd::zeros({}));
  EXPECT_THROW((void)nd::scan(
                   [&](const nd::Tensor &h, const nd::Tensor &) {
                     w.assign(h);
                     return h;
                   },
                   nd::zeros({}), 3),
               nd::TraceError);
}

// ---- text ------------------------------------------------------------------
TEST(Text, PrintsNestedAndShortened) {
  EXPECT_EQ(nd::toString(nd::tensor({{1, 2}, {3, 4}})), "[[1, 2],\n [3, 4]]");
  EXPECT_EQ(nd::toString(nd::tensor(2.5)), "2.5");
  EXPECT_EQ(nd::toString(nd::tensor<bool>({true, false})), "[true, false]");
  EXPECT_EQ(nd::toString(nd::full({2000}, 1)), "[1, 1, 1, ..., 1, 1, 1]");
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(nd::toString(nd::tensor<float>({nan, -nan})), "[nan, nan]");
}

} // namespace
