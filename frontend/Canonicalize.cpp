// Canonicalize.cpp - the walk from roots to leaves, and its words.
#include "needle/frontend/Canonicalize.h"

#include "needle/frontend/Evaluate.h"
#include "needle/runtime/ProgramCache.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace needle::detail {

bool isGradient(const Node *node) { return node->op == &gradientOp; }
size_t firstWrt(const Node *gradient) {
  return gradient->attributes()[0] ? 2 : 1; // value, then its cotangent
}

bool isPlainNumber(const Node *full) {
  uint64_t bits = full->attributes()[0];
  if (full->dtype == DType::boolean)
    return true;
  if (!isFloating(full->dtype))
    return int64_t(bits) >= -1 && int64_t(bits) <= 2;
  auto value = std::bit_cast<double>(bits);
  return bits == 0 || std::abs(value) == 1 || value == 2;
}

Walk::Walk(WalkMode mode, const Region *region) : mode(mode), region(region) {
  if (!region)
    return;
  for (Node *parameter : region->parameters)
    addArgument(parameter);
  for (const Node *capture : region->captures)
    captured.emplace(capture, uint32_t(captured.size()));
}

uint32_t Walk::position(const Node *node) const {
  if (isCaptured(node))
    return uint32_t(entries.size()) + captured.at(node);
  return node->visit;
}

// ---- the walk --------------------------------------------------------------
bool Walk::isLeaf(const Node *node) const {
  switch (node->op->kind) {
  case OpClass::data:
  case OpClass::scalar:
  case OpClass::placeholder:
    return true;
  case OpClass::projection:
    if (!node->is(Node::cut) && node->input(0)->is(Node::realized) &&
        !expanded.count(node) && bufferOf(const_cast<Node *>(node)))
      return true;
    break;
  default:
    break;
  }
  if (mode == WalkMode::jit && node->trace == 0)
    return true;
  return node->is(Node::cut) ||
         (node->is(Node::realized) && node->op->kind != OpClass::several &&
          !expanded.count(node));
}

static Walk::Kind kindOf(const Node *node, bool isLeaf, WalkMode mode) {
  if (node->op == &scalarOp && mode == WalkMode::jit)
    return Walk::Kind::op; // a captured key: a constant
  if (isLeaf)
    return Walk::Kind::argument;
  switch (node->op->kind) {
  case OpClass::alias:
    return Walk::Kind::alias;
  case OpClass::projection:
    return Walk::Kind::projection;
  default:
    return Walk::Kind::op;
  }
}

void Walk::addArgument(Node *node) {
  if (isVisited(node))
    return;
  node->visit = uint32_t(entries.size());
  entries.push_back({node, Kind::argument});
}

void Walk::visit(Node *root) {
  if (isVisited(root) || isCaptured(root))
    return;
  struct Frame {
    Node *node;
    uint32_t next;
    bool isLeaf;
  };
  std::vector<Frame> stack{{root, 0, isLeaf(root)}};
  while (!stack.empty()) {
    Frame &frame = stack.back();
    Node *node = frame.node;
    if (!frame.isLeaf && frame.next < node->inputCount) {
      Node *input = node->input(frame.next++);
      if (!isCaptured(input) && !isVisited(input))
        stack.push_back({input, 0, isLeaf(input)});
      continue;
    }
    bool leaf = frame.isLeaf;
    stack.pop_back();
    if (isVisited(node)) // met twice before it was done
      continue;
    if (!leaf)
      for (Node *input : node->inputs())
        if (!isCaptured(input))
          ++entries[input->visit].uses;
    node->visit = uint32_t(entries.size());
    entries.push_back({node, kindOf(node, leaf, mode)});
  }
}

void Walk::addRoots(std::span<Node *const> roots) {
  if (mode == WalkMode::evaluate)
    findHistory(roots);
  for (Node *root : roots)
    visit(root);
  for (Node *root : roots)
    outputs.push_back({position(root), -1, -1, {}});
}

namespace {
// What is known of the numbers of graphs that are alike but for them.
struct Numbers {
  std::vector<uint64_t> first;
  std::vector<bool> isLifted;
};
} // namespace

void Walk::liftNumbers() {
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < entries.size(); ++i)
    if (entries[i].kind == Kind::op && entries[i].node->op == &fullOp &&
        entries[i].node->dtype != DType::boolean) {
      entries[i].kind = Kind::lifted;
      found.push_back(i);
    }
  if (found.empty())
    return;
  std::vector<uint64_t> words;
  appendWords(words); // without the numbers
  // Under graphMutex(). Two graphs of one hash lift more than they had to.
  static auto *known = new std::unordered_map<uint64_t, Numbers>;
  if (known->size() > 4096)
    known->clear();
  Numbers &numbers = (*known)[runtime::hashWords(words)];
  bool isNew = numbers.first.size() != found.size();
  if (isNew)
    numbers = {std::vector<uint64_t>(found.size()),
               std::vector<bool>(found.size())};
  for (size_t i = 0; i < found.size(); ++i) {
    const Node *node = entries[found[i]].node;
    uint64_t bits = node->attributes()[0];
    if (isNew) {
      numbers.first[i] = bits;
      numbers.isLifted[i] = !isPlainNumber(node);
    } else if (numbers.first[i] != bits)
      numbers.isLifted[i] = true;
    if (!numbers.isLifted[i])
      entries[found[i]].kind = Kind::op;
  }
}

