// Recurrent.h - layers with a state, rolled over a sequence by a scan.
#pragma once

#include "needle/frontend/nn/Module.h"

#include <utility>
#include <vector>

namespace needle::nn {

/// The state of one LSTM layer: both [batch, hidden].
struct LstmState {
  Tensor hidden, cell;
};

/// One step of a long short-term memory (S. Hochreiter and J. Schmidhuber,
/// Neural Computation 9, 1997, with the forget gate of F. Gers et al., 2000):
///   i, f, g, o = split(x Wx + h Wh + b), c' = sigmoid(f) c + sigmoid(i)
///   tanh(g) h' = sigmoid(o) tanh(c')
/// Weights [in, 4 hidden] and [hidden, 4 hidden] and the bias [4 hidden] are
/// from U(-1/sqrt(hidden), 1/sqrt(hidden)) as in PyTorch, which keeps two
/// biases and adds them.
struct LstmCell : Module {
  LstmCell(int64_t in, int64_t hidden, Where where = Where::here());
  /// x [batch, in].
  LstmState operator()(const Tensor &x, const LstmState &state,
                       Where where = Where::here());
  /// The same over xs [length, batch, in] as one op; the hidden states [length,
  /// batch, hidden] and the last state. Compile time does not grow with length.
  std::pair<Tensor, LstmState> unroll(const Tensor &xs, const LstmState &state,
                                      Where where = Where::here());
  /// Zeros.
  LstmState initialState(int64_t batch, Where where = Where::here()) const;

private:
  Variable make(const char *name, const Shape &shape, Where where);
  Tensor project(const Tensor &x, int rank, Where where);
  LstmState next(const Tensor &projected, const LstmState &state);
  int64_t in, hidden;

public:
  Variable inputWeight, hiddenWeight, bias;
};

struct LstmOptions {
  int64_t layers = 1;
};

/// Layers of LSTM cells, each over the hidden states of the one before it.
struct LSTM : Module {
  LSTM(int64_t in, int64_t hidden, LstmOptions options = {},
       Where where = Where::here());
  /// xs [length, batch, in] from zeros: the last layer's hidden states [length,
  /// batch, hidden], and the last state of every layer.
  std::pair<Tensor, std::vector<LstmState>>
  operator()(const Tensor &xs, Where where = Where::here());
  /// From given states, one per layer. Error when their number differs.
  std::pair<Tensor, std::vector<LstmState>>
  operator()(const Tensor &xs, const std::vector<LstmState> &states,
             Where where = Where::here());

private:
  std::vector<LstmCell *> cells;
};

} // namespace needle::nn
