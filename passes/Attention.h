// Attention.h - what Decompose and the gradient of attention share.
#pragma once

#include "needle/passes/TensorBuilder.h"

namespace needle::passes {

/// scale query key^T, [..., t, s]; -infinity for the places of the key that a
/// causal query does not see. Their softmax are the weights of the values.
Value attentionScores(TensorBuilder &t, ir::AttentionOp op);

} // namespace needle::passes
