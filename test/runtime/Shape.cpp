// Shape.cpp - shapes and the rules that infer them.
#include "needle/runtime/Shape.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/ShapeRules.h"

#include <gtest/gtest.h>

using namespace needle;
using Sizes = std::vector<int64_t>;

static Sizes sizes(const rules::Inferred &inferred) {
  EXPECT_EQ(inferred.error, "");
  return {inferred.shape.begin(), inferred.shape.end()};
}

TEST(Shape, KeepsItsSizesAndCountsElements) {
  Shape shape{2, 3, 4u};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape.elements(), 24);
  EXPECT_EQ(Shape{}.elements(), 1);
  EXPECT_EQ(toString(shape), "[2, 3, 4]");
  EXPECT_EQ(toString(Shape{}), "[]");
  EXPECT_EQ(shape, (Shape{2, 3, 4}));
  EXPECT_NE(shape, (Shape{2, 3}));
}

TEST(Shape, RefusesWhatNoTensorCanHave) {
  EXPECT_THROW((Shape{-1}), ShapeError);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
  EXPECT_THROW((Shape{1 << 20, 1 << 20}), ShapeError);
  // The product of these overflows, an empty tensor or not.
  EXPECT_THROW((Shape{int64_t(1) << 39, int64_t(1) << 39, 0}), ShapeError);
  EXPECT_THROW((void)(Shape{2, 3}[2]), ShapeError);
  EXPECT_THROW((void)(Shape{2, 3}[-3]), ShapeError);
  EXPECT_EQ((Shape{0, 5}).elements(), 0);
}

TEST(ShapeRules, BroadcastsAsNumPyDoes) {
  EXPECT_EQ(sizes(rules::broadcast(Sizes{2, 1, 4}, Sizes{3, 1})),
            (Sizes{2, 3, 4}));
  EXPECT_EQ(sizes(rules::broadcast(Sizes{}, Sizes{0, 3})), (Sizes{0, 3}));
  EXPECT_EQ(sizes(rules::broadcast(Sizes{1}, Sizes{0})), (Sizes{0}));
  EXPECT_EQ(rules::broadcast(Sizes{2, 3}, Sizes{4}).error,
            "shapes do not broadcast: [2, 3] and [4] (3 != 4)");
  EXPECT_EQ(sizes(rules::broadcastTo(Sizes{3, 1}, Sizes{2, 3, 4})),
            (Sizes{2, 3, 4}));
  EXPECT_EQ(rules::broadcastTo(Sizes{2, 3}, Sizes{3}).error,
            "cannot broadcast [2, 3] to [3]");
}

TEST(ShapeRules, NormalizeAxes) {
  rules::SizeList axes;
  EXPECT_EQ(rules::normalizeAxes({-1, 0}, 3, axes), "");
  EXPECT_EQ(rules::text(axes), "[0, 2]");
  EXPECT_EQ(rules::normalizeAxes({}, 3, axes), "");
  EXPECT_EQ(rules::text(axes), "[0, 1, 2]");
  EXPECT_EQ(rules::normalizeAxes({3}, 3, axes),
            "axis 3 is out of range for rank 3");
  EXPECT_EQ(rules::normalizeAxes({0, -3}, 3, axes), "axis -3 is given twice");
}

TEST(ShapeRules, ReduceReshapeTranspose) {
  EXPECT_EQ(sizes(rules::reduce(Sizes{2, 3, 4}, Sizes{0, 2}, false)),
            (Sizes{3}));
  EXPECT_EQ(sizes(rules::reduce(Sizes{2, 3, 4}, Sizes{0, 2}, true)),
            (Sizes{1, 3, 1}));
  EXPECT_FALSE(rules::reduce(Sizes{2, 3}, Sizes{1, 0}, false).ok());
  EXPECT_EQ(sizes(rules::reshape(Sizes{3, 4}, Sizes{2, 6})), (Sizes{2, 6}));
  EXPECT_EQ(rules::reshape(Sizes{3, 4}, Sizes{2, 5}).error,
            "cannot turn 12 elements [3, 4] into 10 [2, 5]");
  EXPECT_EQ(sizes(rules::transpose(Sizes{2, 3, 4}, Sizes{2, 0, 1})),
            (Sizes{4, 2, 3}));
  EXPECT_FALSE(rules::transpose(Sizes{2, 3}, Sizes{0, 0}).ok());
  EXPECT_FALSE(rules::transpose(Sizes{2, 3}, Sizes{0}).ok());
}

