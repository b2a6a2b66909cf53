// Evaluate.cpp - from nodes somebody asks for to nodes that have values.
// Under one mutex the graph is walked and everything the program needs is
// retained; compiling and running happen without it; then values are handed out
// and the nodes cut.
#include "needle/frontend/Evaluate.h"

#include "needle/frontend/Canonicalize.h"
#include "needle/frontend/Compile.h"
#include "needle/frontend/Trace.h"
#include "needle/runtime/Log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

namespace needle::detail {

using runtime::Buffer;
using runtime::BufferPtr;

std::mutex &graphMutex() {
  static auto *mutex = new std::mutex;
  return *mutex;
}

// ---- values of nodes -------------------------------------------------------
Buffer *bufferOfResult(const Node *node) {
  if (node->op->kind != OpClass::projection ||
      !node->input(0)->is(Node::realized))
    return nullptr;
  return node->input(0)->payload->several[node->attributes()[0]].get();
}

// A rank-0 buffer of the number in a node's first attribute.
static BufferPtr numberBuffer(const Node *node) {
  BufferPtr buffer = Buffer::allocate(byteSize(node->dtype));
  uint64_t bits = node->attributes()[0];
  withElement(node->dtype, [&](auto zero) {
    using T = decltype(zero);
    if (isFloating(node->dtype))
      *buffer->as<T>() = T(std::bit_cast<double>(bits));
    else
      *buffer->as<T>() = T(bits);
  });
  return buffer;
}

Tensor dataTensor(BufferPtr buffer, DType dtype, const Shape &shape,
                  Target target, Where where) {
  return Tensor::adopt(recordValue(
      {&dataOp, dtype, target.number(), shape.dims(), {}, {}, where},
      std::move(buffer)));
}

void cutInputs(Node *node, std::vector<Tensor> &released) {
  if (node->is(Node::cut))
    return;
  node->set(Node::cut);
  for (Node *input : node->inputs())
    released.push_back(Tensor::adopt(input));
}

// Whether gradients may ask for what the value was made from.
static bool keepsHistory(const Node *node) {
  return node->is(Node::State(Node::tracked | Node::onPath)) &&
         node->op->kind != OpClass::version;
}

// Lets go of what the value was made from, unless it is still needed.
static void cut(Node *node, Where where, std::vector<Tensor> &released) {
  if (node->is(Node::cut) || keepsHistory(node))
    return;
  if (!node->payload) { // a result whose value lies with its op
    node->payload = new Realization{bufferOf(node), nullptr, where};
    node->set(Node::realized);
  }
  node->payload->cutAt = where;
  // A draw, a comparison: no gradient could have passed, so none is lost.
  if (std::ranges::none_of(node->inputs(), [](const Node *input) {
        return isFloating(input->dtype);
      }))
    node->set(Node::onPurpose);
  cutInputs(node, released);
}

// Gives a node its value. One that nobody asked for, but holds, keeps its
// history until it is used again: only a realization makes it a leaf.
static void settle(Node *node, const BufferPtr &buffer, bool isAskedFor,
                   Where where, std::vector<Tensor> &released) {
  if (!node->is(Node::realized)) { // else another thread was faster
    node->payload = new Realization{buffer, nullptr, where};
    node->set(Node::realized);
  }
  if (isAskedFor || node->op->kind == OpClass::version)
    cut(node, where, released);
}

// ---- evaluation ------------------------------------------------------------
namespace {
struct Evaluation {
  std::vector<Tensor> roots;
  std::vector<std::shared_ptr<Cell>> pending;
  Where where;

  // Filled by collect(); everything is retained.
  size_t asked = 0; // outputs that are roots, the first ones
  std::vector<uint64_t> words;
  std::vector<BufferPtr> arguments;
  std::vector<std::pair<Tensor, int32_t>> outputs;
  Graph graph;
  std::shared_ptr<const Compiled> compiled;
  size_t ops = 0;
  // Arguments that were taken from their nodes, and where they are.
  std::vector<std::pair<Tensor, size_t>> given;

