// Variable.cpp - cells: reading, assigning, waiting for a realization.
#include "needle/frontend/Variable.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Record.h"
#include "needle/frontend/Trace.h"

#include <mutex>
#include <ostream>
#include <unordered_map>

using namespace needle;
using namespace needle::detail;

// ---- versions --------------------------------------------------------------
uint64_t detail::cellOf(const Node *node) {
  if (node->op == &versionOp)
    return node->attributes()[0];
  return node->op == &placeholderOp ? node->attributes()[2] : 0;
}
const char *detail::variableName(const Node *node) {
  if (!cellOf(node))
    return nullptr;
  size_t word = node->op == &versionOp ? 1 : 3;
  // Variable::name() may change it.
  std::atomic_ref<uint64_t> name(const_cast<Node *>(node)->attributes()[word]);
  return reinterpret_cast<const char *>(name.load(std::memory_order_relaxed));
}

namespace {
struct Cells {
  std::mutex mutex;
  std::unordered_map<uint64_t, std::weak_ptr<Cell>> byId;
};
Cells &cells() {
  static Cells *cells = new Cells;
  return *cells;
}
} // namespace
std::shared_ptr<Cell> detail::findCell(uint64_t id) {
  std::lock_guard lock(cells().mutex);
  auto it = cells().byId.find(id);
  return it == cells().byId.end() ? nullptr : it->second.lock();
}
detail::Cell::~Cell() {
  std::lock_guard lock(cells().mutex);
  cells().byId.erase(id);
}

// What errors call the variable: its name, else where it was made.
const char *detail::shownName(const Cell &cell) {
  const char *name = cell.name;
  if (*name || !cell.made.line)
    return name;
  return internFile(std::string(baseName(cell.made.file)) + ":" +
                    std::to_string(cell.made.line));
}

// Whether gradients are taken at a variable's value.
static uint8_t trainedState(const Cell &cell, const Node *value) {
  return cell.trainable && isFloating(value->dtype)
             ? Node::tracked | Node::wanted
             : 0;
}

// A value that is known.
static Tensor knownVersion(const Cell &cell, const Node *like, uint64_t name,
                           runtime::BufferPtr buffer, Where where) {
  uint64_t words[] = {cell.id, name};
  return Tensor::adopt(recordValue(
      {&versionOp, like->dtype, like->target, like->dims(), words, {}, where},
      std::move(buffer), trainedState(cell, like)));
}

Tensor detail::makeVersion(const Cell &cell, const Tensor &value, Where where) {
  Node *from = value.get();
  auto name = reinterpret_cast<uintptr_t>(shownName(cell));
  if (auto buffer = bufferOf(from))
    return knownVersion(cell, from, name, std::move(buffer), where);
  uint64_t words[] = {cell.id, name};
  Tensor version = Tensor::adopt(record({&versionOp,
                                         from->dtype,
                                         from->target,
                                         from->dims(),
                                         words,
                                         {&from, 1},
                                         where}));
  Node *node = version.get();
  node->clear(Node::tracked);
  node->set(Node::State(trainedState(cell, node)));
  return version;
}

void detail::setComputed(const std::shared_ptr<Cell> &cell,
                         runtime::BufferPtr buffer, Where where) {
  const Node *old = cell->value.get();
  auto name = reinterpret_cast<uintptr_t>(variableName(old));
  cell->value = knownVersion(*cell, old, name, std::move(buffer), where);
  cell->before = Tensor();
  cell->assigned = where;
  cell->pendingOn = 0;
}

Tensor detail::readCell(const std::shared_ptr<Cell> &cell) {
  if (Tracer *tracer = currentTracer())
    return tracer->read(cell);
  return cell->value;
}

static thread_local uint64_t currentGroup = 0;
AssignmentGroup::AssignmentGroup() : outer(currentGroup) {
  static std::atomic<uint64_t> serial{0};
  currentGroup = ++serial;
}
AssignmentGroup::~AssignmentGroup() { currentGroup = outer; }
uint64_t AssignmentGroup::number() const { return currentGroup; }

void detail::setCell(const std::shared_ptr<Cell> &cell, Tensor version,
                     Where where) {
  bool isPending = !version.get()->is(Node::realized);
  if (!isPending)
    cell->before = Tensor();
  else if (cell->before.empty())
    cell->before = cell->value;
  cell->group = currentGroup;
  cell->value = std::move(version);
  cell->assigned = where;
  if (isPending)
    putPending(cell);
  else
    cell->pendingOn = 0;
}

// ---- pending assignments ---------------------------------------------------
namespace {
struct Pending {
  uint64_t thread;
  std::vector<std::weak_ptr<Cell>> cells;
  int assignments = 0; // since the last realization
};
} // namespace
static Pending &pending() {
  static std::atomic<uint64_t> threads{0};
  static thread_local Pending pending{++threads, {}, 0};
  return pending;
}

void detail::putPending(const std::shared_ptr<Cell> &cell) {
  Pending &here = pending();
  if (cell->pendingOn == here.thread)
    return;
  cell->pendingOn = here.thread;
  here.cells.push_back(cell);
}

