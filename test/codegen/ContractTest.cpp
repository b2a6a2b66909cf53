// ContractTest.cpp - contraction kernels against a double loop in double.
#include "KernelHarness.h"
#include "KernelRunner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>

using namespace needle::codegen;

namespace {

using Dimensions = std::vector<int64_t>;

int64_t product(const Dimensions &shape) {
  int64_t n = 1;
  for (int64_t d : shape)
    n *= d;
  return n;
}

std::string typeOf(const Dimensions &shape, const char *element) {
  std::string text = "tensor<";
  for (int64_t d : shape)
    text += std::to_string(d) + "x";
  return text + element + ">";
}

std::string identityMap(size_t rank) {
  std::string dims;
  for (size_t i = 0; i < rank; ++i)
    dims += (i ? ", d" : "d") + std::to_string(i);
  return "affine_map<(" + dims + ") -> (" + dims + ")>";
}

struct Case {
  Dimensions lhsBatch, rhsBatch;
  int64_t m, n, k;
  bool transposeLhs = false, transposeRhs = false;

  Dimensions lhs() const {
    Dimensions shape = lhsBatch;
    shape.insert(shape.end(), {transposeLhs ? k : m, transposeLhs ? m : k});
    return shape;
  }
  Dimensions rhs() const {
    Dimensions shape = rhsBatch;
    shape.insert(shape.end(), {transposeRhs ? n : k, transposeRhs ? k : n});
    return shape;
  }
  Dimensions batch() const {
    size_t rank = std::max(lhsBatch.size(), rhsBatch.size());
    Dimensions shape(rank, 1);
    for (size_t i = 0; i < lhsBatch.size(); ++i)
      shape[rank - lhsBatch.size() + i] = lhsBatch[i];
    for (size_t i = 0; i < rhsBatch.size(); ++i)
      if (rhsBatch[i] != 1)
        shape[rank - rhsBatch.size() + i] = rhsBatch[i];
    return shape;
  }
  Dimensions result() const {
    Dimensions shape = batch();
    shape.insert(shape.end(), {m, n});
    return shape;
  }
  std::string name() const {
    return typeOf(lhs(), "f") + (transposeLhs ? "T" : "") + " x " +
           typeOf(rhs(), "f") + (transposeRhs ? "T" : "");
  }
};

/// The operand's matrix that belongs to matrix `group` of the result.
int64_t matrixOf(const Dimensions &own, const Dimensions &batch,
                 int64_t group) {
  int64_t matrix = 0, stride = 1;
  for (size_t i = 0; i < batch.size(); ++i) {
    size_t d = batch.size() - 1 - i;
    int64_t index = group % batch[d];
    group /= batch[d];
    if (i >= own.size())
      continue;
    int64_t size = own[own.size() - 1 - i];
    matrix += (size == 1 ? 0 : index) * stride;
    stride *= size;
  }
  return matrix;
}

template <class T> const char *elementName() {
  return std::is_same_v<T, float> ? "f32" : "f64";
}

template <class T> std::vector<T> randomValues(int64_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<T> distribution(-1, 1);
  std::vector<T> values(n);
  for (T &value : values)
    value = distribution(generator);
  return values;
}

/// sum a b and sum |a b| of each element, in double.
template <class T> struct Reference {
  std::vector<double> value, magnitude;
  Reference(const Case &c, const T *a, const T *b) {
    int64_t groups = product(c.batch());
    for (int64_t g = 0; g < groups; ++g) {
      const T *x = a + matrixOf(c.lhsBatch, c.batch(), g) * c.m * c.k;
      const T *y = b + matrixOf(c.rhsBatch, c.batch(), g) * c.k * c.n;
      for (int64_t i = 0; i < c.m; ++i)
        for (int64_t j = 0; j < c.n; ++j) {
          double sum = 0, size = 0;
          for (int64_t l = 0; l < c.k; ++l) {
            double term =
                double(c.transposeLhs ? x[l * c.m + i] : x[i * c.k + l]) *
                double(c.transposeRhs ? y[j * c.k + l] : y[l * c.n + j]);
            sum += term;
            size += std::abs(term);
          }
          value.push_back(sum);
          magnitude.push_back(size);
        }
    }
  }
};

/// Rounding errors of k products and sums grow with sqrt(k) when they are as
/// likely up as down; 4 leaves room.
template <class T> double tolerance(int64_t k, double magnitude) {
  return 4 * std::numeric_limits<T>::epsilon() * std::sqrt(double(k) + 1) *
         magnitude;
}

std::string kernelText(const Case &c, const std::string &element,
                       const std::string &moreOperands = "",
                       const std::string &moreTypes = "",
                       const std::string &moreMaps = "",
                       const std::string &moreArguments = "",
                       const std::string &epilogue = "",
                       const std::string &yielded = "%c") {
  std::string lhs = typeOf(c.lhs(), element.c_str());
  std::string rhs = typeOf(c.rhs(), element.c_str());
  std::string result = typeOf(c.result(), element.c_str());
  std::string attributes;
  if (c.transposeLhs || c.transposeRhs)
    attributes = std::string(" {") +
                 (c.transposeLhs ? "transpose_lhs = true" : "") +
                 (c.transposeLhs && c.transposeRhs ? ", " : "") +
                 (c.transposeRhs ? "transpose_rhs = true" : "") + "}";
  std::string signature = lhs + ", " + rhs + moreTypes;
  return "func.func @f(%a: " + lhs + ", %b: " + rhs + moreArguments + ") -> " +
         result + " {\n%r = needle.kernel \"contract\" (%a, %b" + moreOperands +
         ") maps [" + identityMap(c.lhs().size()) + ", " +
         identityMap(c.rhs().size()) + moreMaps + "] : (" + signature +
         ") -> " + result + " {\n^bb0(%x: " + lhs + ", %y: " + rhs +
         moreArguments + "):\n%c = needle.matmul %x, %y" + attributes + " : " +
         lhs + ", " + rhs + "\n" + epilogue + "needle.yield " + yielded +
         " : " + result + "\n}\nreturn %r : " + result + "\n}\n";
}

template <class T> void check(const Case &c, const TargetInfo &target) {
  SCOPED_TRACE(c.name() + " " + elementName<T>() + " " + target.isa);
  KernelRunner runner(kernelText(c, elementName<T>()), target);
  ASSERT_EQ(runner.error(), "");
  auto a = randomValues<T>(product(c.lhs()), 1);
  auto b = randomValues<T>(product(c.rhs()), 2);
  std::vector<T> out(product(c.result()), T(99)), again = out;
  runner.run({a.data(), b.data(), out.data()});
  Reference<T> expected(c, a.data(), b.data());
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(out[i], expected.value[i],
                tolerance<T>(c.k, expected.magnitude[i]))
        << "element " << i;
  runner.run({a.data(), b.data(), again.data()}, /*reversed=*/true);
  EXPECT_EQ(std::memcmp(out.data(), again.data(), out.size() * sizeof(T)), 0);
}

class Contract : public testing::TestWithParam<TargetInfo> {};

INSTANTIATE_TEST_SUITE_P(Isa, Contract, testing::ValuesIn(targets()),
                         [](const auto &info) { return info.param.isa; });

TEST_P(Contract, AllTranspositions) {
  for (bool lhs : {false, true})
    for (bool rhs : {false, true}) {
      check<float>({{}, {}, 40, 96, 70, lhs, rhs}, GetParam());
      check<float>({{}, {}, 67, 131, 53, lhs, rhs}, GetParam());
      check<double>({{}, {}, 35, 50, 41, lhs, rhs}, GetParam());
    }
}

TEST_P(Contract, SizesAroundTheBlocks) {
  for (bool transposed : {false, true}) {
    for (int64_t m : {1, 2, 3, 5, 7, 8, 9, 17})
      check<float>({{}, {}, m, 61, 19, transposed, false}, GetParam());
    for (int64_t n : {1,  2,  3,  4,  5,  7,  8,  9,  15, 16, 17,
                      31, 32, 33, 47, 48, 49, 63, 64, 65, 80, 97})
      check<float>({{}, {}, 11, n, 19, transposed, transposed}, GetParam());
    for (int64_t k : {0, 1, 2, 3, 4, 5, 15, 16, 17, 33})
      check<float>({{}, {}, 13, 37, k, transposed, transposed}, GetParam());
  }
  for (int64_t n : {1, 3, 7, 8, 9, 23, 24, 25})
    check<double>({{}, {}, 9, n, 13}, GetParam());
}

TEST_P(Contract, RowsAndColumnsOfOne) {
  check<float>({{}, {}, 1, 1, 1}, GetParam());
  check<float>({{}, {}, 1, 300, 77}, GetParam());
  check<float>({{}, {}, 1, 300, 77, false, true}, GetParam());
  check<float>({{}, {}, 300, 1, 77}, GetParam());
  check<float>({{}, {}, 300, 1, 77, true, false}, GetParam());
  check<float>({{}, {}, 4, 1000, 30}, GetParam());
}

TEST_P(Contract, NothingToSum) {
  check<float>({{}, {}, 4, 50, 0}, GetParam());
  check<double>({{}, {}, 20, 3, 0, true, true}, GetParam());
}

TEST_P(Contract, NothingToCompute) {
  for (Case c : {Case{{}, {}, 0, 5, 3}, Case{{}, {}, 5, 0, 3},
                 Case{{0}, {0}, 5, 4, 3}}) {
    KernelRunner runner(kernelText(c, "f32"), GetParam());
    ASSERT_EQ(runner.error(), "");
    float nothing = 7;
    runner.run({&nothing, &nothing, &nothing});
    EXPECT_EQ(nothing, 7);
  }
}

TEST_P(Contract, SeveralBlocksOfK) {
  check<float>({{}, {}, 21, 70, 2100}, GetParam());
  check<float>({{}, {}, 70, 50, 1500, true, true}, GetParam());
  check<double>({{}, {}, 9, 40, 1100}, GetParam());
}

TEST_P(Contract, RowsThatShareCacheSets) {
  check<float>({{}, {}, 70, 1024, 64}, GetParam());
  check<float>({{}, {}, 75, 100, 1024}, GetParam());
  check<float>({{}, {}, 1024, 80, 40, true, false}, GetParam());
}

TEST_P(Contract, BatchesBroadcast) {
  check<float>({{3}, {3}, 10, 40, 12}, GetParam());
  check<float>({{3}, {}, 10, 40, 12}, GetParam());
  check<float>({{}, {3}, 10, 40, 12, false, true}, GetParam());
  check<float>({{2, 1}, {1, 3}, 10, 33, 12, true, true}, GetParam());
  check<float>({{2, 3, 1}, {4}, 5, 20, 7}, GetParam());
  check<float>({{2, 1, 2}, {2, 3, 1}, 5, 20, 7, false, true}, GetParam());
  check<float>({{3, 2}, {3, 2}, 17, 6, 9, true, false}, GetParam());
}

// One function serves every size: only its scalars differ.
TEST_P(Contract, CodeIsFreeOfShapes) {
  auto key = [&](const Case &c) {
    KernelRunner runner(kernelText(c, "f32"), GetParam());
    return runner.kernelPlan().phases.back().calls.back().key;
  };
  EXPECT_EQ(key({{}, {}, 128, 512, 784}), key({{7}, {}, 33, 640, 100}));
  EXPECT_EQ(key({{}, {}, 128, 512, 784, false, true}),
            key({{5}, {5}, 50, 70, 11, false, true}));
}

// Slices, transposes and broadcasts of the operands are strides.
TEST_P(Contract, OperandsThroughIndexMaps) {
  std::string text = R"mlir(
    func.func @f(%a: tensor<9x30xf32>, %b: tensor<40xf32>) -> tensor<12x40xf32> {
      %r = needle.kernel "contract" (%a, %b) maps [
          affine_map<(d0, d1) -> (d1 + 2, d0 * 2 + 3)>,
          affine_map<(d0, d1) -> (d1)>]
          : (tensor<9x30xf32>, tensor<40xf32>) -> tensor<12x40xf32> {
      ^bb0(%x: tensor<12x5xf32>, %y: tensor<5x40xf32>):
        %c = needle.matmul %x, %y : tensor<12x5xf32>, tensor<5x40xf32>
        needle.yield %c : tensor<12x40xf32>
      }
      return %r : tensor<12x40xf32>
    })mlir";
  KernelRunner runner(text, GetParam());
  ASSERT_EQ(runner.error(), "");
  auto a = randomValues<float>(9 * 30, 1), b = randomValues<float>(40, 2);
  std::vector<float> out(12 * 40);
  runner.run({a.data(), b.data(), out.data()});
  for (int i = 0; i < 12; ++i)
    for (int j = 0; j < 40; ++j) {
      double sum = 0;
      for (int l = 0; l < 5; ++l)
        sum += double(a[(l + 2) * 30 + i * 2 + 3]) * b[j];
      ASSERT_NEAR(out[i * 40 + j], sum, tolerance<float>(5, 5));
    }
}

