// Gradient.cpp - which paths a gradient can take, and the op that asks for it.
#include "needle/frontend/ops/Gradient.h"

#include "needle/frontend/Canonicalize.h"
#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Trace.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"

#include <algorithm>
#include <unordered_set>

using namespace needle;
using namespace needle::detail;

static constexpr OpInfo detachOp{"detach"};

static std::string shown(Where where) {
  return where.line > 0 ? std::string(baseName(where.file)) + ":" +
                              std::to_string(where.line)
                        : "an unknown line";
}

// ---- paths -----------------------------------------------------------------
// No gradient passes: the node is a constant to what uses it.
static bool isCut(const Node *node) {
  return !isFloating(node->dtype) || node->is(Node::cut) ||
         node->is(Node::onPurpose) || node->op == &detachOp ||
         node->op->kind == OpClass::version;
}

// The operands of a scan that its body uses in a way that a gradient can take:
// all of its carries and slices, and captures on a path to a result.
static std::vector<bool> usedByBody(const Node *node, const Region &body) {
  std::vector<const Node *> work(body.results.begin(), body.results.end());
  std::unordered_set<const Node *> seen,
      outside(body.captures.begin(), body.captures.end());
  while (!work.empty()) {
    const Node *inside = work.back();
    work.pop_back();
    if (!seen.insert(inside).second || isCut(inside) || outside.count(inside))
      continue;
    const Region *inner = regionOf(inside);
    std::vector<bool> isUsed;
    if (inner)
      isUsed = usedByBody(inside, *inner);
    for (size_t i = 0; i < inside->inputCount; ++i)
      if (!inner || isUsed[i])
        work.push_back(inside->input(i));
  }
  std::vector<bool> isUsed(node->inputCount);
  size_t first = node->inputCount - body.captures.size();
  // Parameters: the iteration, then what the operands give.
  for (size_t i = 0; i < node->inputCount; ++i)
    isUsed[i] = seen.count(i < first ? body.parameters[i + 1]
                                     : body.captures[i - first]);
  return isUsed;
}

namespace {
// What a value was made from. Under graphMutex(): writes Node::visit.
class Paths {
public:
  // `isThrough` says which nodes are walked behind.
  template <class Through> Paths(Node *value, Through isThrough) {
    struct Frame {
      Node *node;
      uint32_t next;
      std::vector<bool> isUsed; // by the body of a scan; empty: all
    };
    std::vector<Frame> stack;
    auto enter = [&](Node *node) {
      if (has(node))
        return;
      node->visit = uint32_t(nodes.size());
      nodes.push_back(node);
      if (node->is(Node::cut) || !isThrough(node))
        return;
      const Region *body = regionOf(node);
      stack.push_back(
          {node, 0, body ? usedByBody(node, *body) : std::vector<bool>()});
    };
    enter(value);
    while (!stack.empty()) {
      Frame &frame = stack.back();
      if (frame.next == frame.node->inputCount) {
        walked.push_back(frame.node);
        stack.pop_back();
        continue;
      }
      uint32_t i = frame.next++;
      if (frame.isUsed.empty() || frame.isUsed[i])
        enter(frame.node->input(i));
    }
  }
  bool has(const Node *node) const {
    return node->visit < nodes.size() && nodes[node->visit] == node;
  }
  /// Marks what lies between the value and nodes of `wrt`.
  void mark(const std::vector<Tensor> &wrt) const {
    std::vector<bool> leads(nodes.size());
    for (const Tensor &x : wrt)
      if (has(x.get()))
        leads[x.get()->visit] = true;
    for (Node *node : walked)
      if (std::ranges::any_of(node->inputs(), [&](const Node *input) {
            return has(input) && leads[input->visit];
          })) {
        node->set(Node::onPath);
        leads[node->visit] = true;
      }
  }
  std::vector<Node *> nodes;

private:
  std::vector<Node *> walked; // behind whom it went; inputs before users
};
} // namespace

// A leaf only because somebody asked for its value.
static bool isRealizedLeaf(const Node *node) {
  return isFloating(node->dtype) && node->is(Node::cut) &&
         !node->is(Node::onPurpose) && node->op->kind != OpClass::data &&
         node->op->kind != OpClass::version;
}

// "hidden.weight", or "[3, 4] of train.cpp:12".
static std::string shownTensor(const Node *node) {
  if (const char *name = variableName(node); name && *name)
    return name;
  return toString(node->shape()) + " of " + shown(node->where());
}

