// Export.cpp - a module as the canonical graph: the inverse of Import.cpp.
#include "needle/ir/Export.h"
#include "needle/ir/ElementTypes.h"
#include "needle/ir/Function.h"
#include "needle/ir/Locations.h"
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <utility>

using namespace mlir;

namespace needle::ir {

namespace {

/// A splat in the IR is a list in the graph, and takes that much memory.
constexpr int64_t maxElements = int64_t(1) << 24;

class Exporter {
public:
  Exporter(func::FuncOp function, Graph &graph)
      : function(function), graph(graph), places(graph) {}

  LogicalResult run();

private:
  LogicalResult type(Type from, Location loc, ValueType &to);
  LogicalResult attribute(Operation *op, NamedAttribute from);
  void argument(DictionaryAttr from, GraphArgument &to);
  void result(DictionaryAttr from, GraphResult &to);
  LogicalResult node(Operation *op);
  LogicalResult block(Block &block, Graph &to);
  LogicalResult regions(Operation *op);

  func::FuncOp function;
  Graph &graph; // the outermost
  Graph *current = nullptr;
  PlacesFromLocations places;
  DenseMap<Value, int64_t> numbers; // within the current graph
};

template <class T> T get(DictionaryAttr attributes, StringRef name) {
  return attributes ? attributes.getAs<T>(name) : T();
}

std::string text(StringAttr attribute) {
  return attribute ? attribute.str() : std::string();
}

LogicalResult Exporter::type(Type from, Location loc, ValueType &to) {
  auto tensor = dyn_cast<RankedTensorType>(from);
  if (!tensor || !tensor.hasStaticShape() || tensor.getRank() > Shape::maxRank)
    return emitError(loc) << "a graph has no values of " << from;
  std::optional<DType> dtype = dtypeOf(tensor.getElementType());
  if (!dtype)
    return emitError(loc) << "a graph has no values of " << from;
  to.dtype = *dtype;
  ArrayRef<int64_t> sizes = tensor.getShape();
  to.shape = Shape::unchecked({sizes.data(), sizes.size()});
  auto encoding = dyn_cast_or_null<StringAttr>(tensor.getEncoding());
  to.target = encoding ? encoding.str() : graph.target;
  if (to.target == current->target)
    to.target.clear();
  return success();
}

LogicalResult Exporter::attribute(Operation *op, NamedAttribute from) {
  needle::Attribute to;
  to.name = from.getName().str();
  if (auto flag = dyn_cast<BoolAttr>(from.getValue())) {
    to.value = flag.getValue();
  } else if (auto integer = dyn_cast<IntegerAttr>(from.getValue());
             integer && integer.getType().isInteger(64)) {
    to.value = integer.getInt();
  } else if (auto number = dyn_cast<FloatAttr>(from.getValue())) {
    to.value = number.getValueAsDouble();
  } else if (auto string = dyn_cast<StringAttr>(from.getValue())) {
    to.value = string.str();
  } else if (auto list = dyn_cast<DenseI64ArrayAttr>(from.getValue())) {
    to.value = list.asArrayRef().vec();
  } else if (auto elements = dyn_cast<DenseElementsAttr>(from.getValue());
             elements && elements.getNumElements() > maxElements) {
    return op->emitOpError() << "is no op of a graph: constants of more than "
                             << maxElements << " elements are arguments there";
  } else if (auto floats = dyn_cast<DenseFPElementsAttr>(from.getValue())) {
    std::vector<double> values;
    for (APFloat value : floats) {
      bool exact;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &exact);
      values.push_back(value.convertToDouble());
    }
    to.value = Elements{std::move(values)};
  } else if (auto integers = dyn_cast<DenseIntElementsAttr>(from.getValue())) {
    std::vector<int64_t> values;
    bool boolean = integers.getElementType().isInteger(1);
    for (APInt value : integers)
      values.push_back(boolean ? int64_t(value.getZExtValue())
                               : value.getSExtValue());
    to.value = Elements{std::move(values)};
  } else {
    return op->emitOpError()
           << "is no op of a graph: its attribute '"
           << from.getName().getValue() << "' has no form there";
  }
  current->nodes.back().attributes.push_back(std::move(to));
  return success();
}

void Exporter::argument(DictionaryAttr from, GraphArgument &to) {
  to.name = text(get<StringAttr>(from, "needle.name"));
  if (auto role = get<StringAttr>(from, "needle.role"))
    to.role = parseRole(role.getValue()).value_or(Role::input);
  if (auto limit = get<IntegerAttr>(from, "needle.index_limit"))
    to.indexLimit = limit.getInt();
  to.indexOp = text(get<StringAttr>(from, "needle.index_op"));
  if (auto place = locationOf(from ? from.get("needle.index_place") : nullptr))
    to.indexPlace = places.first(*place);
}

void Exporter::result(DictionaryAttr from, GraphResult &to) {
  to.name = text(get<StringAttr>(from, "needle.name"));
  if (auto updates = get<IntegerAttr>(from, "needle.updates"))
    to.updates = updates.getInt();
}

/// The i-th dictionary of the list `name`; null when there is none.
DictionaryAttr item(DictionaryAttr from, StringRef name, size_t i) {
  auto list = get<ArrayAttr>(from, name);
  return list && i < list.size() ? dyn_cast<DictionaryAttr>(list[i])
                                 : DictionaryAttr();
}

LogicalResult Exporter::regions(Operation *op) {
  auto besides = op->getAttrOfType<ArrayAttr>("needle.regions");
  Graph *outer = current;
  size_t node = outer->nodes.size() - 1;
  DenseMap<Value, int64_t> outerNumbers = std::move(numbers);
  for (Region &region : op->getRegions()) {
    size_t number = region.getRegionNumber();
    auto from = besides && number < besides.size()
                    ? dyn_cast<DictionaryAttr>(besides[number])
                    : DictionaryAttr();
    if (!region.hasOneBlock())
      return op->emitOpError() << "is no op of a graph: region " << number
                               << " is no single block";
    Graph body;
    if (auto name = get<StringAttr>(from, "name"))
      body.name = name.str();
    auto target = get<StringAttr>(from, "target");
    body.target = target ? target.str() : graph.target;
    numbers.clear();
    current = &body;
    if (failed(block(region.front(), body)))
      return failure();
    for (auto [i, to] : llvm::enumerate(body.arguments))
      argument(item(from, "arguments", i), to);
    for (auto [i, to] : llvm::enumerate(body.results))
      result(item(from, "results", i), to);
    outer->nodes[node].regions.push_back(std::move(body));
  }
  current = outer;
  numbers = std::move(outerNumbers);
  return success();
}

LogicalResult Exporter::node(Operation *op) {
  if (!isa_and_nonnull<NeedleDialect>(op->getDialect()))
    return op->emitOpError() << "is no op of a graph";
  GraphNode &to = current->nodes.emplace_back();
  to.op = op->getName().stripDialect().str();
  to.places = places.from(op->getLoc());
  for (Value operand : op->getOperands())
    to.inputs.push_back(numbers.lookup(operand));
  for (Value value : op->getResults()) {
    numbers.try_emplace(value, int64_t(numbers.size()));
    if (failed(type(value.getType(), op->getLoc(), to.results.emplace_back())))
      return failure();
  }
  for (NamedAttribute given : op->getAttrDictionary())
    if (given.getName() != "needle.regions" && failed(attribute(op, given)))
      return failure();
  llvm::sort(to.attributes,
             [](const auto &a, const auto &c) { return a.name < c.name; });
  return op->getNumRegions() ? regions(op) : success();
}

LogicalResult Exporter::block(Block &block, Graph &to) {
  for (BlockArgument from : block.getArguments()) {
    numbers.try_emplace(from, int64_t(numbers.size()));
    GraphArgument &argument = to.arguments.emplace_back();
    if (failed(type(from.getType(), from.getLoc(), argument.type)))
      return failure();
    argument.place = places.first(from.getLoc());
  }
  for (Operation &op : block.without_terminator())
    if (failed(node(&op)))
      return failure();
  for (Value value : block.getTerminator()->getOperands())
    to.results.push_back({numbers.lookup(value), "", -1});
  return success();
}

LogicalResult Exporter::run() {
  graph.name = function.getName().str();
  current = &graph;
  if (failed(block(function.getBody().front(), graph)))
    return failure();
  for (auto [number, to] : llvm::enumerate(graph.arguments))
    argument(function.getArgAttrDict(number), to);
  for (auto [number, to] : llvm::enumerate(graph.results)) {
    result(function.getResultAttrDict(number), to);
    // In a graph an argument has a role, and only variables are updated.
    if (to.updates >= 0 && to.updates < int64_t(graph.arguments.size()) &&
        !function.getArgAttr(to.updates, "needle.role"))
      graph.arguments[to.updates].role = Role::variable;
  }
  return success();
}

} // namespace

FailureOr<Graph> exportGraph(ModuleOp module) {
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  if (functions.size() != 1 || !functions[0].getBody().hasOneBlock())
    return module.emitError() << "a graph is one function of one block, not "
                              << functions.size() << " functions";
  Graph graph;
  if (auto target = module->getAttrOfType<TargetAttr>("needle.target"))
    graph.target = target.getName().str();
  auto table = [&](StringRef name, std::vector<std::string> &strings) {
    if (auto list = functions[0]->getAttrOfType<ArrayAttr>(name))
      for (StringAttr string : list.getAsRange<StringAttr>())
        strings.push_back(string.str());
  };
  table("needle.files", graph.files);
  table("needle.scopes", graph.scopes);
  if (failed(Exporter(functions[0], graph).run()) ||
      failed(verifyFunction(functions[0])))
    return failure();
  return graph;
}

} // namespace needle::ir
