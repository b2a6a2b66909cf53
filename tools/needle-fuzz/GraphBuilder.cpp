// GraphBuilder.cpp - numbers values at the end, arguments first.
#include "GraphBuilder.h"

#include "needle/runtime/ShapeRules.h"

#include <algorithm>

namespace needle::fuzz {

Shape shapeOf(const std::vector<int64_t> &dims) {
  rules::Inferred checked = rules::checked(dims);
  return checked.ok() ? checked.shape : Shape({int64_t(1) << 39});
}

Value GraphBuilder::argument(const ValueType &type, const Draw &draw,
                             Role role) {
  Value value{nextId++, type, draw.lo, draw.hi, 0, 0};
  GraphArgument argument;
  argument.type = type;
  argument.name = "a" + std::to_string(argumentList.size());
  argument.role = role;
  argumentList.push_back(argument);
  argumentDraws.push_back(draw);
  arguments.push_back(value);
  values.push_back(value);
  return value;
}

void GraphBuilder::limitIndex(int64_t limit, const std::string &op) {
  argumentList.back().indexLimit = limit;
  argumentList.back().indexOp = op;
  argumentList.back().indexPlace = {0, int32_t(nodes.size() + 1), -1};
}

std::vector<Value> GraphBuilder::node(const std::string &op,
                                      const std::vector<Value> &inputs,
                                      const std::vector<ValueType> &results,
                                      std::vector<Attribute> attributes,
                                      std::vector<Graph> regions) {
  Node node;
  node.node.op = op;
  node.node.results = results;
  std::sort(attributes.begin(), attributes.end(),
            [](auto &a, auto &b) { return a.name < b.name; });
  node.node.attributes = std::move(attributes);
  node.node.regions = std::move(regions);
  node.node.places = {{0, int32_t(nodes.size() + 1), -1}};
  uint64_t sure = 0, maybe = 0;
  for (const Value &input : inputs) {
    node.inputs.push_back(input.id);
    if (input.isFloat()) {
      sure |= input.surePins;
      maybe |= input.maybePins;
    }
  }
  std::vector<Value> made;
  for (const ValueType &type : results) {
    Value value{nextId++, type, 0, 0, 0, 0};
    if (isFloating(type.dtype)) {
      value.surePins = sure;
      value.maybePins = maybe;
    }
    node.results.push_back(value.id);
    made.push_back(value);
  }
  nodes.push_back(std::move(node));
  return made;
}

void GraphBuilder::result(const Value &value, std::string name, int updates) {
  GraphResult result;
  result.name = std::move(name);
  result.updates = updates;
  results.emplace_back(value.id, result);
}

Graph GraphBuilder::finish() const {
  Graph graph;
  graph.arguments = argumentList;
  std::vector<int64_t> numbers(size_t(nextId), -1);
  int64_t next = 0;
  for (const Value &argument : arguments)
    numbers[size_t(argument.id)] = next++;
  for (const Node &node : nodes) {
    GraphNode copy = node.node;
    for (int input : node.inputs)
      copy.inputs.push_back(numbers[size_t(input)]);
    for (int result : node.results)
      numbers[size_t(result)] = next++;
    graph.nodes.push_back(std::move(copy));
  }
  for (auto [id, result] : results) {
    GraphResult copy = result;
    copy.value = numbers[size_t(id)];
    graph.results.push_back(copy);
  }
  return graph;
}

} // namespace needle::fuzz