// w - (a b + bias), tile by tile after the
// product.
TEST_P(Contract, EpilogueOnTheHotTile) {
  for (Case c :
       {Case{{}, {}, 70, 101, 33}, Case{{}, {}, 300, 1, 40, true},
        Case{{2}, {2}, 70, 101, 33, false, true}, Case{{}, {}, 260, 530, 60}}) {
    SCOPED_TRACE(c.name());
    std::string result = typeOf(c.result(), "f32");
    std::string bias = "tensor<" + std::to_string(c.n) + "xf32>";
    std::string arguments = ", %bias: " + bias + ", %w: " + result;
    std::string dims = identityMap(c.result().size());
    std::string last = "d" + std::to_string(c.result().size() - 1);
    std::string biasMap =
        dims.substr(0, dims.find("->")) + "-> (" + last + ")>";
    std::string body = "%s = needle.add %c, %e : " + result +
                       "\n%u = needle.sub %v, %s : " + result + "\n";
    std::string text =
        kernelText(c, "f32", ", %bias, %w", ", " + bias + ", " + result,
                   ", " + biasMap + ", " + dims, arguments, body, "%u");
    // The block's arguments have the mapped shapes.
    size_t block = text.find("^bb0");
    size_t at = text.find("%bias: " + bias, block);
    text.replace(at, ("%bias: " + bias + ", %w: ").size(),
                 "%e: " + result + ", %v: ");
    KernelRunner runner(text, GetParam());
    ASSERT_EQ(runner.error(), "");
    auto a = randomValues<float>(product(c.lhs()), 1);
    auto b = randomValues<float>(product(c.rhs()), 2);
    auto e = randomValues<float>(c.n, 3);
    auto w = randomValues<float>(product(c.result()), 4);
    std::vector<float> out(w.size());
    runner.run({a.data(), b.data(), e.data(), w.data(), out.data()});
    Reference<float> expected(c, a.data(), b.data());
    for (size_t i = 0; i < out.size(); ++i)
      ASSERT_NEAR(out[i], w[i] - (expected.value[i] + e[i % c.n]),
                  tolerance<float>(c.k, expected.magnitude[i] + 2));
  }
}

