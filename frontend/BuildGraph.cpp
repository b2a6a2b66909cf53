// BuildGraph.cpp - a walk as runtime/Graph.h: names, places, pins.
#include "needle/frontend/Canonicalize.h"

#include "needle/frontend/Cell.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>

namespace needle::detail {

const Region *regionOf(const Node *node) {
  if (node->op->kind != OpClass::several || node->op->ownedWord < 0)
    return nullptr;
  return reinterpret_cast<const Region *>(
      node->attributes()[size_t(node->op->ownedWord)]);
}

Role roleOf(const Node *argument, WalkMode mode) {
  if (argument->op == &placeholderOp || argument->op == &scalarOp)
    return Role(argument->attributes()[1]);
  if (mode == WalkMode::jit)
    return Role::constant;
  return cellOf(argument) ? Role::variable : Role::input;
}

namespace {
// Files and scopes of a graph and of the regions in it.
struct Tables {
  Graph &graph;
  std::unordered_map<const char *, int32_t> files;
  std::unordered_map<uint32_t, int32_t> scopes;

  Place place(const Node *node) {
    Place place;
    if (node->line <= 0)
      return place;
    auto [file, isNew] =
        files.try_emplace(node->file, int32_t(graph.files.size()));
    if (isNew)
      file->second = fileNumber(node->file);
    place.file = file->second;
    place.line = node->line;
    if (node->scope) {
      auto [scope, isNewScope] =
          scopes.try_emplace(node->scope, int32_t(graph.scopes.size()));
      if (isNewScope)
        graph.scopes.push_back(scopeName(node->scope));
      place.scope = scope->second;
    }
    return place;
  }
  // The same path may lie at several addresses.
  int32_t fileNumber(const char *file) {
    auto it = std::ranges::find(graph.files, file);
    if (it == graph.files.end())
      it = graph.files.insert(it, file);
    return int32_t(it - graph.files.begin());
  }
};

class Builder {
public:
  Builder(const Walk &walk, Graph &graph, Tables &tables,
          const std::string &target)
      : walk(walk), graph(graph), tables(tables), target(target) {}
  void build();

private:
  ValueType type(const Node *node) const {
    return typeOf(node->dtype, node->shape(), node->target);
  }
  ValueType typeOf(DType dtype, const Shape &shape, uint8_t on) const {
    const std::string &name = Target::ofNumber(on).name();
    return {dtype, shape, name == target ? "" : name};
  }
  void findWrts();
  void addArguments();
  void addNode(uint32_t number);
  void addPin(uint32_t position, const Node *node);
  void addFields(const Node *node, GraphNode &to) const;
  int64_t add(GraphNode node) {
    int64_t first = next;
    next += int64_t(node.results.size());
    graph.nodes.push_back(std::move(node));
    return first;
  }
  int64_t value(const Node *node) const { return values[walk.position(node)]; }
  void markIndices(const Node *op);
  void markIndex(const Node *indices, int64_t limit, const std::string &name,
                 const Node *op);

