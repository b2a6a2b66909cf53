// Recurrent.cpp - layers with a state.
#include "needle/frontend/nn/Recurrent.h"

#include "needle/frontend/Record.h"
#include "needle/frontend/Scope.h"
#include "needle/frontend/nn/Init.h"
#include "needle/frontend/ops/Contract.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Region.h"
#include "needle/frontend/ops/Shape.h"

#include <cmath>

namespace needle::nn {

LstmCell::LstmCell(int64_t in, int64_t hidden, Where where)
    : in(in), hidden(hidden), inputWeight([&] {
        if (in < 1 || hidden < 1)
          throw ShapeError(where, "LstmCell: in is " + std::to_string(in) +
                                      " and hidden is " +
                                      std::to_string(hidden) +
                                      ", wanted 1 or more");
        return make("inputWeight", {in, 4 * hidden}, where);
      }()),
      hiddenWeight(make("hiddenWeight", {hidden, 4 * hidden}, where)),
      bias(make("bias", {4 * hidden}, where)) {}

Variable LstmCell::make(const char *name, const Shape &shape, Where where) {
  // U(-b, b) with b = 1 / sqrt(hidden).
  Tensor value = kaimingUniform(shape, hidden, 1 / std::sqrt(3), where);
  return parameter({name, where}, value, where);
}

LstmState LstmCell::initialState(int64_t batch, Where where) const {
  Tensor zero = zeros({batch, hidden}, inputWeight.dtype(), where);
  return {zero, zero};
}

Tensor LstmCell::project(const Tensor &x, int rank, Where where) {
  if (x.shape().rank() != rank || x.dim(-1) != in)
    detail::fail<ShapeError>("LstmCell", where,
                             "x is " + toString(x.shape()) + ", wanted [" +
                                 (rank == 3 ? "length, batch, " : "batch, ") +
                                 std::to_string(in) + "]");
  return matmul(x, inputWeight) + bias;
}

LstmState LstmCell::next(const Tensor &projected, const LstmState &state) {
  std::vector<Tensor> gates =
      split(projected + matmul(state.hidden, hiddenWeight), 4, -1);
  Tensor cell =
      sigmoid(gates[1]) * state.cell + sigmoid(gates[0]) * tanh(gates[2]);
  return {sigmoid(gates[3]) * tanh(cell), cell};
}

LstmState LstmCell::operator()(const Tensor &x, const LstmState &state,
                               Where where) {
  LibraryScope scope(where, path());
  return next(project(x, 2, where), state);
}

std::pair<Tensor, LstmState>
LstmCell::unroll(const Tensor &xs, const LstmState &state, Where where) {
  LibraryScope scope(where, path());
  auto [last, all] = scan(
      [&](const LstmState &before, const Tensor &projected) {
        LstmState after = next(projected, before);
        return std::pair(after, after.hidden);
      },
      state, project(xs, 3, where));
  return {all, last};
}

LSTM::LSTM(int64_t in, int64_t hidden, LstmOptions options, Where where) {
  if (options.layers < 1)
    throw Error(where, "LSTM: layers is " + std::to_string(options.layers) +
                           ", wanted 1 or more");
  for (int64_t i = 0; i < options.layers; ++i)
    cells.push_back(&child<LstmCell>({std::to_string(i), where},
                                     i ? hidden : in, hidden, where));
}

std::pair<Tensor, std::vector<LstmState>> LSTM::operator()(const Tensor &xs,
                                                           Where where) {
  LibraryScope scope(where, path());
  if (xs.shape().rank() != 3)
    detail::fail<ShapeError>("LSTM", where,
                             "x is " + toString(xs.shape()) +
                                 ", wanted [length, batch, in]");
  std::vector<LstmState> states;
  for (LstmCell *cell : cells)
    states.push_back(cell->initialState(xs.dim(1), where));
  return (*this)(xs, states, where);
}

std::pair<Tensor, std::vector<LstmState>>
LSTM::operator()(const Tensor &xs, const std::vector<LstmState> &states,
                 Where where) {
  LibraryScope scope(where, path());
  if (states.size() != cells.size())
    detail::fail<Error>("LSTM", where,
                        "got " + std::to_string(states.size()) +
                            " states for " + std::to_string(cells.size()) +
                            " layers");
  Tensor x = xs;
  std::vector<LstmState> last;
  for (size_t i = 0; i < cells.size(); ++i) {
    auto [all, state] = cells[i]->unroll(x, states[i], where);
    x = all;
    last.push_back(state);
  }
  return {x, last};
}

} // namespace needle::nn