TEST(ShapeRules, SliceAndPad) {
  EXPECT_EQ(
      sizes(rules::slice(Sizes{10, 4}, Sizes{1, 2}, Sizes{8, 2}, Sizes{3, 1})),
      (Sizes{3, 0}));
  EXPECT_EQ(rules::slice(Sizes{4}, Sizes{1}, Sizes{5}, Sizes{1}).error,
            "range [1, 5) of axis 0 is not within shape [4]");
  EXPECT_FALSE(rules::slice(Sizes{4}, Sizes{0}, Sizes{4}, Sizes{0}).ok());
  // 3 elements, 1 between neighbours: 2 + (3 + 2) + 0.
  EXPECT_EQ(sizes(rules::pad(Sizes{3}, Sizes{2}, Sizes{0}, Sizes{1})),
            (Sizes{7}));
  EXPECT_EQ(sizes(rules::pad(Sizes{0}, Sizes{2}, Sizes{1}, Sizes{5})),
            (Sizes{3}));
  EXPECT_FALSE(rules::pad(Sizes{3}, Sizes{-1}, Sizes{0}, Sizes{0}).ok());
  EXPECT_FALSE(rules::pad(Sizes{9}, Sizes{INT64_MAX}, Sizes{1}, Sizes{1}).ok());
}

TEST(ShapeRules, ConcatAndSplit) {
  Shape a{2, 3}, b{2, 5}, c{3, 3};
  EXPECT_EQ(sizes(rules::concat(std::vector{a, b}, 1)), (Sizes{2, 8}));
  EXPECT_FALSE(rules::concat(std::vector{a, c}, 1).ok());
  EXPECT_FALSE(rules::concat({}, 0).ok());
  EXPECT_EQ(sizes(rules::split(Sizes{6, 2}, Sizes{1, 5}, 0, 1)), (Sizes{5, 2}));
  EXPECT_EQ(rules::split(Sizes{6}, Sizes{1, 4}, 0, 0).error,
            "sizes [1, 4] do not add up to 6, the size of axis 0 of [6]");
}

TEST(ShapeRules, Matmul) {
  EXPECT_EQ(sizes(rules::matmul(Sizes{2, 3}, Sizes{3, 4}, false, false)),
            (Sizes{2, 4}));
  EXPECT_EQ(sizes(rules::matmul(Sizes{3, 2}, Sizes{4, 3}, true, true)),
            (Sizes{2, 4}));
  EXPECT_EQ(
      sizes(rules::matmul(Sizes{5, 1, 2, 3}, Sizes{7, 3, 4}, false, false)),
      (Sizes{5, 7, 2, 4}));
  EXPECT_EQ(rules::matmul(Sizes{2, 3}, Sizes{4, 5}, false, false).error,
            "inner dimensions differ: lhs is [2, 3], rhs is [4, 5] (3 != 4)");
  EXPECT_FALSE(rules::matmul(Sizes{3}, Sizes{3, 4}, false, false).ok());
  EXPECT_FALSE(
      rules::matmul(Sizes{2, 2, 3}, Sizes{5, 3, 4}, false, false).ok());
}

TEST(ShapeRules, Indexing) {
  EXPECT_EQ(sizes(rules::take(Sizes{5, 6, 7}, Sizes{2, 3}, 1)),
            (Sizes{5, 2, 3, 7}));
  EXPECT_EQ(sizes(rules::oneHot(Sizes{4}, 10)), (Sizes{4, 10}));
  EXPECT_FALSE(rules::oneHot(Sizes{4}, -1).ok());
  EXPECT_EQ(sizes(rules::scatterAdd(Sizes{5, 6}, Sizes{3}, Sizes{3, 6}, 0)),
            (Sizes{5, 6}));
  EXPECT_FALSE(rules::scatterAdd(Sizes{5, 6}, Sizes{3}, Sizes{4, 6}, 0).ok());
  // Results of more than 8 dimensions.
  EXPECT_FALSE(rules::take(Sizes{1, 1, 1, 1, 1}, Sizes{1, 1, 1, 1, 1}, 0).ok());
}

TEST(DType, NamesAreReadBack) {
  for (DType dtype : {boolean, int32, int64, float32, float64})
    EXPECT_EQ(parseDType(toString(dtype)), dtype);
  EXPECT_EQ(parseDType("float16"), std::nullopt);
}
