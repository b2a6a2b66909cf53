// Contract.cpp - gradient rules of contractions.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/Attention.h"
#include "needle/passes/gradients/Rule.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

static Value matmul(TensorBuilder &t, Value lhs, Value rhs, bool transposeLhs,
                    bool transposeRhs) {
  return t.make<ir::MatmulOp>(lhs, rhs, transposeLhs, transposeRhs);
}

// [..., m, k] -> [... m, k]: the batch as more rows of one matrix.
static Value flatten(TensorBuilder &t, Value x) {
  TensorBuilder::Dims shape = t.shapeOf(x);
  int64_t rows = 1;
  for (int64_t size : shape.drop_back())
    rows *= size;
  return t.reshape(x, {rows, shape.back()});
}

// C = A B: dA = G Bᵀ, dB = Aᵀ G. An operand that is stored transposed wants
// its cotangent so, too: dAᵀ = B Gᵀ, dBᵀ = Gᵀ A.
static Value lhsCotangent(TensorBuilder &t, ir::MatmulOp op, Value g) {
  bool lhs = op.getTransposeLhs(), rhs = op.getTransposeRhs();
  Value result = lhs ? matmul(t, op.getRhs(), g, rhs, true)
                     : matmul(t, g, op.getRhs(), false, !rhs);
  return t.sumTo(result, t.shapeOf(op.getLhs()));
}

static Value rhsCotangent(TensorBuilder &t, ir::MatmulOp op, Value g) {
  bool lhs = op.getTransposeLhs(), rhs = op.getTransposeRhs();
  Value a = op.getLhs();
  // One matrix for the whole batch of A: the sum over the batch is part of the
  // contraction, [... m, k]ᵀ x [... m, n].
  if (!lhs && t.shapeOf(op.getRhs()).size() == 2) {
    a = flatten(t, a);
    g = flatten(t, g);
  }
  Value result =
      rhs ? matmul(t, g, a, true, lhs) : matmul(t, a, g, !lhs, false);
  return t.sumTo(result, t.shapeOf(op.getRhs()));
}

static Values matmulVjp(TensorBuilder &t, ir::MatmulOp op, Cotangents g,
                        const Wanted &wanted) {
  return {wanted[0] ? lhsCotangent(t, op, g[0]) : Value(),
          wanted[1] ? rhsCotangent(t, op, g[0]) : Value()};
}

// O = P V with P = softmax(S), S = scale Q Kᵀ: dV = Pᵀ G, dP = G Vᵀ,
// dS = P (dP - sum(G O)), dQ = scale dS K, dK = scale dSᵀ Q. P is made again,
// as the same ops that Decompose makes: merged, if that is the best. Where it
// is masked P is 0, so dS is, too.
static Values attentionVjp(TensorBuilder &t, ir::AttentionOp op, Cotangents g,
                           const Wanted &wanted) {
  Value scores = attentionScores(t, op);
  int64_t last = ir::tensorType(scores).getRank() - 1;
  Value weights = t.make<ir::SoftmaxOp>(scores, last);
  Values result(3);
  if (wanted[2])
    result[2] = matmul(t, weights, g[0], true, false);
  if (!wanted[0] && !wanted[1])
    return result;
  Value dot = t.sum(t.mul(g[0], op.getResult()), last, /*keepDims=*/true);
  Value weightsCotangent = matmul(t, g[0], op.getValue(), false, true);
  Value change =
      t.sub(weightsCotangent, t.broadcast(dot, t.shapeOf(weightsCotangent)));
  Value scoresCotangent = t.mul(weights, change);
  double scale = op.getScale().convertToDouble();
  if (wanted[0])
    result[0] =
        t.scale(matmul(t, scoresCotangent, op.getKey(), false, false), scale);
  if (wanted[1])
    result[1] =
        t.scale(matmul(t, scoresCotangent, op.getQuery(), true, false), scale);
  return result;
}

void passes::attachContractGradients(MLIRContext &context) {
  attach<ir::MatmulOp, matmulVjp>(context);
  attach<ir::AttentionOp, attentionVjp>(context);
}
