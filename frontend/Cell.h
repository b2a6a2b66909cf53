// Cell.h - what the copies of a Variable share.
#pragma once

#include "needle/frontend/Realization.h"
#include "needle/frontend/Tensor.h"

#include <atomic>
#include <memory>
#include <string>

namespace needle::detail {

struct Cell {
  Cell() = default;
  ~Cell();
  Cell(const Cell &) = delete;
  uint64_t id = 0; // never used twice
  Where made;
  Where assigned; // the last assign()
  /// Interned; may be empty.
  std::atomic<const char *> name{""};
  std::atomic<bool> trainable{true};
  /// The trace it was made in; 0: none.
  uint32_t madeIn = 0;
  /// A version node; replaced as a whole.
  Tensor value;
  Tensor gradient;
  /// While `value` waits: the one since the last realization. What comes back
  /// when `value` can't be computed.
  Tensor before;
  /// Assignments of one group come true together or not at all; 0: alone.
  uint64_t group = 0;
  /// The thread whose next realization computes `value`; 0: none.
  uint64_t pendingOn = 0;
};

/// The name of a variable's value for errors ("hidden.weight" or
/// "train.cpp:12"), null when `node` is no variable's value.
const char *variableName(const Node *node);
/// What errors and dumps call the variable: its name, else where it was made.
const char *shownName(const Cell &cell);
/// The number of the cell `node` is a value of; 0: none.
uint64_t cellOf(const Node *node);

/// The cell of this number while a Variable names it; else null.
std::shared_ptr<Cell> findCell(uint64_t id);

/// The present value, in the open trace if there is one.
Tensor readCell(const std::shared_ptr<Cell> &cell);
/// A value for a cell: a constant to older history, with the cell's number.
Tensor makeVersion(const Cell &cell, const Tensor &value, Where where);
/// Gives the cell a value that is already a version.
void setCell(const std::shared_ptr<Cell> &cell, Tensor version, Where where);

/// Gives the cell the value that a jitted call has computed.
void setComputed(const std::shared_ptr<Cell> &cell,
                 runtime::BufferPtr buffer, Where where);

/// Assignments made on this thread while it lives are one group: a step of an
/// optimizer.
class AssignmentGroup {
public:
  AssignmentGroup();
  ~AssignmentGroup();
  AssignmentGroup(const AssignmentGroup &) = delete;
  uint64_t number() const;

private:
  uint64_t outer;
};

/// Cells of this thread that wait for a realization; the list is emptied.
std::vector<std::shared_ptr<Cell>> takePending();
void putPending(const std::shared_ptr<Cell> &cell);

} // namespace needle::detail