void Walk::keepHeld() {
  std::vector<bool> isOutput(entries.size());
  for (const Output &output : outputs)
    isOutput[output.entry] = true;
  for (uint32_t i = 0; i < entries.size(); ++i) {
    const Entry &entry = entries[i];
    // What needs no input costs nothing to compute again.
    if (isOutput[i] || entry.kind == Kind::argument ||
        entry.node->is(Node::realized) || entry.node->inputCount == 0 ||
        entry.node->refs.load(std::memory_order_acquire) <= entry.uses)
      continue;
    if (entry.node->op->kind != OpClass::several) {
      outputs.push_back({i, -1, -1, {}});
      continue;
    }
    // A result that this program does not read is held: all of those.
    std::vector<bool> isRead(resultTypes(entry.node).size());
    for (uint32_t j = i + 1; j < entries.size(); ++j)
      if (entries[j].kind == Kind::projection &&
          entries[j].node->input(0) == entry.node)
        isRead[entries[j].node->attributes()[0]] = true;
    for (size_t k = 0; k < isRead.size(); ++k)
      if (!isRead[k])
        outputs.push_back({i, int32_t(k), -1, {}});
  }
}

// A gradient needs the ops between its value and its `wrt`, also where their
// values are known.
void Walk::findHistory(std::span<Node *const> roots) {
  std::vector<Node *> order, gradients;
  auto seen = [&](const Node *node) {
    return node->visit < order.size() && order[node->visit] == node;
  };
  struct Frame {
    Node *node;
    uint32_t next;
    bool isHistory;
  };
  // First what is computed, then what is behind the gradients in it.
  std::vector<Frame> stack;
  auto walk = [&](Node *from, bool isHistory) {
    auto enter = [&](Node *node) {
      bool isDone = node->is(Node::realized) && !isHistory;
      if (!seen(node) && !node->is(Node::cut) && !isDone)
        stack.push_back({node, 0, isHistory});
    };
    enter(from);
    while (!stack.empty()) {
      Frame &frame = stack.back();
      Node *node = frame.node;
      if (frame.next < node->inputCount) {
        enter(node->input(frame.next++));
        continue;
      }
      stack.pop_back();
      if (seen(node))
        continue;
      node->visit = uint32_t(order.size());
      order.push_back(node);
      if (isGradient(node))
        gradients.push_back(node);
    }
  };
  for (Node *root : roots)
    walk(root, false);
  order.clear();
  std::vector<Node *> values;
  for (size_t i = 0; i < gradients.size(); ++i) // grows on the way
    walk(gradients[i]->input(0), true);
  std::unordered_set<const Node *> reaching;
  for (const Node *gradient : gradients)
    for (size_t i = firstWrt(gradient); i < gradient->inputCount; ++i)
      reaching.insert(gradient->input(i));
  for (const Node *node : order) {
    bool reaches = false;
    for (const Node *input : node->inputs())
      reaches |= reaching.count(input) != 0;
    if (!reaches)
      continue;
    reaching.insert(node);
    if (node->is(Node::realized) || node->op->kind == OpClass::projection)
      expanded.insert(node);
  }
}

// ---- words -----------------------------------------------------------------
std::vector<uint32_t> argumentEntries(const Walk &walk) {
  std::vector<uint32_t> arguments;
  for (uint32_t i = 0; i < walk.entries.size(); ++i)
    if (walk.entries[i].kind == Walk::Kind::argument ||
        walk.entries[i].kind == Walk::Kind::lifted)
      arguments.push_back(i);
  return arguments;
}

// Words of the attributes that the compiler sees, and of result types.
static size_t visibleWords(const Node *node) {
  if (node->op->kind == OpClass::several)
    return node->attributeWords;
  size_t words = 0;
  for (const AttributeField &field : node->op->fields)
    if (field.name && field.kind != Field::hidden)
      words += field.kind == Field::ints ? 1 + node->attributes()[words] : 1;
  return words;
}

void Walk::appendWords(std::vector<uint64_t> &words) const {
  words.reserve(words.size() + 6 * entries.size());
  for (const Entry &entry : entries) {
    const Node *node = entry.node;
    bool isArgument = entry.kind == Kind::argument;
    words.push_back(uint64_t(entry.kind) | uint64_t(node->dtype) << 8 |
                    uint64_t(node->target) << 16 | uint64_t(node->rank) << 24 |
                    uint64_t(isArgument ? roleOf(node, mode) : Role::input)
                        << 28 |
                    uint64_t(isArgument ? 0 : node->inputCount) << 32);
    for (int64_t dim : node->dims())
      words.push_back(uint64_t(dim));
    if (isArgument || entry.kind == Kind::lifted)
      continue;
    words.push_back(reinterpret_cast<uintptr_t>(node->op));
    size_t visible = visibleWords(node);
    if (node->op == &scalarOp)
      visible = 1;
    for (uint64_t word : node->attributes().first(visible))
      words.push_back(word);
    for (const Node *input : node->inputs())
      words.push_back(position(input));
    if (node->op->indexOperand >= 0) { // its errors name the line
      words.push_back(reinterpret_cast<uintptr_t>(node->file));
      words.push_back(uint64_t(uint32_t(node->line)) << 32 | node->scope);
    }
    if (const Region *body = regionOf(node)) {
      Walk inner(WalkMode::region, body);
      inner.addRoots(body->results);
      inner.appendWords(words);
    }
  }
  for (const Output &output : outputs)
    for (int64_t word :
         {int64_t(output.entry), int64_t(output.result), output.updates})
      words.push_back(uint64_t(word));
  words.push_back(~uint64_t(entries.size()));
}

} // namespace needle::detail
