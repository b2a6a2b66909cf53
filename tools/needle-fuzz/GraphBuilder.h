// GraphBuilder.h - a graph in the making: arguments may come after nodes.
#pragma once

#include "needle/runtime/Graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace needle::fuzz {

/// A value of the graph and what is known about its elements.
struct Value {
  int id = -1; // of the builder; not yet a value number of the graph
  ValueType type;
  /// All elements lie here, or should: it keeps operands in their domains.
  double lo = 0, hi = 0;
  /// Bit i: pin i lies on a differentiable path to this value, for sure or
  /// perhaps (through a loop).
  uint64_t surePins = 0, maybePins = 0;

  const Shape &shape() const { return type.shape; }
  DType dtype() const { return type.dtype; }
  int rank() const { return type.shape.rank(); }
  bool isFloat() const { return isFloating(type.dtype); }
  double magnitude() const { return std::max(-lo, hi); }
};

/// The shape of these sizes, or a huge one when there is none.
Shape shapeOf(const std::vector<int64_t> &dims);

/// How an argument's elements are drawn.
struct Draw {
  enum Kind { uniform, whole, special, key };
  Kind kind = uniform;
  double lo = -2, hi = 2;
};

class GraphBuilder {
public:
  Value argument(const ValueType &type, const Draw &draw, Role role);
  /// An op's results, in order; their ranges are for the caller to set.
  std::vector<Value> node(const std::string &op,
                          const std::vector<Value> &inputs,
                          const std::vector<ValueType> &results,
                          std::vector<Attribute> attributes = {},
                          std::vector<Graph> regions = {});
  void result(const Value &value, std::string name = "", int updates = -1);
  /// The last argument's index limit.
  void limitIndex(int64_t limit, const std::string &op);

  /// With values numbered; without a name and files.
  Graph finish() const;
  const std::vector<Draw> &draws() const { return argumentDraws; }
  size_t nodeCount() const { return nodes.size(); }

  std::vector<Value> values; // what ops may be made of
  std::vector<Value> arguments;
  std::vector<Value> pins;

private:
  struct Node {
    GraphNode node;
    std::vector<int> inputs, results; // ids
  };
  std::vector<GraphArgument> argumentList;
  std::vector<Draw> argumentDraws;
  std::vector<Node> nodes;
  std::vector<std::pair<int, GraphResult>> results;
  int nextId = 0;
};

} // namespace needle::fuzz
