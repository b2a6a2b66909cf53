// ExpandMathTest.cpp - exp, log and tanh over all exponents, in units of the
// last place (ulp) against long double libm.
#include "KernelHarness.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace needle::codegen;

namespace {

template <class T> constexpr const char *element = "f32";
template <> constexpr const char *element<double> = "f64";

std::string function(const char *op, const char *type, int64_t n) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}>) -> tensor<{0}x{1}> {{
      %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0)>]
          : (tensor<{0}x{1}>) -> tensor<{0}x{1}> {{
      ^bb0(%a: tensor<{0}x{1}>):
        %1 = needle.{2} %a : tensor<{0}x{1}>
        needle.yield %1 : tensor<{0}x{1}>
      }
      return %0 : tensor<{0}x{1}>
    })mlir",
                       n, type, op);
}

// Random bits (every exponent, subnormals, infinities, NaN), then numbers from
// where the results are neither 0, 1 nor infinite, then special ones.
template <class T> std::vector<T> samples() {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 random(7);
  std::vector<T> x;
  for (int i = 0; i < 600000; ++i)
    x.push_back(llvm::bit_cast<T>(Bits(random())));
  double range = sizeof(T) == 4 ? 110 : 760;
  for (double wide : {1.0, 10.0, range}) {
    std::uniform_real_distribution<double> near(-wide, wide);
    for (int i = 0; i < 200000; ++i)
      x.push_back(T(near(random)));
  }
  for (T each : {T(0), T(-0.0), T(1), T(-1), Limits::infinity(),
                 -Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(),
                 -Limits::denorm_min(), Limits::min(), Limits::max(),
                 Limits::lowest(), std::nextafter(T(1), T(0)),
                 std::nextafter(T(1), T(2)), T(std::log(Limits::max())),
                 T(std::log(Limits::min())), T(std::log(Limits::denorm_min()))})
    for (T x0 :
         {std::nextafter(each, T(-9e9)), each, std::nextafter(each, T(9e9))})
      x.push_back(x0);
  return x;
}

// How far `actual` is from `exact`, in distances between neighbours of T there.
template <class T> double ulps(T actual, long double exact) {
  if (std::isnan(exact) || std::isnan(actual))
    return std::isnan(exact) == std::isnan(actual) ? 0 : 1e9;
  T rounded = T(exact);
  if (actual == rounded)
    return actual == 0 && std::signbit(actual) != std::signbit(exact) ? 1e9 : 0;
  if (std::isinf(actual) || std::isinf(rounded)) {
    // One step beyond the largest number, at most.
    T finite = std::isinf(actual) ? rounded : actual;
    return std::abs(finite) == std::numeric_limits<T>::max() ? 1 : 1e9;
  }
  int exponent;
  std::frexp(rounded, &exponent);
  long double unit =
      std::ldexp(1.0L, std::max(exponent - std::numeric_limits<T>::digits,
                                std::numeric_limits<T>::min_exponent -
                                    std::numeric_limits<T>::digits));
  return double(std::abs((long double)actual - exact) / unit);
}

template <class T>
void check(const char *op, long double (*exact)(long double), double limit) {
  std::vector<T> x = samples<T>();
  for (const TargetInfo &target : targets()) {
    CompiledKernel kernel(function(op, element<T>, int64_t(x.size())), target);
    ASSERT_TRUE(kernel.ok());
    auto arguments = kernel.randomArguments();
    std::copy(x.begin(), x.end(), arguments[0].template data<T>());
    auto results = kernel.run(arguments);
    double worst = 0;
    T where = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      double error = ulps(results[0].template data<T>()[i], exact(x[i]));
      if (error > worst)
        worst = error, where = x[i];
    }
    EXPECT_LE(worst, limit) << op << " of " << element<T> << " at " << where
                            << " on " << target.isa;
    std::string name = std::string(op) + "_" + element<T> + "_" + target.isa;
    testing::Test::RecordProperty(name, std::to_string(worst));
    std::printf("  %-18s %.2f ulp at %g\n", name.c_str(), worst, double(where));
  }
}

// The design allows 4 ulp in f32, 2 in f64, 5 for tanh. These are tighter: what
// was found, and some room for samples not drawn.
TEST(ExpandMath, Exp) {
  check<float>("exp", std::exp, 1.5);
  check<double>("exp", std::exp, 1.5);
}
TEST(ExpandMath, Log) {
  check<float>("log", std::log, 1.5);
  check<double>("log", std::log, 1.5);
}
TEST(ExpandMath, Tanh) {
  check<float>("tanh", std::tanh, 3.5);
  check<double>("tanh", std::tanh, 3.5);
}

} // namespace