  void collect();
  void giveUp(const Walk &walk, const std::vector<uint32_t> &argumentOf);
  void takeBack();
  void run();
  void finish(const std::vector<BufferPtr> &results);
};
} // namespace

// The value of each version root is the next one of the argument that is an
// older version of the same cell.
static void findUpdates(Walk &walk) {
  std::unordered_map<uint64_t, uint32_t> cells;
  for (uint32_t i = 0; i < walk.entries.size(); ++i)
    if (uint64_t cell = cellOf(walk.entries[i].node);
        cell && walk.entries[i].kind == Walk::Kind::argument)
      cells.emplace(cell, i);
  for (Walk::Output &output : walk.outputs) {
    const Walk::Entry &entry = walk.entries[output.entry];
    uint64_t cell = cellOf(entry.node);
    if (cell && entry.kind == Walk::Kind::op && output.result < 0) {
      if (auto it = cells.find(cell); it != cells.end()) {
        output.updates = it->second;
        cells.erase(it);
      }
    }
  }
}

// Entries that a node will still be made from when the evaluation is over: one
// that somebody holds keeps its history unless it is about to be cut, or a
// constant on purpose, whose history nobody can ask for.
static std::vector<bool> entriesKept(const Walk &walk, size_t asked) {
  std::vector<bool> isKept(walk.entries.size()), isCut(walk.entries.size());
  for (size_t i = 0; i < asked; ++i) {
    uint32_t entry = walk.outputs[i].entry;
    isCut[entry] = !keepsHistory(walk.entries[entry].node);
  }
  for (size_t i = walk.entries.size(); i-- > 0;) {
    const Walk::Entry &entry = walk.entries[i];
    const Node *node = entry.node;
    bool isHeld = node->refs.load(std::memory_order_acquire) > entry.uses;
    if (entry.kind == Walk::Kind::argument || isCut[i] ||
        node->op->kind == OpClass::version || node->is(Node::onPurpose) ||
        !(isKept[i] || isHeld))
      continue;
    for (const Node *input : node->inputs())
      isKept[walk.position(input)] = true;
  }
  return isKept;
}

// Rule 2: the value of a variable that nothing needs but its own update gives
// its memory to that.
void Evaluation::giveUp(const Walk &walk,
                        const std::vector<uint32_t> &argumentOf) {
  std::unordered_set<const Node *> replaced;
  for (const std::shared_ptr<Cell> &cell : pending)
    if (!cell->before.empty())
      replaced.insert(cell->before.get());
  if (replaced.empty())
    return;
  std::vector<bool> isKept = entriesKept(walk, asked);
  for (const Walk::Output &output : walk.outputs) {
    if (output.updates < 0)
      continue;
    const Walk::Entry &entry = walk.entries[size_t(output.updates)];
    Node *node = entry.node;
    // Its cell is the one other holder.
    if (isKept[size_t(output.updates)] || !replaced.count(node) ||
        node->refs.load(std::memory_order_acquire) != entry.uses + 1)
      continue;
    size_t argument = argumentOf[size_t(output.updates)];
    node->payload->buffer = nullptr;
    given.emplace_back(Tensor::share(node), argument);
  }
}

// After an error: everything is as before.
void Evaluation::takeBack() {
  std::lock_guard lock(graphMutex());
  for (auto &[tensor, argument] : given)
    if (argument < arguments.size())
      tensor.get()->payload->buffer = arguments[argument];
  given.clear();
}

void Evaluation::collect() {
  std::vector<Tensor> released;
  std::lock_guard lock(graphMutex());
  std::vector<Node *> nodes;
  std::unordered_set<const Node *> known;
  for (const Tensor &root : roots) {
    Node *node = root.get();
    if (bufferOf(node))
      cut(node, where, released);
    else if (known.insert(node).second)
      nodes.push_back(node);
  }
  asked = nodes.size();
  if (nodes.empty())
    return;
  Walk walk(WalkMode::evaluate);
  walk.addRoots(nodes);
  walk.keepHeld();
  walk.liftNumbers();
  findUpdates(walk);
  walk.appendWords(words);
  ops = walk.entries.size();
  std::vector<uint32_t> argumentOf(walk.entries.size());
  for (uint32_t entry : argumentEntries(walk)) {
    argumentOf[entry] = uint32_t(arguments.size());
    Node *node = walk.entries[entry].node;
    if (node->op->kind == OpClass::placeholder)
      throw TraceError(reported(where),
                       "a value of a trace that has ended is asked for");
    BufferPtr buffer = bufferOf(node);
    if (buffer) // used again: a loop's carried value must not grow
      cut(node, where, released);
    arguments.push_back(buffer ? std::move(buffer) : numberBuffer(node));
  }
  for (const Walk::Output &output : walk.outputs)
    outputs.emplace_back(Tensor::share(walk.entries[output.entry].node),
                         output.result);
  giveUp(walk, argumentOf);
  compiled = findProgram(words);
  if (!compiled)
    graph = buildGraph(walk, "realize");
}

// Growth of the graphs of one line, step after step, is most likely a value
// that is carried along with all its history.
static void warnOfGrowth(size_t ops, Where where) {
  struct Growth {
    size_t ops = 0;
    int times = 0;
  };
  // A step may ask for values at several lines.
  static thread_local std::map<std::pair<const char *, int>, Growth> lines;
  static std::atomic<bool> isWarned{false};
  if (lines.size() > 256)
    lines.clear();
  Growth &line = lines[{where.file, where.line}];
  line = {ops, ops > line.ops ? line.times + 1 : 0};
  constexpr int limit = 16;
  if (line.times < limit || isWarned.exchange(true))
    return;
  runtime::log(
      runtime::LogLevel::warning,
      std::string(baseName(where.file)) + ":" + std::to_string(where.line) +
          ": the graph computed here has grown " + std::to_string(limit) +
          " times in a row, to " + std::to_string(ops) +
          " ops, and is compiled each time; detach() what is carried "
          "from step to step, or jit the step");
}

void Evaluation::run() {
  if (outputs.empty())
    return;
  if (!compiled) {
    warnOfGrowth(ops, where);
    compiled = getProgram(words, graph);
  }
  runtime::Executed executed =
      compiled->executable->execute(std::move(arguments));
  given.clear();
  finish(executed.results);
  if (executed.mayFail || executed.done.ready())
    executed.done.wait(); // throws what the kernels found
}

void Evaluation::finish(const std::vector<BufferPtr> &results) {
  std::vector<Tensor> released;
  std::lock_guard lock(graphMutex());
  // Results that are held but were not read stay with their op.
  std::vector<Node *> several;
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto &[tensor, result] = outputs[i];
    Node *node = tensor.get();
    if (result < 0)
      settle(node, results[i], i < asked, where, released);
    else if (!node->is(Node::realized)) {
      if (!node->payload) {
        size_t count = resultTypes(node).size();
        node->payload = new Realization{
            nullptr, std::make_unique<BufferPtr[]>(count), where};
        several.push_back(node);
      }
      node->payload->several[size_t(result)] = results[i];
    }
  }
  for (Node *node : several)
    node->set(Node::realized);
}