std::vector<std::shared_ptr<Cell>> detail::takePending() {
  Pending &here = pending();
  here.assignments = 0;
  std::vector<std::shared_ptr<Cell>> cells;
  for (const std::weak_ptr<Cell> &weak : here.cells)
    // A cell that another thread has assigned since waits there.
    if (auto cell = weak.lock(); cell && cell->pendingOn == here.thread) {
      cell->pendingOn = 0;
      cells.push_back(std::move(cell));
    }
  here.cells.clear();
  return cells;
}

// ---- the handle ------------------------------------------------------------
Variable::Variable(const Tensor &value, Where where)
    : cell(std::make_shared<detail::Cell>()) {
  static std::atomic<uint64_t> serial{0};
  check(value, "Variable", where);
  cell->id = ++serial;
  {
    std::lock_guard lock(cells().mutex);
    cells().byId.emplace(cell->id, cell);
  }
  cell->made = cell->assigned = where;
  cell->trainable = isFloating(value.dtype());
  if (Tracer *tracer = currentTracer())
    cell->madeIn = tracer->id;
  // Made in a trace (an optimizer's slots): the cell outlives it, so its first
  // value must not depend on what the trace is called with.
  if (value.get()->trace)
    realizeConstant(value, "Variable: the initial value", where);
  RecordIn outside(0);
  setCell(cell, makeVersion(*cell, value, where), where);
}

Variable::operator Tensor() const { return readCell(cell); }
Shape Variable::shape() const { return cell->value.shape(); }
DType Variable::dtype() const { return cell->value.dtype(); }
Target Variable::target() const { return cell->value.target(); }

void Variable::assign(const Tensor &value, Where where) const {
  check(value, "assign", where);
  std::string name = shownName(*cell);
  if (value.shape() != shape())
    fail<ShapeError>("assign", where,
                     "variable " + name + " is " + toString(shape()) +
                         ", the value is " + toString(value.shape()));
  if (value.dtype() != dtype())
    fail<DTypeError>("assign", where,
                     "variable " + name + " is " + toString(dtype()) +
                         ", the value is " + toString(value.dtype()) +
                         "; convert it");
  if (!(value.target() == target()))
    fail<TargetError>("assign", where,
                      "variable " + name + " lives on " + target().name() +
                          ", the value on " + value.target().name() +
                          "; copy it with to()");
  if (OpenTrace *open = innermostTrace(); open && !open->iteration.empty())
    fail<TraceError>("assign", where,
                     "variable " + name +
                         " is assigned in the body of a scan; carry it");
  Tensor version = makeVersion(*cell, value, where);
  if (Tracer *tracer = currentTracer())
    return tracer->assign(cell, std::move(version), where);
  setCell(cell, std::move(version), where);
  // A loop that nobody asks for a value must not grow for ever.
  constexpr int limit = 1000;
  if (!isLazy() || ++pending().assignments >= limit)
    realizePending(where);
}

Tensor Variable::grad() const {
  if (Tracer *tracer = currentTracer())
    return tracer->lift(cell).gradient;
  return cell->gradient;
}
void Variable::zeroGrad() const {
  if (Tracer *tracer = currentTracer())
    tracer->lift(cell).gradient = Tensor();
  else
    cell->gradient = Tensor();
}

static void track(Node *value, bool isTracked) {
  auto states = Node::State(Node::tracked | Node::wanted);
  if (isTracked && isFloating(value->dtype))
    value->set(states);
  else
    value->clear(states);
}
const Variable &Variable::trainable(bool trainable, Where where) const {
  if (Tracer *tracer = currentTracer()) {
    if (cell->madeIn != tracer->id)
      fail<TraceError>("trainable", where,
                       "variable " + name() +
                           " can't be frozen or made trainable in a trace; do "
                           "it before the call");
    if (Tracer::Lifted *lifted = tracer->find(cell)) {
      lifted->isTrainable = trainable;
      track(lifted->placeholder.get(), trainable);
    }
  }
  cell->trainable = trainable;
  for (const Tensor *value : {&cell->value, &cell->before})
    if (!value->empty())
      track(value->get(), trainable);
  return *this;
}
bool Variable::isTrainable() const {
  if (Tracer *tracer = currentTracer())
    return tracer->lift(cell).isTrainable;
  return cell->trainable;
}

const Variable &Variable::name(std::string_view name) const {
  cell->name = internFile(name);
  std::atomic_ref<uint64_t>(cell->value.get()->attributes()[1])
      .store(reinterpret_cast<uintptr_t>(shownName(*cell)),
             std::memory_order_relaxed);
  return *this;
}
std::string Variable::name() const { return shownName(*cell); }

std::ostream &needle::operator<<(std::ostream &os, const Variable &variable) {
  return os << Tensor(variable);
}

Operand::Operand(const Variable &variable, Where where) : where(where) {
  Tensor value = variable;
  node = value.get();
  retain(node);
  isOwned = true;
}

Tensors::Tensors(const Variable &variable) : tensors{Tensor(variable)} {}
Tensors::Tensors(const std::vector<Variable> &list)
    : tensors(list.begin(), list.end()) {}
