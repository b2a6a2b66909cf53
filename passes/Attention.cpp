// Attention.cpp - the scores of attention: a contraction, scaled and masked.
#include "needle/passes/Attention.h"

#include <limits>

using namespace mlir;
using namespace needle;
using passes::TensorBuilder;

// Place i of the query sees places 0 ... i + s - t of the key.
static Value masked(TensorBuilder &t, Value scores) {
  RankedTensorType type = ir::tensorType(scores);
  int64_t rank = type.getRank();
  RankedTensorType places = type.clone(t.getI32Type());
  int64_t offset = type.getDimSize(rank - 1) - type.getDimSize(rank - 2);
  Value row = t.make<ir::IotaOp>(places, uint64_t(rank - 2));
  Value column = t.make<ir::IotaOp>(places, uint64_t(rank - 1));
  if (offset)
    row = t.add(row, t.make<ir::FullOp>(places, t.getI64IntegerAttr(offset)));
  double none = -std::numeric_limits<double>::infinity();
  return t.where(t.less(row, column), t.full(type, none), scores);
}

Value passes::attentionScores(TensorBuilder &t, ir::AttentionOp op) {
  Value scores = t.make<ir::MatmulOp>(op.getQuery(), op.getKey(), false, true);
  scores = t.scale(scores, op.getScale().convertToDouble());
  if (op.getCausal())
    scores = masked(t, scores);
  return scores;
}
