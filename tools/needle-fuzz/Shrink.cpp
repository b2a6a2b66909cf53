// Shrink.cpp - tries to do without each result and node, last ones first.
#include "Shrink.h"

#include "needle/runtime/Npy.h"

#include <fstream>
#include <functional>

namespace needle::fuzz {
namespace {

constexpr int maxTries = 400;

/// The node that makes each value; -1: an argument.
std::vector<int> makersOf(const Graph &graph) {
  std::vector<int> makers(graph.arguments.size(), -1);
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    makers.insert(makers.end(), graph.nodes[n].results.size(), int(n));
  return makers;
}

ValueType typeOf(const Graph &graph, int64_t value) {
  int64_t next = int64_t(graph.arguments.size());
  if (value < next)
    return graph.arguments[size_t(value)].type;
  for (const GraphNode &node : graph.nodes)
    for (const ValueType &type : node.results)
      if (next++ == value)
        return type;
  return {};
}

/// Every use of `from` reads `to` instead.
void redirect(Graph &graph, int64_t from, int64_t to) {
  for (GraphNode &node : graph.nodes)
    for (int64_t &input : node.inputs)
      input = input == from ? to : input;
  for (GraphResult &result : graph.results)
    result.value = result.value == from ? to : result.value;
}

/// Drops nodes that nobody reads, and arguments unless the graph is a body.
void dropUnused(Graph &graph, std::vector<ArgumentBytes> *arguments) {
  std::vector<int> makers = makersOf(graph);
  std::vector<bool> isUsed(makers.size());
  for (const GraphResult &result : graph.results) {
    isUsed[size_t(result.value)] = true;
    if (result.updates >= 0)
      isUsed[size_t(result.updates)] = true;
  }
  std::vector<bool> isAlive(graph.nodes.size());
  size_t first = makers.size();
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    first -= graph.nodes[n].results.size();
    for (size_t i = 0; i < graph.nodes[n].results.size(); ++i)
      isAlive[n] = isAlive[n] || isUsed[first + i];
    if (isAlive[n])
      for (int64_t input : graph.nodes[n].inputs)
        isUsed[size_t(input)] = true;
  }
  std::vector<int64_t> numbers(makers.size(), -1);
  int64_t next = 0;
  Graph kept = graph;
  kept.arguments.clear(), kept.nodes.clear();
  std::vector<ArgumentBytes> keptArguments;
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    if (arguments && !isUsed[i])
      continue;
    numbers[i] = next++;
    kept.arguments.push_back(graph.arguments[i]);
    if (arguments)
      keptArguments.push_back((*arguments)[i]);
  }
  size_t value = graph.arguments.size();
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    GraphNode node = graph.nodes[n];
    for (int64_t &input : node.inputs)
      input = numbers[size_t(input)];
    for (size_t i = 0; i < node.results.size(); ++i, ++value)
      if (isAlive[n])
        numbers[value] = next++;
    if (isAlive[n])
      kept.nodes.push_back(std::move(node));
  }
  for (GraphResult &result : kept.results) {
    result.value = numbers[size_t(result.value)];
    if (result.updates >= 0)
      result.updates = numbers[size_t(result.updates)];
  }
  graph = std::move(kept);
  if (arguments)
    *arguments = std::move(keptArguments);
}

/// A new last argument; all later values move up by one.
int64_t addArgument(Graph &graph, const ValueType &type) {
  int64_t number = int64_t(graph.arguments.size());
  auto moveUp = [&](int64_t &value) { value += value >= number; };
  for (GraphNode &node : graph.nodes)
    for (int64_t &input : node.inputs)
      moveUp(input);
  for (GraphResult &result : graph.results)
    moveUp(result.value);
  GraphArgument argument;
  argument.type = type;
  graph.arguments.push_back(argument);
  for (size_t i = 0; i < graph.arguments.size(); ++i)
    graph.arguments[i].name = "a" + std::to_string(i);
  return number;
}

class Shrinker {
public:
  Shrinker(const GeneratedGraph &failing, const std::string &what)
      : best(failing), what(what) {}

  GeneratedGraph run() {
    returnGradients();
    bool isSmaller = true;
    while (isSmaller && tries < maxTries)
      isSmaller = dropResults() | replaceNodes() | bypassNodes(best.graph, {});
    return best;
  }

private:
  bool accept(GeneratedGraph candidate) {
    if (++tries > maxTries)
      return false;
    dropUnused(candidate.graph, &candidate.arguments);
    Tally tally;
    std::optional<Failure> failure = check(candidate, tally);
    if (!failure || failure->what != what)
      return false;
    best = std::move(candidate);
    return true;
  }

