// JaxTest.cpp - values that JAX 0.10.2 printed on a CPU, with
// jax_threefry_partitionable and jax_enable_x64.
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nd = needle;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Longs = std::vector<int64_t>;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity(),
                nan = std::numeric_limits<float>::quiet_NaN();

// NaN agrees with NaN.
template <class T>
void expectNear(const nd::Tensor &got, const std::vector<T> &wanted,
                double tolerance) {
  std::vector<T> values = got.toVector<T>();
  ASSERT_EQ(values.size(), wanted.size());
  for (size_t i = 0; i < values.size(); ++i)
    if (std::isnan(wanted[i]))
      EXPECT_TRUE(std::isnan(values[i])) << "element " << i;
    else if (std::isinf(wanted[i]))
      EXPECT_EQ(values[i], wanted[i]) << "element " << i;
    else
      EXPECT_NEAR(values[i], wanted[i],
                  tolerance * std::max(1.0, std::abs(double(wanted[i]))))
          << "element " << i;
}

TEST(Jax, UniformDrawsAreTheSameBits) {
  nd::Key key(42);
  EXPECT_EQ(nd::random::uniform(key, {5}).toVector<float>(),
            (Floats{0x1.f470480p-2, 0x1.5c0e600p-1, 0x1.3b87f00p-1,
                    0x1.1f3d800p-1, 0x1.cd75c80p-2}));
  EXPECT_EQ(
      nd::random::uniform(key, {5}, 0, 1, nd::float64).toVector<double>(),
      (Doubles{0x1.b4f8123c40884p-2, 0x1.ebd996d6e8400p-7, 0x1.25f641d41e71ap-1,
               0x1.75aad28c6a974p-1, 0x1.60275dc7869dap-1}));
  EXPECT_EQ(nd::random::uniform(nd::Key(0), {2, 3}).toVector<float>(),
            (Floats{0x1.e5349c0p-1, 0x1.f5086c0p-1, 0x1.5444380p-2,
                    0x1.dfeaa00p-2, 0x1.23c8740p-1, 0x1.52f3400p-3}));
}

// JAX's own polynomial is off by up to 70 ulp near the ends.
TEST(Jax, NormalDrawsAgree) {
  nd::Key key(42);
  expectNear<float>(nd::random::normal(key, {5}),
                    {-0.02830461598932743, 0.4671318531036377,
                     0.2957029640674591, 0.15354591608047485,
                     -0.12403281778097153},
                    1e-6);
  expectNear<double>(nd::random::normal(key, {5}, nd::float64),
                     {-0.18471174528191162, -2.169824560397754,
                      0.18693555179382582, 0.6122653570510959,
                      0.4896249504757018},
                     1e-14);
}

TEST(Jax, BitsKeysAndCoinsAreTheSame) {
  nd::Key key(42);
  EXPECT_EQ(nd::random::bits(key, {5}).toVector<int32_t>(),
            (std::vector<int32_t>{2098992034, -1375260455, -1648100871,
                                  -1885421097, 1935504149}));
  EXPECT_EQ(
      nd::random::bits(nd::Key(0xfedcba9876543210), {3}, nd::int64)
          .toVector<int64_t>(),
      (Longs{-6333297904098102024, -1560221376310838516, 1512711887153334838}));
  Longs keys;
  for (const nd::Key &each : nd::split(key, 3))
    keys.push_back(each.tensor().item<int64_t>());
  EXPECT_EQ(keys, (Longs{7871734211187709741, 276886910877598708,
                         -7855648935367878381}));
  EXPECT_EQ(nd::foldIn(key, 7).tensor().item<int64_t>(), -7507406917103292001);
  EXPECT_EQ(nd::foldIn(nd::Key(0x123456789abcdef), 0xffffffff)
                .tensor()
                .item<int64_t>(),
            -2050756259824359066);
  std::vector<bool> coins(12, false);
  coins[6] = true;
  EXPECT_EQ(nd::random::bernoulli(key, 0.3, {12}).toVector<bool>(), coins);
}