// The value read another version of a variable, or a part of its paths is lost:
// a gradient along the rest would be silently wrong.
static void checkPaths(const Paths &paths, const Node *wrt, Where where) {
  uint64_t cell = cellOf(wrt);
  for (const Node *node : paths.nodes) {
    if (cell && node != wrt && cellOf(node) == cell)
      fail<GradientError>(
          "grad", where,
          "the value was made from an older value of variable " +
              shownTensor(wrt) + ", of " + shown(node->where()) +
              "; it was assigned since at " + shown(wrt->where()));
    if (!wrt->is(Node::wanted) && node != wrt && isRealizedLeaf(node) &&
        !recordedBefore(node, wrt))
      fail<GradientError>(
          "grad", where,
          "a value on the way to " + shownTensor(wrt) + ", " + node->op->name +
              " at " + shown(node->where()) + ", was realized at " +
              shown(node->payload ? node->payload->cutAt : Where()) +
              " and has lost its history; use requireGrad(), or take the "
              "gradient first");
  }
}

// Why there is no path: the first op behind which `wrt` would be found.
static std::string reason(const Paths &paths, Node *wrt) {
  std::vector<Node *> cuts;
  for (Node *node : paths.nodes)
    if (isCut(node) && !node->is(Node::cut))
      cuts.push_back(node);
  for (Node *node : cuts) {
    Paths behind(node, [](const Node *) { return true; });
    if (!behind.has(wrt))
      continue;
    std::string op = cellOf(node) ? "assign" : node->op->name;
    if (node->is(Node::onPurpose))
      return "it is a constant since a step used " + op + " of " +
             shown(node->where());
    return op + " at " + shown(node->where()) +
           (op == "detach" || op == "assign" ? " cuts the path"
                                             : " has no gradient");
  }
  return "the value was not made from it";
}

// Positions of the `wrt` that a gradient reaches.
static std::vector<size_t> reached(const Tensor &value,
                                   const std::vector<Tensor> &wrt,
                                   bool allowUnused, Where where) {
  std::lock_guard lock(graphMutex());
  Paths paths(value.get(), [](const Node *node) { return !isCut(node); });
  std::vector<size_t> positions;
  for (size_t i = 0; i < wrt.size(); ++i) {
    Node *node = wrt[i].get();
    checkPaths(paths, node, where);
    if (paths.has(node) && isFloating(node->dtype))
      positions.push_back(i);
    else if (!allowUnused)
      fail<GradientError>("grad", where,
                          "no gradient reaches " + shownTensor(node) + ": " +
                              reason(paths, node));
  }
  // The gradient is computed later: who asks for a value on its way before must
  // not cut it.
  paths.mark(wrt);
  return positions;
}

static std::vector<Tensor>
recordGradient(const Tensor &value, const std::vector<Tensor> &wrt,
               const std::optional<Tensor> &cotangent, bool allowUnused,
               Where where) {
  TargetScope scope(value.target());
  Recording recording(gradientOp, where);
  recording.attribute(int64_t(cotangent.has_value()))
      // A path that is only found to carry nothing when gradients in it are
      // expanded: the second derivative of a linear function.
      .attribute(int64_t(allowUnused))
      .use(value);
  if (cotangent)
    recording.use(*cotangent);
  std::vector<ResultType> types;
  for (const Tensor &x : wrt) {
    recording.useInPlace(x);
    types.push_back({x.dtype(), x.shape(), x.get()->target});
  }
  return recording.results(types);
}

std::vector<Tensor> needle::grad(const Tensor &value, const Tensors &wrt,
                                 GradOptions options, Where where) {
  check(value, "grad", where);
  const std::vector<Tensor> &all = wrt.tensors;
  for (const Tensor &x : all)
    check(x, "grad", where);
  if (options.cotangent) {
    const Tensor &cotangent = *options.cotangent;
    check(cotangent, "grad", where);
    if (!(cotangent.shape() == value.shape()))
      fail<ShapeError>("grad", where,
                       "the cotangent is " + toString(cotangent.shape()) +
                           ", the value " + toString(value.shape()));
    options.cotangent = convertTo(cotangent, value.dtype(), where);
  }
  std::vector<Tensor> used, gradients(all.size());
  std::vector<size_t> positions =
      reached(value, all, options.allowUnused, where);
  for (size_t i : positions)
    used.push_back(all[i]);
  if (!used.empty()) {
    std::vector<Tensor> recorded =
        recordGradient(value, used, options.cotangent, options.allowUnused,
                       where);
    for (size_t i = 0; i < positions.size(); ++i)
      gradients[positions[i]] = recorded[i];
  }
  for (size_t i = 0; i < all.size(); ++i)
    if (gradients[i].empty()) {
      TargetScope scope(all[i].target());
      gradients[i] = zerosLike(all[i], where);
    }
  return gradients;
}

