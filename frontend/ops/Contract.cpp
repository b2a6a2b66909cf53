// Contract.cpp - the recording of contractions.
#include "needle/frontend/ops/Contract.h"

#include "needle/frontend/Record.h"
#include "needle/frontend/ops/Shape.h"

#include <cmath>

using namespace needle;
using namespace needle::detail;

Tensor needle::matmul(const Tensor &lhs, const Tensor &rhs, Where where) {
  static constexpr OpInfo matmulOp{
      "matmul",
      {{"transpose_lhs", Field::boolean}, {"transpose_rhs", Field::boolean}}};
  check(lhs, "matmul", where);
  check(rhs, "matmul", where);
  int lhsRank = lhs.get()->rank, rhsRank = rhs.get()->rank;
  if (lhsRank == 0 || rhsRank == 0)
    fail<ShapeError>("matmul", where,
                     "an operand is a scalar: lhs is " + toString(lhs.shape()) +
                         ", rhs is " + toString(rhs.shape()));
  bool isRow = lhsRank == 1, isColumn = rhsRank == 1;
  DType dtype = promote(lhs.get()->dtype, rhs.get()->dtype);
  if (!isFloating(dtype))
    dtype = DType::float32;
  Tensor row, column, madeA, madeB;
  const Tensor &a = withDType(isRow ? row = unsqueeze(lhs, 0, where) : lhs,
                              dtype, madeA, where),
               &b =
                   withDType(isColumn ? column = unsqueeze(rhs, 1, where) : rhs,
                             dtype, madeB, where);
  Shape shape = orFail(
      "matmul", rules::matmul(a.get()->dims(), b.get()->dims(), false, false),
      where);
  Tensor product = Recording(matmulOp, where)
                       .use(a)
                       .use(b)
                       .attribute(int64_t(0))
                       .attribute(int64_t(0))
                       .result(dtype, shape);
  if (isColumn)
    product = squeeze(product, -1, where);
  if (isRow)
    product = squeeze(product, isColumn ? -1 : -2, where);
  return product;
}

Tensor needle::attention(const Tensor &query, const Tensor &key,
                         const Tensor &value, const AttentionOptions &options,
                         Where where) {
  static constexpr OpInfo attentionOp{
      "attention", {{"causal", Field::boolean}, {"scale", Field::f64}}};
  DType dtype = DType::boolean;
  for (const Tensor *x : {&query, &key, &value}) {
    check(*x, "attention", where);
    dtype = promote(dtype, x->dtype());
  }
  if (!isFloating(dtype))
    dtype = DType::float32;
  Shape shape = orFail("attention",
                       rules::attention(query.get()->dims(), key.get()->dims(),
                                        value.get()->dims(), options.causal),
                       where);
  double size = double(query.get()->dims().back());
  Tensor made[3];
  return Recording(attentionOp, where)
      .use(withDType(query, dtype, made[0], where))
      .use(withDType(key, dtype, made[1], where))
      .use(withDType(value, dtype, made[2], where))
      .attribute(int64_t(options.causal))
      .attribute(options.scale.value_or(1 / std::sqrt(size)))
      .result(dtype, shape);
}
