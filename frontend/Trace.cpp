// Trace.cpp - open traces of a thread, and variables lifted into them.
#include "needle/frontend/Trace.h"

#include "needle/frontend/Record.h"

#include <algorithm>
#include <atomic>

namespace needle::detail {

static thread_local OpenTrace *innermost = nullptr;
static thread_local Tracer *tracer = nullptr;

OpenTrace *innermostTrace() { return innermost; }
Tracer *currentTracer() { return tracer; }

bool isOpenTrace(uint32_t trace) {
  for (OpenTrace *open = innermost; open; open = open->outer)
    if (open->id == trace)
      return true;
  return false;
}

OpenTrace::OpenTrace() : outer(innermost), outerTrace(context.trace) {
  static std::atomic<uint32_t> serial{0};
  do // 0 means outside
    id = serial.fetch_add(1, std::memory_order_relaxed) + 1;
  while (id == 0);
  innermost = this;
  context.trace = id;
}
OpenTrace::~OpenTrace() {
  innermost = outer;
  context.trace = outerTrace;
}

Tracer::Opened::Opened(Tracer &opened) : outer(tracer) {
  opened.id = trace.id;
  tracer = &opened;
}
Tracer::Opened::~Opened() {
  for (SetFlag &set : tracer->setFlags) {
    set.after = *set.flag;
    *set.flag = set.before;
  }
  tracer = outer;
}

static Tensor placeholder(DType dtype, const Shape &shape, uint8_t target,
                          std::initializer_list<uint64_t> words, Where where) {
  return Tensor::adopt(
      record({&placeholderOp, dtype, target, shape.dims(), words, {}, where}));
}

Tensor Tracer::argument(DType dtype, const Shape &shape, Target target,
                        Role role, Where where) {
  RecordIn outermost(id);
  return placeholder(dtype, shape, target.number(), {0, uint64_t(role), 0, 0},
                     where);
}

const Tensor &Tracer::key() {
  if (keyArgument.empty())
    keyArgument =
        argument(DType::int64, {}, TargetScope::current(), Role::key, {});
  return keyArgument;
}
const Tensor &Tracer::count() {
  if (countArgument.empty())
    countArgument =
        argument(DType::int64, {}, TargetScope::current(), Role::count, {});
  return countArgument;
}

Tracer::Lifted &Tracer::lift(const std::shared_ptr<Cell> &cell) {
  auto [it, isNew] = positions.try_emplace(cell.get(), lifted.size());
  if (!isNew)
    return lifted[it->second];
  RecordIn outermost(id);
  const Tensor &value = cell->value;
  Tensor argument =
      placeholder(value.dtype(), value.shape(), value.get()->target,
                  {0, uint64_t(Role::variable), cell->id,
                   reinterpret_cast<uintptr_t>(shownName(*cell))},
                  cell->made);
  if (cell->trainable)
    argument.get()->set(Node::State(Node::tracked | Node::wanted));
  lifted.push_back({cell, argument, argument, {}, false, cell->trainable, {}});
  return lifted.back();
}
Tracer::Lifted *Tracer::find(const std::shared_ptr<Cell> &cell) {
  auto it = positions.find(cell.get());
  return it == positions.end() ? nullptr : &lifted[it->second];
}
Tensor Tracer::read(const std::shared_ptr<Cell> &cell) {
  return lift(cell).value;
}
void Tracer::assign(const std::shared_ptr<Cell> &cell, Tensor version,
                    Where where) {
  Lifted &variable = lift(cell);
  variable.value = std::move(version);
  variable.isAssigned = true;
  variable.assigned = where;
}

} // namespace needle::detail

bool needle::isTracing() { return detail::currentTracer(); }
bool needle::readsState(const std::shared_ptr<bool> &flag) {
  if (detail::Tracer *tracer = detail::currentTracer()) {
    bool isKnown = std::ranges::any_of(
                       tracer->flags,
                       [&](const auto &read) { return read.first == flag; }) ||
                   std::ranges::any_of(tracer->setFlags, [&](const auto &set) {
                     return set.flag == flag;
                   });
    if (!isKnown)
      tracer->flags.emplace_back(flag, *flag);
  }
  return *flag;
}
void needle::setState(const std::shared_ptr<bool> &flag, bool value) {
  if (detail::Tracer *tracer = detail::currentTracer())
    if (std::ranges::none_of(tracer->setFlags,
                             [&](const auto &set) { return set.flag == flag; }))
      tracer->setFlags.push_back({flag, *flag, *flag});
  *flag = value;
}