  /// Gradients are compared with differences although nothing reads them.
  void returnGradients() {
    GeneratedGraph candidate = best;
    int64_t value = int64_t(best.graph.arguments.size());
    for (const GraphNode &node : best.graph.nodes)
      for (size_t i = 0; i < node.results.size(); ++i, ++value)
        if (node.op == "gradient") {
          GraphResult result;
          result.value = value;
          candidate.graph.results.push_back(result);
        }
    accept(std::move(candidate));
  }

  bool dropResults() {
    bool isSmaller = false;
    for (size_t i = best.graph.results.size(); i-- > 0;) {
      if (best.graph.results.size() < 2)
        break;
      GeneratedGraph candidate = best;
      candidate.graph.results.erase(candidate.graph.results.begin() +
                                    std::ptrdiff_t(i));
      isSmaller |= accept(std::move(candidate));
    }
    return isSmaller;
  }

  /// What a node computes becomes an argument.
  bool replaceNodes() {
    bool isSmaller = false;
    for (size_t n = best.graph.nodes.size(); n-- > 0;) {
      if (n >= best.graph.nodes.size())
        continue;
      GeneratedGraph candidate = best;
      Graph &graph = candidate.graph;
      int64_t first = int64_t(graph.arguments.size());
      for (size_t before = 0; before < n; ++before)
        first += int64_t(graph.nodes[before].results.size());
      // The values, computed by a graph that returns them.
      GeneratedGraph values = best;
      values.graph.results.clear();
      for (size_t i = 0; i < graph.nodes[n].results.size(); ++i) {
        GraphResult result;
        result.value = first + int64_t(i);
        values.graph.results.push_back(result);
      }
      auto computed = interpret(values);
      if (!computed)
        continue;
      for (size_t i = 0; i < computed->size(); ++i) {
        ValueType type = typeOf(graph, first + int64_t(i));
        int64_t argument = addArgument(graph, type);
        ++first;
        redirect(graph, first + int64_t(i), argument);
        candidate.arguments.push_back((*computed)[i]);
      }
      isSmaller |= accept(std::move(candidate));
    }
    return isSmaller;
  }

  /// A node's result is an operand of its type; in bodies, too.
  bool bypassNodes(const Graph &of, std::vector<size_t> path) {
    bool isSmaller = false;
    Graph graph = of;
    for (size_t n = graph.nodes.size(); n-- > 0;) {
      int64_t result = int64_t(graph.arguments.size());
      for (size_t before = 0; before < n; ++before)
        result += int64_t(graph.nodes[before].results.size());
      const GraphNode &node = graph.nodes[n];
      for (size_t r = 0; r < node.regions.size(); ++r) {
        std::vector<size_t> inner = path;
        inner.insert(inner.end(), {n, r});
        if (bypassNodes(node.regions[r], inner))
          return true; // numbers have changed: once more from the start
      }
      for (int64_t input : node.inputs) {
        if (node.results.size() != 1 ||
            !(typeOf(graph, input) == node.results[0]))
          continue;
        GeneratedGraph candidate = best;
        Graph *at = &candidate.graph;
        for (size_t i = 0; i < path.size(); i += 2)
          at = &at->nodes[path[i]].regions[path[i + 1]];
        redirect(*at, result, input);
        dropUnused(*at, path.empty() ? &candidate.arguments : nullptr);
        if (accept(std::move(candidate)))
          return true;
      }
    }
    return isSmaller;
  }

  GeneratedGraph best;
  std::string what;
  int tries = 0;
};

} // namespace

GeneratedGraph shrink(const GeneratedGraph &failing, const std::string &what) {
  return Shrinker(failing, what).run();
}

std::string writeFiles(const GeneratedGraph &generated,
                       const std::string &stem) {
  std::string command = "needle-run " + stem + ".json --compare=reference";
  for (size_t i = 0; i < generated.arguments.size(); ++i) {
    const GraphArgument &argument = generated.graph.arguments[i];
    std::string path = stem + "-" + argument.name + ".npy";
    writeNpy(path, argument.type.dtype, argument.type.shape,
             generated.arguments[i].data());
    command += " --input=" + argument.name + "=" + path;
  }
  std::ofstream file(stem + ".json");
  file << toJson(generated.graph);
  file.close();
  if (!file)
    throw Error("cannot write " + stem + ".json");
  return command;
}

} // namespace needle::fuzz