  const Walk &walk;
  Graph &graph;
  Tables &tables;
  const std::string &target;
  std::vector<int64_t> values;    // by position
  std::vector<int32_t> arguments; // by entry; -1: none
  std::unordered_set<uint32_t> wrts;
  int64_t next = 0;
};
} // namespace

// ---- arguments -------------------------------------------------------------
static std::string argumentName(const Node *node, Role role, size_t number) {
  switch (role) {
  case Role::key:
    return "key";
  case Role::count:
    return "count";
  case Role::variable:
    if (const char *name = variableName(node); name && *name)
      return name;
    return "variable" + std::to_string(number);
  case Role::constant:
    return "constant" + std::to_string(number);
  case Role::input:
    break;
  }
  return "input" + std::to_string(number);
}

void Builder::addArguments() {
  arguments.assign(walk.entries.size(), -1);
  values.assign(walk.entries.size(), -1);
  std::unordered_set<std::string> names;
  auto append = [&](const Node *node, const ValueType &type, Role role) {
    size_t number = graph.arguments.size();
    std::string name = argumentName(node, role, number);
    if (!names.insert(name).second)
      names.insert(name += "#" + std::to_string(number));
    GraphArgument argument;
    argument.type = type;
    argument.name = name;
    argument.role = role;
    argument.place = tables.place(node);
    graph.arguments.push_back(std::move(argument));
    return next++;
  };
  for (uint32_t entry : argumentEntries(walk)) {
    const Node *node = walk.entries[entry].node;
    arguments[entry] = int32_t(graph.arguments.size());
    bool isLifted = walk.entries[entry].kind == Walk::Kind::lifted;
    values[entry] = append(
        node, isLifted ? typeOf(node->dtype, {}, node->target) : type(node),
        isLifted ? Role::input : roleOf(node, walk.mode));
  }
  if (walk.region)
    for (const Node *capture : walk.region->captures)
      values.push_back(append(capture, type(capture), Role::input));
}

// ---- attributes ------------------------------------------------------------
static AttributeValue fieldValue(Field kind, DType dtype,
                                 std::span<const uint64_t> words) {
  switch (kind) {
  case Field::boolean:
    return words[0] != 0;
  case Field::f64:
    return std::bit_cast<double>(words[0]);
  case Field::number:
    if (isFloating(dtype))
      return std::bit_cast<double>(words[0]);
    return int64_t(words[0]);
  case Field::ints: {
    auto *first = reinterpret_cast<const int64_t *>(words.data() + 1);
    return std::vector<int64_t>(first, first + words[0]);
  }
  default:
    return int64_t(words[0]);
  }
}

void Builder::addFields(const Node *node, GraphNode &to) const {
  std::span<const uint64_t> words = node->attributes();
  for (const AttributeField &field : node->op->fields) {
    if (!field.name)
      break;
    if (field.kind != Field::hidden)
      to.attributes.push_back(
          {field.name, fieldValue(field.kind, node->dtype, words)});
    words = words.subspan(field.kind == Field::ints ? 1 + words[0] : 1);
  }
  std::ranges::sort(to.attributes, {}, &Attribute::name);
}

// ---- nodes -----------------------------------------------------------------
void Builder::addNode(uint32_t number) {
  const Walk::Entry &entry = walk.entries[number];
  const Node *node = entry.node;
  switch (entry.kind) {
  case Walk::Kind::argument:
    break;
  case Walk::Kind::alias:
    values[number] = value(node->input(0));
    break;
  case Walk::Kind::projection:
    values[number] = value(node->input(0)) + int64_t(node->attributes()[0]);
    break;
  case Walk::Kind::lifted:
    if (node->rank) {
      GraphNode broadcast;
      broadcast.op = "broadcast_to";
      broadcast.inputs = {values[number]};
      broadcast.results = {type(node)};
      if (node->line > 0)
        broadcast.places.push_back(tables.place(node));
      values[number] = add(std::move(broadcast));
    }
    break;
  case Walk::Kind::op: {
    GraphNode op;
    op.op = node->op->name;
    for (const Node *input : node->inputs())
      op.inputs.push_back(value(input));
    if (node->op->kind == OpClass::several)
      for (const ResultType &result : resultTypes(node))
        op.results.push_back(typeOf(result.dtype, result.shape, result.target));
    else
      op.results.push_back(type(node));
    addFields(node, op);
    if (node->op == &scalarOp) {
      op.op = "full";
      op.attributes = {{"value", int64_t(node->attributes()[0])}};
    }
    if (node->line > 0)
      op.places.push_back(tables.place(node));
    if (const Region *body = regionOf(node)) {
      Walk inner(WalkMode::region, body);
      inner.addRoots(body->results);
      op.regions.emplace_back();
      op.regions[0].name = "body";
      op.regions[0].target = target;
      Builder(inner, op.regions[0], tables, target).build();
    }
    values[number] = add(std::move(op));
    break;
  }
  }
  if (wrts.count(number))
    addPin(number, node);
}

void Builder::addPin(uint32_t position, const Node *node) {
  GraphNode pin;
  pin.op = "pin";
  pin.inputs = {values[position]};
  pin.results = {type(node)};
  if (node->line > 0)
    pin.places.push_back(tables.place(node));
  values[position] = add(std::move(pin));
}

void Builder::findWrts() {
  for (const Walk::Entry &entry : walk.entries)
    if (entry.kind == Walk::Kind::op && isGradient(entry.node))
      for (size_t i = firstWrt(entry.node); i < entry.node->inputCount; ++i)
        wrts.insert(walk.position(entry.node->input(i)));
}

// ---- indices ---------------------------------------------------------------
// Ops through which index data are still those of the argument.
static bool passesIndices(const Node *node) {
  return node->inputCount == 1 && isInteger(node->dtype) &&
         isInteger(node->input(0)->dtype) &&
         (node->op == &convertOp || node->op == &toOp ||
          node->op == &broadcastToOp || node->op == &indexCheckOp ||
          !std::strcmp(node->op->name, "reshape"));
}

void Builder::markIndex(const Node *indices, int64_t limit,
                        const std::string &name, const Node *op) {
  while (walk.position(indices) < walk.entries.size() &&
         walk.entries[walk.position(indices)].kind != Walk::Kind::argument &&
         passesIndices(indices))
    indices = indices->input(0);
  uint32_t at = walk.position(indices);
  if (at >= walk.entries.size() || arguments[at] < 0)
    return;
  GraphArgument &argument = graph.arguments[size_t(arguments[at])];
  if (argument.indexLimit >= 0 && argument.indexLimit <= limit)
    return;
  argument.indexLimit = limit;
  argument.indexOp = name;
  argument.indexPlace = tables.place(op);
}

void Builder::markIndices(const Node *op) {
  if (op->op == &indexCheckOp)
    return markIndex(op->input(0), int64_t(op->attributes()[0]),
                     reinterpret_cast<const char *>(op->attributes()[1]), op);
  auto operand = size_t(op->op->indexOperand);
  auto axis = size_t(op->attributes()[0]);
  markIndex(op->input(operand), op->input(0)->dims()[axis], op->op->name, op);
}

void Builder::build() {
  findWrts();
  addArguments();
  if (walk.region)
    for (size_t i = 0; i < walk.region->captures.size(); ++i) {
      auto position = uint32_t(walk.entries.size() + i);
      if (wrts.count(position))
        addPin(position, walk.region->captures[i]);
    }
  for (uint32_t i = 0; i < walk.entries.size(); ++i)
    addNode(i);
  for (const Walk::Entry &entry : walk.entries)
    if (entry.kind != Walk::Kind::argument &&
        entry.node->op->indexOperand >= 0 && !walk.region)
      markIndices(entry.node);
  for (const Walk::Output &output : walk.outputs) {
    GraphResult result;
    result.value =
        values[output.entry] + (output.result >= 0 ? output.result : 0);
    result.name = output.name;
    if (output.updates >= 0)
      result.updates = arguments[size_t(output.updates)];
    graph.results.push_back(std::move(result));
  }
}

Graph buildGraph(const Walk &walk, const std::string &name) {
  Graph graph;
  graph.name = name;
  // Where most of it lives: the target of the first result's op.
  if (!walk.outputs.empty())
    graph.target =
        Target::ofNumber(walk.entries[walk.outputs[0].entry].node->target)
            .name();
  Tables tables{graph, {}, {}};
  Builder(walk, graph, tables, graph.target).build();
  return graph;
}

} // namespace needle::detail