TEST(Jax, SoftmaxesOfExtremes) {
  struct Row {
    Floats x, softmax, logSoftmax;
    float logsumexp;
    Floats gradient; // of logsumexp
  };
  const Row rows[] = {
      {{1e4, -1e4, 0}, {1, 0, 0}, {0, -2e4, -1e4}, 1e4, {1, 0, 0}},
      {{-inf, 1, 0},
       {0, 0.7310586, 0.26894143},
       {-inf, -0.31326163, -1.3132616},
       1.3132616,
       {0, 0.7310586, 0.26894143}},
      {{-inf, -inf}, {nan, nan}, {nan, nan}, -inf, {nan, nan}},
      {{inf, 1, 0}, {nan, nan, nan}, {nan, nan, nan}, inf, {nan, 0, 0}},
      {{nan, 1, 0}, {nan, nan, nan}, {nan, nan, nan}, nan, {nan, nan, nan}},
      {{1e4, 1e4, -inf},
       {0.5, 0.5, 0},
       {-0.6931472, -0.6931472, -inf},
       10000.693,
       {0.5, 0.5, 0}}};
  for (const Row &row : rows) {
    SCOPED_TRACE(row.x[0]);
    nd::Tensor x = nd::fromData(row.x, {row.x.size()});
    // exp of numbers near 1e4 has their rounding in it: 1e4 eps.
    expectNear(nd::softmax(x, 0), row.softmax, 1e-6);
    expectNear(nd::logSoftmax(x, 0), row.logSoftmax, 1e-6);
    expectNear<float>(nd::logsumexp(x), {row.logsumexp}, 1e-6);
    expectNear(nd::grad(nd::logsumexp(x), x), row.gradient, 1e-3);
  }
}

TEST(Jax, CrossEntropyWithAClassThatCannotBe) {
  nd::Tensor x = nd::tensor<float>({-inf, 1, 0}, {1, 3}).requireGrad();
  nd::Tensor loss = nd::nn::crossEntropy(x, nd::tensor<int64_t>({1}));
  expectNear<float>(loss, {0.31326163}, 1e-6);
  expectNear<float>(nd::grad(loss, x), {0, -0.2689414, 0.26894143}, 1e-6);
}

TEST(Jax, GradientsAtTiesAndNaN) {
  nd::Tensor x = nd::tensor({3, 1, 3, 2});
  expectNear<float>(nd::grad(nd::max(x), x), {0.5, 0, 0.5, 0}, 0);
  expectNear<float>(nd::grad(nd::min(x), x), {0, 1, 0, 0}, 0);
  nd::Tensor q = nd::tensor<float>({nan, 1, 2});
  expectNear<float>(nd::grad(nd::sum(nd::maximum(q, 1)), q), {0, 0.5, 1}, 0);
  expectNear<float>(nd::grad(nd::sum(nd::relu(q)), q), {0, 1, 1}, 0);
  // Only a cotangent of 0 is masked, not what it is multiplied with.
  nd::Tensor r = nd::tensor<float>({inf, -inf, 0, 1});
  expectNear<float>(nd::grad(nd::sum(nd::where(r > 5, r * r, r)), r),
                    {inf, nan, 1, 1}, 0);
  expectNear<float>(nd::grad(nd::sum(nd::where(r > 0, nd::log(r), 0)), r),
                    {0, -0.0, nan, 1}, 0);
}

TEST(Jax, ArgmaxTakesTheFirstNaN) {
  nd::Tensor x = nd::tensor<float>({1, nan, 5, nan});
  EXPECT_EQ(nd::argmax(x).item<int64_t>(), 1);
  EXPECT_EQ(nd::argmin(x).item<int64_t>(), 1);
}

TEST(Jax, NarrowerIntegersKeepTheLowBits) {
  nd::Tensor x = nd::tensor<int64_t>(
      {INT64_MAX, INT64_MIN, 1LL << 32, 1LL << 31, -(1LL << 31) - 1});
  EXPECT_EQ(nd::convert(x, nd::int32).toVector<int32_t>(),
            (std::vector<int32_t>{-1, 0, 0, INT32_MIN, INT32_MAX}));
}

