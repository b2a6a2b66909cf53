// ValueTest.cpp - values of every op on every target: recorded, eager, jitted.
#include "OpCases.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace needle;
using namespace needle::test;

namespace {

double epsilonOf(DType dtype) {
  switch (dtype) {
  case DType::bfloat16:
    return 0x1p-7;
  case DType::float32:
    return 0x1p-23;
  case DType::float64:
    return 0x1p-52;
  default:
    return 0;
  }
}

// Equal, both NaN, or close enough for the dtype.
bool agrees(Number got, Number wanted, double tolerance) {
  if (std::isnan(got) || std::isnan(wanted))
    return std::isnan(got) == std::isnan(wanted);
  return got == wanted || std::abs(got - wanted) <=
                              tolerance * std::max(Number(1), std::abs(wanted));
}

void expectAgree(const std::vector<Tensor> &got, const Arrays &wanted,
                 const OpCase &row, DType dtype) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    DType result = row.result.value_or(dtype);
    EXPECT_EQ(got[i].dtype(), result);
    ASSERT_EQ(got[i].shape(), wanted[i].shape) << "of result " << i;
    Array array = arrayOf(got[i]);
    double tolerance = row.tolerance * epsilonOf(result);
    for (size_t k = 0; k < array.elements.size(); ++k)
      ASSERT_TRUE(agrees(array.elements[k], wanted[i].elements[k], tolerance))
          << "result " << i << ", element " << k << ": got "
          << double(array.elements[k]) << ", wanted "
          << double(wanted[i].elements[k]);
  }
}

class Values : public testing::TestWithParam<OpCase> {
protected:
  void check(const char *target) {
    const OpCase &row = GetParam();
    TargetScope scope(target);
    for (DType dtype : row.dtypes)
      for (const std::vector<Shape> &shapes : row.shapes) {
        SCOPED_TRACE(describe(shapes, dtype));
        Arrays inputs = drawInputs(row, shapes, dtype);
        Arrays wanted = row.reference(inputs);
        std::vector<Tensor> x = tensorsOf(row, inputs, dtype);
        {
          SCOPED_TRACE("recorded");
          expectAgree(row.call(x, dtype), wanted, row, dtype);
        }
        {
          SCOPED_TRACE("eager");
          LazyScope eager(false);
          expectAgree(row.call(x, dtype), wanted, row, dtype);
        }
        SCOPED_TRACE("jitted");
        auto step = jit(
            [&](const std::vector<Tensor> &x) { return row.call(x, dtype); });
        expectAgree(step(x), wanted, row, dtype);
      }
  }
};

TEST_P(Values, AreRightOnTheCpu) { check("cpu"); }
TEST_P(Values, AreRightOnTheReference) { check("reference"); }

INSTANTIATE_TEST_SUITE_P(Op, Values, testing::ValuesIn(opCases()),
                         [](const testing::TestParamInfo<OpCase> &info) {
                           return info.param.name;
                         });

} // namespace
