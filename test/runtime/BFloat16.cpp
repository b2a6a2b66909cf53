// BFloat16.cpp - rounding to bfloat16, against the definition.
#include "needle/runtime/BFloat16.h"
#include "needle/runtime/DType.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

using namespace needle;

namespace {

using Limits = std::numeric_limits<BFloat16>;

// All finite numbers and, where infinity begins to be nearer, 2^128, in order.
const std::vector<double> &magnitudes() {
  static const std::vector<double> all = [] {
    std::vector<double> all;
    for (int exponent = 0; exponent < 255; ++exponent)
      for (int mantissa = 0; mantissa < 128; ++mantissa)
        all.push_back(exponent ? std::ldexp(128 + mantissa, exponent - 134)
                               : std::ldexp(mantissa, -133));
    all.push_back(0x1p128);
    return all;
  }();
  return all;
}

// The nearest number, of two as near the one with an even last bit: by search
// among all numbers.
template <class T> uint16_t nearest(T x) {
  const std::vector<double> &all = magnitudes();
  uint16_t sign = std::signbit(double(x)) ? 0x8000 : 0;
  long double magnitude = std::fabs((long double)(x));
  if (magnitude >= 0x1p128)
    return sign | 0x7f80;
  auto above =
      size_t(std::lower_bound(all.begin(), all.end(), magnitude) - all.begin());
  size_t found = above;
  if (above > 0) {
    long double up = all[above] - magnitude, down = magnitude - all[above - 1];
    if (down < up || (down == up && above % 2))
      found = above - 1;
  }
  return uint16_t(sign | found); // 2^128 has the bits of infinity
}

void expectNearest(uint32_t bits) {
  float x = std::bit_cast<float>(bits);
  uint16_t got = BFloat16(x).toBits();
  if (std::isnan(x)) { // quiet, of the same sign
    ASSERT_EQ(got & 0x7fc0, 0x7fc0) << std::hex << bits;
    ASSERT_EQ(got >> 15, bits >> 31) << std::hex << bits;
  } else {
    ASSERT_EQ(got, nearest(x)) << std::hex << bits;
  }
}

TEST(BFloat16, RoundsFloatsToTheNearest) {
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += 9973)
    expectNearest(uint32_t(bits));
  // Each number, its ties, and their neighbours.
  for (uint32_t upper = 0; upper <= 0xffff; ++upper)
    for (uint32_t lower : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      expectNearest(upper << 16 | lower);
}

TEST(BFloat16, RoundsEveryFloatToTheNearest) {
  if (!std::getenv("NEEDLE_EXHAUSTIVE"))
    GTEST_SKIP() << "takes four minutes: with NEEDLE_EXHAUSTIVE=1";
  for (uint64_t bits = 0; bits <= 0xffffffff; ++bits)
    expectNearest(uint32_t(bits));
}

TEST(BFloat16, RoundsWiderNumbersOnce) {
  // As a float each would be a tie first.
  EXPECT_EQ(BFloat16(1 + 0x1p-8 + 0x1p-40).toBits(), 0x3f81);
  EXPECT_EQ(BFloat16(1 + 0x1p-8 + 0x1p-7 - 0x1p-40).toBits(), 0x3f81);
  EXPECT_EQ(BFloat16(-1 - 0x1p-8 - 0x1p-40).toBits(), 0xbf81);
  EXPECT_EQ(BFloat16(0x1p-134 + 0x1p-180).toBits(), 0x0001);
  EXPECT_EQ(BFloat16(0x1p-134).toBits(), 0x0000);
  EXPECT_EQ(BFloat16(1e300).toBits(), 0x7f80);
  EXPECT_EQ(BFloat16(-1e-300).toBits(), 0x8000);
  EXPECT_TRUE(std::isnan(float(BFloat16(std::nan("")))));
  EXPECT_EQ(BFloat16((int64_t(1) << 62) + (int64_t(1) << 54) + 1).toBits(),
            0x5e81);
  EXPECT_EQ(BFloat16((int64_t(1) << 62) + (int64_t(1) << 54)).toBits(), 0x5e80);
  EXPECT_EQ(BFloat16(-(int64_t(1) << 62) - (int64_t(1) << 54) - 1).toBits(),
            0xde81);
  EXPECT_EQ(BFloat16(~uint64_t(0)).toBits(), 0x5f80);
  std::mt19937_64 random(3);
  for (int i = 0; i < 200000; ++i) {
    auto whole = int64_t(random()) >> (random() % 64);
    ASSERT_EQ(BFloat16(whole).toBits(), nearest((long double)(whole))) << whole;
    ASSERT_EQ(BFloat16(int32_t(whole)).toBits(), nearest(int32_t(whole)));
    // Ties and near ties.
    double x = std::ldexp(1 + std::ldexp(double(random() % 512), -9) +
                              (random() % 3 - 1.0) * 0x1p-45,
                          int(random() % 270) - 140);
    ASSERT_EQ(BFloat16(x).toBits(), nearest(x)) << x;
    ASSERT_EQ(BFloat16(-x).toBits(), nearest(-x)) << x;
  }
}

TEST(BFloat16, IsExactAsAFloat) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    BFloat16 x = BFloat16::fromBits(uint16_t(bits));
    EXPECT_EQ(std::bit_cast<uint32_t>(float(x)), bits << 16);
    if (float(x) == float(x)) {
      EXPECT_EQ(BFloat16(float(x)).toBits(), bits);
      EXPECT_EQ(BFloat16(double(x)).toBits(), bits);
    }
  }
}

TEST(BFloat16, HasLimits) {
  EXPECT_EQ(float(Limits::epsilon()), 0x1p-7f);
  EXPECT_EQ(float(Limits::max()), 0x1.fep127f);
  EXPECT_EQ(float(Limits::min()), 0x1p-126f);
  EXPECT_EQ(float(Limits::denorm_min()), 0x1p-133f);
  EXPECT_TRUE(std::isinf(float(Limits::infinity())));
  EXPECT_TRUE(std::isnan(float(Limits::quiet_NaN())));
}

TEST(DType, PromotesAsJaxDoes) {
  for (DType narrow : {boolean, int32, int64})
    EXPECT_EQ(promote(narrow, bfloat16), bfloat16);
  EXPECT_EQ(promote(bfloat16, bfloat16), bfloat16);
  EXPECT_EQ(promote(bfloat16, float32), float32);
  EXPECT_EQ(promote(float64, bfloat16), float64);
  EXPECT_TRUE(isFloating(bfloat16));
  EXPECT_FALSE(isInteger(bfloat16));
  EXPECT_EQ(byteSize(bfloat16), 2u);
  for (DType dtype : dtypes)
    EXPECT_EQ(parseDType(toString(dtype)), dtype);
}

} // namespace