std::vector<Tensor> needle::gradIfAny(const Tensor &value,
                                      const std::vector<Variable> &wrt,
                                      Where where) {
  check(value, "grad", where);
  std::vector<Tensor> all(wrt.begin(), wrt.end()), used, gradients(wrt.size());
  std::vector<size_t> positions = reached(value, all, true, where);
  if (positions.empty() && !all.empty())
    reached(value, {all[0]}, false, where); // throws the reason
  for (size_t i : positions)
    used.push_back(all[i]);
  std::vector<Tensor> recorded =
      recordGradient(value, used, std::nullopt, true, where);
  for (size_t i = 0; i < positions.size(); ++i)
    gradients[positions[i]] = recorded[i];
  return gradients;
}

// ---- constants -------------------------------------------------------------
Tensor needle::detach(const Operand &x) {
  Tensor constant = unary(detachOp, x, Domain::any);
  constant.get()->clear(Node::tracked);
  return constant;
}

void needle::cutHistory(const Tensor &x, Where where) {
  check(x, "cutHistory", where);
  std::vector<Tensor> released;
  std::lock_guard lock(graphMutex());
  Node *node = x.get();
  node->set(Node::onPurpose);
  node->clear(Node::State(Node::tracked | Node::onPath));
  if (node->is(Node::realized))
    cutInputs(node, released);
}

// ---- tape ------------------------------------------------------------------
namespace {
// Where backward() adds up for a requireGrad() tensor.
class GradientSlot : public Owned {
public:
  void letGo(void (*take)(Node *, void *), void *to) override {
    if (gradient)
      take(std::exchange(gradient, nullptr), to);
  }
  Node *gradient = nullptr;
};
} // namespace
static std::mutex slotMutex;

static GradientSlot *slotOf(const Node *node) {
  return node->op == &aliasOp
             ? reinterpret_cast<GradientSlot *>(node->attributes()[0])
             : nullptr;
}

Tensor Tensor::requireGrad(Where where) const {
  check(*this, "requireGrad", where);
  if (!isFloating(dtype()))
    fail<DTypeError>("requireGrad", where,
                     toString(dtype()) + " has no gradient");
  uint64_t slot =
      reinterpret_cast<uintptr_t>(static_cast<Owned *>(new GradientSlot));
  Node *inputs[] = {node};
  Tensor alias = Tensor::adopt(record({&aliasOp,
                                       node->dtype,
                                       node->target,
                                       node->dims(),
                                       {&slot, 1},
                                       inputs,
                                       where}));
  alias.get()->set(Node::State(Node::tracked | Node::wanted));
  return alias;
}

Tensor Tensor::grad(Where where) const {
  GradientSlot *slot = slotOf(checked(where));
  std::lock_guard lock(slotMutex);
  return slot && slot->gradient ? Tensor::share(slot->gradient) : Tensor();
}

static Tensor accumulated(const Tensor &before, const Tensor &gradient,
                          Where where) {
  TargetScope scope(gradient.target());
  Tensor constant = detach({gradient, where});
  return before.empty() ? constant : add({before, where}, {constant, where});
}

static void addTo(Node *node, const Tensor &gradient, Where where) {
  if (auto cell = findCell(cellOf(node))) {
    Tracer *tracer = currentTracer();
    Tensor &sum = tracer ? tracer->lift(cell).gradient : cell->gradient;
    sum = accumulated(sum, gradient, where);
    return;
  }
  Tensor sum = accumulated(Tensor::share(node).grad(), gradient, where);
  retain(sum.get());
  std::lock_guard lock(slotMutex);
  if (Node *old = std::exchange(slotOf(node)->gradient, sum.get()))
    release(old);
}

void Tensor::backward(Where where) const {
  check(*this, "backward", where);
  std::vector<Tensor> wrt;
  {
    std::lock_guard lock(graphMutex());
    Paths paths(node, [](const Node *n) { return !isCut(n); });
    for (Node *n : paths.nodes)
      if (n->is(Node::wanted) && (cellOf(n) || slotOf(n)))
        wrt.push_back(Tensor::share(n));
  }
  if (wrt.empty())
    fail<GradientError>("backward", where,
                        "the value was made from no trainable variable and no "
                        "requireGrad() tensor");
  for (Tensor &x : wrt) {
    if (context.trace && !x.get()->trace)
      fail<TraceError>("backward", where,
                       "reaches a tensor from outside of the function being "
                       "traced; take its gradient with grad()");
    // An older value of a variable: grad() says so.
    if (auto cell = findCell(cellOf(x.get())))
      if (Tensor present = readCell(cell); present.get() != x.get())
        x = std::move(present);
  }
  std::vector<Tensor> gradients = needle::grad(*this, wrt, {}, where);
  for (size_t i = 0; i < wrt.size(); ++i)
    addTo(wrt[i].get(), gradients[i], where);
}
