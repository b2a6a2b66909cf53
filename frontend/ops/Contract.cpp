// Contract.cpp - the recording of contractions.
#include "needle/frontend/ops/Contract.h"

#include "needle/frontend/Record.h"
#include "needle/frontend/ops/Shape.h"
#include "needle/runtime/ShapeRules.h"

using namespace needle;
using namespace needle::detail;

Tensor needle::matmul(const Tensor &lhs, const Tensor &rhs, Where where) {
  static constexpr OpInfo matmulOp{
      "matmul",
      {{"transpose_lhs", Field::boolean}, {"transpose_rhs", Field::boolean}}};
  check(lhs, "matmul", where);
  check(rhs, "matmul", where);
  if (lhs.shape().rank() == 0 || rhs.shape().rank() == 0)
    fail<ShapeError>("matmul", where,
                     "an operand is a scalar: lhs is " + toString(lhs.shape()) +
                         ", rhs is " + toString(rhs.shape()));
  bool isRow = lhs.shape().rank() == 1, isColumn = rhs.shape().rank() == 1;
  DType dtype = promote(promote(lhs.dtype(), rhs.dtype()), DType::float32);
  Tensor a = convertTo(isRow ? unsqueeze(lhs, 0, where) : lhs, dtype, where),
         b = convertTo(isColumn ? unsqueeze(rhs, 1, where) : rhs, dtype, where);
  rules::Inferred shape =
      rules::matmul(a.shape().dims(), b.shape().dims(), false, false);
  if (!shape.ok())
    fail<ShapeError>("matmul", where, shape.error);
  Tensor product = Recording(matmulOp, where)
                       .use(a)
                       .use(b)
                       .attribute(int64_t(0))
                       .attribute(int64_t(0))
                       .result(dtype, shape.shape);
  if (isColumn)
    product = squeeze(product, -1, where);
  if (isRow)
    product = squeeze(product, isColumn ? -1 : -2, where);
  return product;
}