struct ScanRow {
  bool reverse;
  Doubles h, s, hs, ss, dw, dh0, dxs;
  double second;
};
const ScanRow scanRows[] = {
    {false,
     {0.7127350204797075, 0.7134467694931116},
     {0.7405381248989337, 1.1501490614986778},
     {0.221278467898444, 0.6777821008468295, -0.18712943010745836,
      -0.41961744765646564, 0.38544173556180933, -0.07533518429294621,
      0.7127350204797075, 0.7134467694931116},
     {0.048964160355482705, 0.45938857622834184, 0.08398158396782485,
      0.6354673786060685, 0.2325469154807246, 0.6411427685985207,
      0.7405381248989337, 1.1501490614986778},
     {0.9962209836790327, 2.596676732319093},
     {0.8424938284169383, -0.8307667174438025},
     {1.6849876568338766, 0.6646133739550419, 0.6730854455235687,
      2.5248827472243867, 3.406028270433314, -3.432673180361569,
      2.7589199206631263, 2.956738928586197},
     3.1683910732466622 - 14.98502247806416},
    {true,
     {0.12070109307737319, -0.7382140080610976},
     {0.9452989509669291, 3.05757800087511},
     {0.12070109307737319, -0.7382140080610976, 0.04258485114789384,
      0.9172344350400691, 0.6852212426079816, -0.9370507741889376,
      0.6777821008468295, 0.8906373655681182},
     {0.9452989509669291, 3.05757800087511, 0.9307301970968563,
      2.51261807917748, 0.9289167275495681, 1.6712990703542052,
      0.45938857622834184, 0.7932349169461179},
     {4.771707181766638, -0.5525025569359963},
     {1.8459603224076726, -1.2537969436336927},
     {2.4214418941499933, 0.9986499819899568, 2.321479982313624,
      0.8349239550062503, 3.179315117755863, -0.20728278447041662,
      3.691920644815345, 1.0030375549069541},
     12.185826317772097 - 2.6951044595612386}};

// Three carries, one of them an integer, two stacks, a captured weight.
TEST(Jax, ScanForwardsAndBackwards) {
  for (const ScanRow &row : scanRows) {
    SCOPED_TRACE(row.reverse);
    nd::Tensor w = nd::tensor<double>({0.5, -1.25}).requireGrad();
    nd::Tensor h0 = nd::tensor<double>({0.25, -0.5}).requireGrad();
    nd::Tensor xs =
        nd::tensor<double>({0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8}, {4, 2})
            .requireGrad();
    using Carry = std::tuple<nd::Tensor, nd::Tensor, nd::Tensor>;
    auto [carry, stacks] = nd::scan(
        [&](const Carry &carry, const nd::Tensor &x) {
          auto [h, s, n] = carry;
          nd::Tensor next = nd::tanh(h * w + x);
          nd::Tensor sum = s + next * next;
          return std::pair(Carry(next, sum, n + 1), std::pair(next, sum));
        },
        Carry(h0, nd::zeros({2}, nd::float64), nd::zeros({}, nd::int64)), xs,
        {.reverse = row.reverse});
    auto [h, s, n] = carry;
    auto [hs, ss] = stacks;
    nd::Tensor loss = nd::sum(h) + 2 * nd::sum(s) + nd::sum(hs * ss);
    std::vector<nd::Tensor> gradients = nd::grad(loss, {w, h0, xs});
    nd::Tensor second =
        nd::grad(nd::sum(gradients[0] * nd::tensor<double>({1, 2})), w);
    constexpr double tolerance = 1e-13; // four steps of a few eps each
    expectNear(h, row.h, tolerance);
    expectNear(s, row.s, tolerance);
    EXPECT_EQ(n.item<int64_t>(), 4);
    expectNear(hs, row.hs, tolerance);
    expectNear(ss, row.ss, tolerance);
    expectNear(gradients[0], row.dw, tolerance);
    expectNear(gradients[1], row.dh0, tolerance);
    expectNear(gradients[2], row.dxs, tolerance);
    EXPECT_NEAR(nd::sum(second).item(), row.second, 1e-12);
  }
}

} // namespace