// The product must not be written over an operand that the epilogue reads.
TEST_P(Contract, UpdatesInPlace) {
  std::string text = R"mlir(
    func.func @f(%a: tensor<30x20xf32>, %b: tensor<30x70xf32>,
                 %w: tensor<20x70xf32>) -> tensor<20x70xf32> {
      %r = needle.kernel "contract" (%a, %b, %w) maps [
          affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
          affine_map<(d0, d1) -> (d0, d1)>]
          {needle.in_place = array<i64: 2>}
          : (tensor<30x20xf32>, tensor<30x70xf32>, tensor<20x70xf32>)
          -> tensor<20x70xf32> {
      ^bb0(%x: tensor<30x20xf32>, %y: tensor<30x70xf32>, %v: tensor<20x70xf32>):
        %c = needle.matmul %x, %y {transpose_lhs = true}
          : tensor<30x20xf32>, tensor<30x70xf32>
        %u = needle.sub %v, %c : tensor<20x70xf32>
        needle.yield %u : tensor<20x70xf32>
      }
      return %r : tensor<20x70xf32>
    })mlir";
  KernelRunner runner(text, GetParam());
  ASSERT_EQ(runner.error(), "");
  Case c = {{}, {}, 20, 70, 30, true, false};
  auto a = randomValues<float>(product(c.lhs()), 1);
  auto b = randomValues<float>(product(c.rhs()), 2);
  auto w = randomValues<float>(product(c.result()), 3), before = w;
  runner.run({a.data(), b.data(), w.data(), w.data()});
  Reference<float> expected(c, a.data(), b.data());
  for (size_t i = 0; i < w.size(); ++i)
    ASSERT_NEAR(w[i], before[i] - expected.value[i],
                tolerance<float>(c.k, expected.magnitude[i] + 1));
}