// Is there an argument of an open trace behind it?
static bool dependsOnTrace(Node *root) {
  std::lock_guard lock(graphMutex());
  Walk walk(WalkMode::evaluate);
  walk.addRoots({&root, 1});
  return std::ranges::any_of(walk.entries, [](const Walk::Entry &entry) {
    return entry.node->op->kind == OpClass::placeholder;
  });
}

// What waits, after an error: each assignment, or group of them, comes true
// alone, or the variable has its last value again; those of the group
// `withdrawn` have it at once. A bad one must not fail every realization that
// follows.
static void settlePending(std::vector<std::shared_ptr<Cell>> cells,
                          uint64_t withdrawn, Where where) {
  std::erase_if(cells, [](const std::shared_ptr<Cell> &cell) {
    return cell->value.get()->is(Node::realized);
  });
  std::ranges::stable_sort(
      cells, {}, [](const std::shared_ptr<Cell> &cell) { return cell->group; });
  while (!cells.empty()) {
    uint64_t group = cells.back()->group;
    std::vector<std::shared_ptr<Cell>> together;
    do {
      together.push_back(std::move(cells.back()));
      cells.pop_back();
    } while (group && !cells.empty() && cells.back()->group == group);
    auto comesTrue = [&] {
      if (group && group == withdrawn)
        return false;
      Evaluation alone;
      alone.where = where;
      for (const std::shared_ptr<Cell> &cell : together)
        alone.roots.push_back(cell->value);
      try {
        alone.collect();
        alone.run();
      } catch (...) { // the caller throws what it met first
        return false;
      }
      return true;
    };
    if (!comesTrue())
      for (const std::shared_ptr<Cell> &cell : together)
        if (!cell->value.get()->is(Node::realized) && !cell->before.empty()) {
          cell->value = cell->before;
          if (!cell->value.get()->is(Node::realized)) // its first value
            putPending(cell);
        }
    for (const std::shared_ptr<Cell> &cell : together)
      cell->before = Tensor();
  }
}

static void evaluate(std::vector<Tensor> roots, Where where,
                     uint64_t group = 0) {
  Evaluation evaluation;
  evaluation.where = where;
  for (const Tensor &root : roots) {
    check(root, "realize", where);
    uint32_t trace = root.get()->trace;
    if (!trace || root.get()->is(Node::realized))
      continue;
    if (!isOpenTrace(trace))
      throw TraceError(reported(where),
                       "a value of a trace that has ended is asked for");
    if (dependsOnTrace(root.get()))
      throw TraceError(reported(where),
                       "a value is asked for that depends on an argument or a "
                       "variable of the function being traced; return it, or "
                       "report it with tap()");
  }
  // Everything assigned and not yet computed comes along, wanted or not:
  // nothing else keeps counters and running statistics from growing for ever.
  if (!innermostTrace())
    evaluation.pending = takePending();
  for (const std::shared_ptr<Cell> &cell : evaluation.pending)
    roots.push_back(cell->value);
  evaluation.roots = std::move(roots);
  try {
    evaluation.collect();
    evaluation.run();
  } catch (...) {
    evaluation.takeBack();
    settlePending(std::move(evaluation.pending), group, where);
    throw;
  }
  for (const std::shared_ptr<Cell> &cell : evaluation.pending)
    cell->before = Tensor();
}

void realizeEagerly(const Tensor &tensor) {
  evaluate({tensor}, tensor.get()->where());
}
void realizeStep(const Tensor &loss, uint64_t group, Where where) {
  if (!innermostTrace())
    evaluate(loss.empty() ? std::vector<Tensor>{} : std::vector{loss}, where,
             group);
}
void realizePending(Where where) {
  if (!innermostTrace())
    evaluate({}, where);
}
void realizeConstant(const Tensor &tensor, const std::string &what,
                     Where where) {
  if (dependsOnTrace(tensor.get()))
    throw TraceError(reported(where),
                     what + " depends on what the traced function is called "
                            "with");
  evaluate({tensor}, where);
}

} // namespace needle::detail

void needle::realize(const Tensors &tensors, Where where) {
  detail::evaluate(tensors.tensors, where);
}
