// LowPrecisionTest.cpp - conversions to bf16 by compiled kernels, on every
// instruction set, against BFloat16 (whose rounding runtime/BFloat16.cpp
// tests).
#include "KernelHarness.h"

#include "needle/runtime/BFloat16.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace needle;
using namespace needle::codegen;

namespace {

std::string conversion(const char *from, const char *to, size_t n) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}>) -> tensor<{0}x{2}> {{
      %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0)>]
          : (tensor<{0}x{1}>) -> tensor<{0}x{2}> {{
      ^bb0(%a: tensor<{0}x{1}>):
        %1 = needle.convert %a : tensor<{0}x{1}> -> tensor<{0}x{2}>
        needle.yield %1 : tensor<{0}x{2}>
      }
      return %0 : tensor<{0}x{2}>
    })mlir",
                       n, from, to);
}

template <class T> bool isNaN(T x) { return x != x; }

/// Converts x, `block` at a time, by one kernel per instruction set.
template <class From, class To>
void check(const char *from, const char *to, const std::vector<From> &x,
           size_t block) {
  ASSERT_EQ(x.size() % block, 0u);
  for (const TargetInfo &target : targets()) {
    CompiledKernel kernel(conversion(from, to, block), target);
    ASSERT_TRUE(kernel.ok());
    auto arguments = kernel.randomArguments();
    for (size_t at = 0; at < x.size(); at += block) {
      std::memcpy(arguments[0].template data<From>(), &x[at],
                  block * sizeof(From));
      auto results = kernel.run(arguments);
      const To *got = results[0].template data<To>();
      for (size_t i = 0; i < block; ++i) {
        To wanted = To(x[at + i]);
        if (isNaN(wanted) && isNaN(got[i]))
          continue;
        ASSERT_EQ(std::memcmp(&got[i], &wanted, sizeof(To)), 0)
            << double(x[at + i]) << " became " << double(got[i]) << ", wanted "
            << double(wanted) << " on " << target.isa;
      }
    }
  }
}

std::vector<float> floatsFrom(uint64_t first, uint64_t count, uint64_t step) {
  std::vector<float> x;
  for (uint64_t i = 0; i < count; ++i)
    x.push_back(llvm::bit_cast<float>(uint32_t(first + i * step)));
  return x;
}

TEST(LowPrecision, RoundsFloats) {
  constexpr size_t count = 1 << 19;
  check<float, BFloat16>("f32", "bf16", floatsFrom(0, count, 8191), count);
  // Ties and their neighbours; a size that is no multiple of any vector.
  std::vector<float> ties;
  for (uint32_t upper = 0; upper < 0x10000; ++upper)
    for (uint32_t lower : {0u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      ties.push_back(llvm::bit_cast<float>(upper << 16 | lower));
  ties.resize(ties.size() - 13);
  check<float, BFloat16>("f32", "bf16", ties, ties.size());
}

TEST(LowPrecision, RoundsEveryFloat) {
  if (!std::getenv("NEEDLE_EXHAUSTIVE"))
    GTEST_SKIP() << "takes minutes: with NEEDLE_EXHAUSTIVE=1";
  constexpr uint64_t block = 1 << 22;
  for (uint64_t first = 0; first < uint64_t(1) << 32; first += block)
    check<float, BFloat16>("f32", "bf16", floatsFrom(first, block, 1), block);
}

TEST(LowPrecision, RoundsDoublesOnce) {
  std::mt19937_64 random(5);
  std::vector<double> x;
  for (int i = 0; i < 100003; ++i) { // ties and near ties, every exponent
    double near = std::ldexp(1 + std::ldexp(double(random() % 512), -9) +
                                 (double(random() % 3) - 1) * 0x1p-45,
                             int(random() % 280) - 145);
    x.push_back(random() % 2 ? near : -near);
  }
  for (double special : {0.0, -0.0, 1e300, -1e-300, double(INFINITY),
                         -double(INFINITY), std::nan("")})
    x.push_back(special);
  check<double, BFloat16>("f64", "bf16", x, x.size());
}

TEST(LowPrecision, RoundsIntegersOnce) {
  std::mt19937_64 random(6);
  std::vector<int64_t> x;
  std::vector<int32_t> narrow;
  for (int i = 0; i < 100003; ++i) {
    auto whole = int64_t(random()) >> (random() % 64);
    if (i % 2) // near a tie
      whole = (whole & ~(int64_t(1) << random() % 55)) | int64_t(random() % 2);
    x.push_back(whole);
    narrow.push_back(int32_t(whole));
  }
  check<int64_t, BFloat16>("i64", "bf16", x, x.size());
  check<int32_t, BFloat16>("i32", "bf16", narrow, narrow.size());
}

TEST(LowPrecision, WidensEveryNumber) {
  std::vector<BFloat16> x;
  for (uint32_t bits = 0; bits < 0x10000; ++bits)
    x.push_back(BFloat16::fromBits(uint16_t(bits)));
  check<BFloat16, float>("bf16", "f32", x, x.size());
  check<BFloat16, double>("bf16", "f64", x, x.size());
}

// Read in columns, broadcast, and rounded after each op.
TEST(LowPrecision, ComputesAsTheInterpreterDoes) {
  for (const char *op : {"add", "sub", "mul", "div", "maximum"}) {
    std::string text = llvm::formatv(R"mlir(
    func.func @f(%x: tensor<37x5xbf16>, %y: tensor<37xbf16>)
        -> tensor<5x37xbf16> {{
      %0 = needle.kernel "map" (%x, %y) maps [
          affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d1)>]
          : (tensor<37x5xbf16>, tensor<37xbf16>) -> tensor<5x37xbf16> {{
      ^bb0(%a: tensor<5x37xbf16>, %b: tensor<5x37xbf16>):
        %1 = needle.{0} %a, %b : tensor<5x37xbf16>
        %2 = needle.exp %1 : tensor<5x37xbf16>
        %3 = needle.{0} %2, %b : tensor<5x37xbf16>
        needle.yield %3 : tensor<5x37xbf16>
      }
      return %0 : tensor<5x37xbf16>
    })mlir",
                                     op);
    SCOPED_TRACE(op);
    // One unit: exp is within 4 ulp of f32, so either side of a tie.
    checkKernel(text, 0x1p-7, 0x1p-7);
  }
}

} // namespace
