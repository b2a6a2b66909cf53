// LowPrecision.cpp - bfloat16 as a dtype: promotion, one rounding per op, wide
// accumulation, gradients, optimizers, draws. JAX's numbers are 0.10.2's, CPU.
#include <needle/needle.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

using namespace needle;

namespace {

using Bits = std::vector<uint16_t>;

Bits bitsOf(const Tensor &x) {
  Bits bits;
  for (BFloat16 element : x.toVector<BFloat16>())
    bits.push_back(element.toBits());
  return bits;
}
Tensor ofBits(const Bits &bits, const Shape &shape) {
  std::vector<BFloat16> elements;
  for (uint16_t element : bits)
    elements.push_back(BFloat16::fromBits(element));
  return fromData(elements, shape);
}

// arange(24) % 7 * 0.37 - 1.1 as [4, 6], arange(18) % 5 * 0.61 - 1.3 as [6, 3]
Tensor jaxX() {
  std::vector<BFloat16> elements;
  for (int i = 0; i < 24; ++i)
    elements.push_back(BFloat16(i % 7 * 0.37 - 1.1));
  return fromData(elements, {4, 6});
}
Tensor jaxW() {
  std::vector<BFloat16> elements;
  for (int i = 0; i < 18; ++i)
    elements.push_back(BFloat16(i % 5 * 0.61 - 1.3));
  return fromData(elements, {6, 3});
}

class LowPrecision : public testing::TestWithParam<const char *> {
protected:
  TargetScope scope{GetParam()};
};

TEST_P(LowPrecision, PromotesAsJaxDoes) {
  Tensor x = ones({2}, bfloat16);
  EXPECT_EQ((x + 1).dtype(), bfloat16);
  EXPECT_EQ((0.1 * x).dtype(), bfloat16);
  EXPECT_EQ((x + ones({2}, int64)).dtype(), bfloat16);
  EXPECT_EQ((x + (x > 0)).dtype(), bfloat16);
  EXPECT_EQ((x * ones({2})).dtype(), float32);
  EXPECT_EQ((x * ones({2}, float64)).dtype(), float64);
  EXPECT_EQ(sum(x).dtype(), bfloat16);
  EXPECT_EQ(mean(x).dtype(), bfloat16);
  EXPECT_EQ(argmax(x).dtype(), int64);
  EXPECT_EQ(matmul(x, x).dtype(), bfloat16);
  EXPECT_EQ(matmul(x, ones({2})).dtype(), float32);
  EXPECT_EQ(matmul(x, ones({2}, int32)).dtype(), bfloat16);
  EXPECT_EQ(exp(x).dtype(), bfloat16);
  EXPECT_EQ((x < 2).dtype(), boolean);
}

TEST_P(LowPrecision, ComputesJaxsNumbers) {
  Tensor x = jaxX(), w = jaxW();
  EXPECT_EQ(bitsOf(matmul(x, w)),
            (Bits{0x3e98, 0xbebe, 0x3f9b, 0xc01c, 0xbfe2, 0x3f97, 0xbedf,
                  0x3fcc, 0xc000, 0xbfcd, 0x3fe5, 0xbee8}));
  EXPECT_EQ(bitsOf(sum(x, 1)), (Bits{0xbf86, 0xbf2f, 0xbea1, 0x3d68}));
  EXPECT_EQ(bitsOf(mean(x, 0)),
            (Bits{0x3e93, 0x3c10, 0xbe8a, 0xbf0c, 0xbe33, 0x3e48}));
  EXPECT_EQ(bitsOf(exp(slice(x, {0, 0}, {1, 6}))),
            (Bits{0x3eaa, 0x3ef7, 0x3f33, 0x3f81, 0x3fbb, 0x4007}));
  EXPECT_EQ(bitsOf(tanh(slice(x, {0, 0}, {1, 6}))),
            (Bits{0xbf4d, 0xbf20, 0xbeb0, 0x3c24, 0x3eba, 0x3f23}));
  EXPECT_EQ(bitsOf(take(x, 0) * 0.1 + 3),
            (Bits{0x4039, 0x403b, 0x403e, 0x4040, 0x4042, 0x4045}));
  EXPECT_EQ(bitsOf(take(x, 0) / take(x, 1)),
            (Bits{0xbf7c, 0x3f2a, 0x3efc, 0xbce4, 0x4218, 0x3ffc}));
  EXPECT_EQ(bitsOf(logsumexp(x, 1)), (Bits{0x3fe8, 0x3ffa, 0x4003, 0x4006}));
  EXPECT_EQ(convert(tensor<BFloat16>({300.7, -1e30, NAN, 2.5}), int32)
                .toVector<int32_t>(),
            (std::vector<int32_t>{300, INT32_MIN, 0, 2}));
}

TEST_P(LowPrecision, GradientsAreJaxs) {
  Tensor x = jaxX(), w = jaxW().requireGrad();
  Tensor y = tanh(matmul(x, w));
  Tensor g = grad(sum(y * y), w);
  EXPECT_EQ(g.dtype(), bfloat16);
  const Bits wanted{0xbfa2, 0x3f39, 0xbeab, 0xbfa5, 0x3f94, 0xbfcf,
                    0x3e95, 0x3e9b, 0xbf97, 0x3f56, 0xbeb4, 0x3f2e,
                    0x3f26, 0xbef9, 0x3f40, 0x3eef, 0xbf1e, 0x3f52};
  std::vector<BFloat16> got = g.toVector<BFloat16>();
  for (size_t i = 0; i < wanted.size(); ++i) {
    // A sum of four products of which each is rounded in other places, as is
    // 1 - y^2: two units of the terms, which are near 1.
    float value = BFloat16::fromBits(wanted[i]);
    EXPECT_NEAR(float(got[i]), value, 0x1p-6) << i;
  }
}

// Fused ops keep nothing that bfloat16 can't hold.
TEST_P(LowPrecision, EveryOpRounds) {
  std::vector<BFloat16> a, b, wanted, wantedWhere;
  for (int i = 0; i < 1000; ++i) {
    a.push_back(BFloat16(std::sin(i * 1.7) * 3));
    b.push_back(BFloat16(std::cos(i * 0.9) * std::exp(i % 17 - 8)));
    BFloat16 sum(a.back() + b.back()), product(float(sum) * a.back());
    wanted.push_back(BFloat16(float(product) - b.back()));
    wantedWhere.push_back(sum > 0 ? BFloat16(-float(sum))
                                  : BFloat16(std::sqrt(std::fabs(product))));
  }
  auto compute = [](const Tensor &x, const Tensor &y) {
    Tensor sum = x + y, product = sum * x;
    return std::vector{product - y, where(sum > 0, -sum, sqrt(abs(product)))};
  };
  auto expectWanted = [&](const std::vector<Tensor> &got) {
    for (auto [tensor, bits] :
         {std::pair(got[0], wanted), std::pair(got[1], wantedWhere)})
      EXPECT_EQ(bitsOf(tensor), bitsOf(fromData(bits, {1000})));
  };
  Tensor x = fromData(a, {1000}), y = fromData(b, {1000});
  expectWanted(compute(x, y));
  expectWanted(jit(compute)(x, y));
  LazyScope eager(false);
  expectWanted(compute(x, y));
}

// In bfloat16 256 + 1 is 256.
TEST_P(LowPrecision, AccumulatesInFloat32) {
  EXPECT_EQ(sum(ones({4096}, bfloat16)).item(), 4096);
  EXPECT_EQ(sum(ones({3, 70001}, bfloat16), 1).toVector<BFloat16>()[2],
            BFloat16(70001));
  EXPECT_EQ(sum(ones({5000, 3}, bfloat16), 0).toVector<BFloat16>()[1],
            BFloat16(5000));
  EXPECT_EQ(mean(ones({4096}, bfloat16)).item(), 1);
  EXPECT_EQ(matmul(ones({3, 4096}, bfloat16), ones({4096, 5}, bfloat16))
                .toVector<BFloat16>()[7],
            BFloat16(4096));
  Tensor indices = zeros({1000}, int64);
  EXPECT_EQ(scatterAdd(zeros({2}, bfloat16), indices, ones({1000}, bfloat16), 0)
                .toVector<BFloat16>()[0],
            BFloat16(1000));
  // The gradient of an embedding adds up in float32, too.
  Tensor table = ones({2, 3}, bfloat16).requireGrad();
  EXPECT_EQ(grad(sum(take(table, indices, 0)), table).toVector<BFloat16>()[1],
            BFloat16(1000));
}

// Composites round once, so the error is half a unit.
TEST_P(LowPrecision, CompositesRoundOnce) {
  std::vector<BFloat16> elements;
  for (int i = 0; i < 300; ++i)
    elements.push_back(BFloat16(std::sin(i * 2.1) * 5));
  Tensor x = fromData(elements, {3, 100});
  std::vector<BFloat16> soft = softmax(x, 1).toVector<BFloat16>(),
                        log = logSoftmax(x, 1).toVector<BFloat16>();
  for (size_t row = 0; row < 3; ++row) {
    double total = 0;
    for (size_t i = 0; i < 100; ++i)
      total += std::exp(double(elements[row * 100 + i]));
    for (size_t i = row * 100; i < row * 100 + 100; ++i) {
      double wanted = std::exp(double(elements[i])) / total;
      EXPECT_NEAR(soft[i], wanted, 0x1.02p-9 * wanted * 2);
      EXPECT_NEAR(log[i], std::log(wanted), 0x1.02p-8 * -std::log(wanted));
    }
  }
}

TEST_P(LowPrecision, SpecialNumbersKeepTheirMeaning) {
  float inf = INFINITY;
  Tensor x = convert(tensor({1e-40f, 3.4e38f, 3.39e38f, NAN, inf, -0.0f,
                             1.00390625f, 1.01171875f}),
                     bfloat16);
  EXPECT_EQ(bitsOf(x), (Bits{0x1, 0x7f80, 0x7f7f, 0x7fc0, 0x7f80, 0x8000,
                             0x3f80, 0x3f82}));
  EXPECT_EQ(bitsOf(x * 1), bitsOf(x)); // subnormals, too
  EXPECT_EQ(bitsOf(-abs(x))[4], 0xff80);
  EXPECT_EQ(bitsOf(x + x)[1], 0x7f80);
  EXPECT_EQ(bitsOf(x + x)[2], 0x7f80); // beyond the largest
  EXPECT_EQ(bitsOf(x + x)[0], 0x2);
  EXPECT_TRUE(std::isnan(max(x).item()));
  EXPECT_EQ(bitsOf(max(take(x, tensor<int64_t>({0, 2, 5}), 0))), Bits{0x7f7f});
}

TEST_P(LowPrecision, MovesElements) {
  Tensor x = ofBits({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(bitsOf(transpose(x)), (Bits{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(bitsOf(concat({x, x}, 1)),
            (Bits{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(bitsOf(pad(x, {0, 0}, {1, 0}, 1)),
            (Bits{1, 2, 3, 4, 5, 6, 0x3f80, 0x3f80, 0x3f80}));
  EXPECT_EQ(bitsOf(slice(x, {0, 0}, {2, 3}, {1, 2})), (Bits{1, 3, 4, 6}));
  EXPECT_EQ(bitsOf(take(x, tensor<int64_t>({1, 0}), 0)),
            (Bits{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(bitsOf(oneHot(tensor<int64_t>({1}), 3, bfloat16)),
            (Bits{0, 0x3f80, 0}));
  EXPECT_EQ(bitsOf(linspace(0, 1, 300, bfloat16))[299], 0x3f80);
  EXPECT_EQ(bitsOf(linspace(0, 299, 300, bfloat16))[257],
            BFloat16(257).toBits());
}

TEST_P(LowPrecision, ScansCarryIt) {
  auto [last, all] =
      scan([](const Tensor &sum,
              const Tensor &x) { return std::pair(sum + x, sum * x); },
           zeros({}, bfloat16), tensor<BFloat16>({1, 2, 3.5}));
  EXPECT_EQ(last.dtype(), bfloat16);
  EXPECT_EQ(last.item(), 6.5);
  EXPECT_EQ(bitsOf(all), bitsOf(tensor<BFloat16>({0, 2, 10.5})));
}

TEST_P(LowPrecision, DrawsAreThoseOfFloat32Rounded) {
  Key key(42);
  Shape shape{100000};
  std::vector<float> wide = random::normal(key, shape).toVector<float>();
  std::vector<BFloat16> narrow =
      random::normal(key, shape, bfloat16).toVector<BFloat16>();
  for (size_t i = 0; i < wide.size(); ++i)
    ASSERT_EQ(narrow[i], BFloat16(wide[i]));
  wide = random::uniform(key, shape).toVector<float>();
  narrow = random::uniform(key, shape, 0, 1, bfloat16).toVector<BFloat16>();
  int moved = 0;
  for (size_t i = 0; i < wide.size(); ++i) {
    ASSERT_LT(narrow[i], 1); // half-open, though 0.999 rounds to 1
    if (BFloat16(wide[i]) < 1)
      ASSERT_EQ(narrow[i], BFloat16(wide[i]));
    else
      ++moved;
  }
  EXPECT_GT(moved, 50);
  Tensor odd = random::uniform(key, shape, 1.001, 3.001, bfloat16);
  EXPECT_GE(min(odd).item(), 1.001);
  EXPECT_LT(max(odd).item(), 3.001);
}

// In bfloat16 0.999 is 1, and 1 - 1e-3 is 1: computed there nothing would move.
TEST_P(LowPrecision, OptimizersComputeInFloat32) {
  auto train = [](DType dtype, auto make) {
    Variable p(convert(tensor({0.5, -1.25, 2.0}), dtype));
    auto optimizer = make(std::vector<Variable>{p});
    auto step = jit([&](const Tensor &scale) {
      Tensor loss = sum(scale * square(p));
      optimizer.step(loss);
      return loss;
    });
    for (int i = 0; i < 100; ++i)
      step(convert(tensor({1.0, 3.0, 0.25}), dtype));
    EXPECT_EQ(p.dtype(), dtype);
    return convert(p, float32).template toVector<float>();
  };
  auto expectNear = [&](auto make, double tolerance) {
    std::vector<float> narrow = train(bfloat16, make),
                       wide = train(float32, make);
    for (size_t i = 0; i < wide.size(); ++i)
      EXPECT_NEAR(narrow[i], wide[i], tolerance) << i;
  };
  expectNear(
      [](std::vector<Variable> p) {
        return optim::SGD(p, {.learningRate = 0.05, .momentum = 0.9});
      },
      0.02);
  expectNear(
      [](std::vector<Variable> p) {
        return optim::Adam(p, {.learningRate = 0.05});
      },
      0.05);
}

TEST_P(LowPrecision, LayerNormComputesInFloat32) {
  std::vector<BFloat16> elements;
  for (int i = 0; i < 512; ++i)
    elements.push_back(BFloat16(100 + std::sin(i * 2.1)));
  Tensor x = fromData(elements, {2, 256});
  nn::LayerNorm norm(256, {.affine = false});
  Tensor y = norm(x);
  EXPECT_EQ(y.dtype(), bfloat16);
  std::vector<float> wide = norm(convert(x, float32)).toVector<float>();
  std::vector<BFloat16> narrow = y.toVector<BFloat16>();
  for (size_t i = 0; i < wide.size(); ++i)
    EXPECT_NEAR(narrow[i], wide[i], 0x1.02p-8 * std::abs(wide[i]));
}

INSTANTIATE_TEST_SUITE_P(Targets, LowPrecision,
                         testing::Values("cpu", "reference"),
                         [](const auto &info) { return info.param; });

TEST(BFloat16Tensor, GoesInAndOut) {
  Tensor x = tensor<BFloat16>({1.1, -2, NAN});
  EXPECT_EQ(x.dtype(), bfloat16);
  EXPECT_EQ(toString(x), "[1.10156, -2, nan]");
  EXPECT_EQ(toString(x.dtype()), "bfloat16");
  EXPECT_EQ(full({}, 1.1, bfloat16).item(), 1.1015625);
  EXPECT_EQ(full({}, 1.1, bfloat16).item<BFloat16>(), BFloat16(1.1));
  EXPECT_EQ(tensor<BFloat16>({{1, 2}, {3, 4}}).shape(), Shape({2, 2}));
  EXPECT_THROW((void)x.toVector<float>(), DTypeError);
  data::TensorDataset set(x, arange(3));
  EXPECT_EQ(set[1].first.item(), -2);
}

} // namespace