// a a is computed before the product, once per element.
TEST_P(Contract, PrologueOnTheOperands) {
  std::string text = R"mlir(
    func.func @f(%a: tensor<20x30xf32>, %b: tensor<30x70xf32>)
        -> tensor<20x70xf32> {
      %r = needle.kernel "contract" (%a, %b) maps [
          affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>]
          : (tensor<20x30xf32>, tensor<30x70xf32>) -> tensor<20x70xf32> {
      ^bb0(%x: tensor<20x30xf32>, %y: tensor<30x70xf32>):
        %z = needle.mul %x, %x : tensor<20x30xf32>
        %c = needle.matmul %z, %y : tensor<20x30xf32>, tensor<30x70xf32>
        needle.yield %c : tensor<20x70xf32>
      }
      return %r : tensor<20x70xf32>
    })mlir";
  KernelRunner runner(text, GetParam());
  ASSERT_EQ(runner.error(), "");
  Case c = {{}, {}, 20, 70, 30};
  auto a = randomValues<float>(product(c.lhs()), 1), square = a;
  for (float &x : square)
    x *= x;
  auto b = randomValues<float>(product(c.rhs()), 2);
  std::vector<float> out(product(c.result()));
  runner.run({a.data(), b.data(), out.data()});
  Reference<float> expected(c, square.data(), b.data());
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(out[i], expected.value[i],
                tolerance<float>(c.k, expected.magnitude[i]));
}

} // namespace
