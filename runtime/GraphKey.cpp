// GraphKey.cpp - a graph as bytes that are never read back, only compared.
#include "needle/runtime/GraphKey.h"

#include "needle/runtime/BuildId.h"
#include "needle/runtime/Cpu.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/ProgramFile.h"

namespace needle::runtime {

namespace {

/// Writes each part with its length or kind, so that no two graphs are alike.
class KeyWriter {
public:
  explicit KeyWriter(ByteWriter &to) : to(to) {}

  void graph(const Graph &graph);

private:
  void texts(const std::vector<std::string> &list) {
    to.put(uint64_t(list.size()));
    for (const std::string &text : list)
      to.text(text);
  }
  void place(const Place &place) {
    to.put(place.file);
    to.put(place.line);
    to.put(place.scope);
  }
  void argument(const GraphArgument &argument);
  void node(const GraphNode &node);
  void attribute(const Attribute &attribute);

  ByteWriter &to;
};

void KeyWriter::argument(const GraphArgument &argument) {
  writeType(to, argument.type);
  to.text(argument.name);
  to.put(uint8_t(argument.role));
  place(argument.place);
  to.put(argument.indexLimit);
  to.text(argument.indexOp);
  place(argument.indexPlace);
}

void KeyWriter::attribute(const Attribute &attribute) {
  struct Value {
    ByteWriter &to;
    void operator()(int64_t value) { to.put(value); }
    void operator()(bool value) { to.put(value); }
    void operator()(double value) { to.put(value); } // its bits
    void operator()(const std::string &value) { to.text(value); }
    void operator()(const std::vector<int64_t> &value) { to.list(value); }
    void operator()(const Elements &value) {
      to.put(uint8_t(value.values.index()));
      std::visit([&](const auto &list) { to.list(list); }, value.values);
    }
  };
  to.text(attribute.name);
  to.put(uint8_t(attribute.value.index()));
  std::visit(Value{to}, attribute.value);
}

void KeyWriter::node(const GraphNode &node) {
  to.text(node.op);
  to.list(node.inputs);
  to.put(uint64_t(node.results.size()));
  for (const ValueType &type : node.results)
    writeType(to, type);
  to.put(uint64_t(node.attributes.size()));
  for (const Attribute &each : node.attributes)
    attribute(each);
  to.put(uint64_t(node.regions.size()));
  for (const Graph &region : node.regions)
    graph(region);
  to.put(uint64_t(node.places.size()));
  for (const Place &each : node.places)
    place(each);
}

void KeyWriter::graph(const Graph &graph) {
  to.text(graph.name);
  to.text(graph.target);
  texts(graph.files);
  texts(graph.scopes);
  to.put(uint64_t(graph.arguments.size()));
  for (const GraphArgument &each : graph.arguments)
    argument(each);
  to.put(uint64_t(graph.nodes.size()));
  for (const GraphNode &each : graph.nodes)
    node(each);
  to.put(uint64_t(graph.results.size()));
  for (const GraphResult &result : graph.results) {
    to.put(result.value);
    to.text(result.name);
    to.put(result.updates);
  }
}

} // namespace

std::string programKey(const Graph &graph, const std::string &compiler) {
  std::string error;
  const InstructionSet *instructions = hostInstructionSet(error);
  if (!instructions)
    throw TargetError(error);
  CacheSizes caches = cacheSizes();
  ByteWriter key;
  key.text(buildId());
  key.text(compiler);
  key.text(instructions->name);
  key.put(caches.l1Bytes);
  key.put(caches.l2Bytes);
  KeyWriter(key).graph(graph);
  return std::move(key.bytes);
}

} // namespace needle::runtime
