// Import.cpp - the canonical graph as a module. Knows no op by name: a node is
// whatever op is registered as needle.<op>, and its verifier has the last word.
#include "needle/ir/Import.h"
#include "needle/ir/ElementTypes.h"
#include "needle/ir/Function.h"
#include "needle/ir/Locations.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/SaveAndRestore.h"

#include <cmath>

using namespace mlir;

namespace needle::ir {

namespace {

class Importer {
public:
  Importer(MLIRContext *context, const Graph &graph)
      : graph(graph), target(graph.target), b(context),
        locations(context, graph) {}

  OwningOpRef<ModuleOp> module(TargetAttr target);

private:
  FailureOr<RankedTensorType> type(const ValueType &type, Location loc);
  FailureOr<mlir::Attribute> attribute(const AttributeValue &value,
                                       ArrayRef<Type> results, Location loc,
                                       StringRef name);
  FailureOr<mlir::Attribute> elements(const Elements &elements,
                                      RankedTensorType type, Location loc,
                                      StringRef name);
  DictionaryAttr argumentAttributes(const GraphArgument &argument);
  DictionaryAttr resultAttributes(const GraphResult &result);
  DictionaryAttr regionAttributes(const Graph &region, bool &usual);

  /// The body of a function or region at the builder's insertion point, and
  /// the values it ends with.
  LogicalResult arguments(const Graph &graph, Block &block);
  LogicalResult nodes(const Graph &graph, SmallVector<Value> &values);
  LogicalResult results(const Graph &graph, ArrayRef<Value> values,
                        SmallVector<Value> &results);
  LogicalResult node(const GraphNode &node, size_t number,
                     SmallVector<Value> &values);
  LogicalResult attributes(const GraphNode &node, OperationState &state);
  LogicalResult region(const Graph &graph, Region &region);
  FailureOr<OperationName> operationName(const std::string &op, Location loc);

  const Graph &graph; // the outermost
  std::string target; // of values that name none: the graph's or region's
  OpBuilder b;
  LocationsFromPlaces locations;
  llvm::StringMap<OperationName> names;
};

// ---- types and attributes
// -----------------------------------------------------

FailureOr<RankedTensorType> Importer::type(const ValueType &type,
                                           Location loc) {
  // One spelling per type: the function's own target is never an encoding.
  const std::string &name = type.target.empty() ? target : type.target;
  mlir::Attribute encoding;
  if (name != graph.target)
    encoding = b.getStringAttr(name);
  return RankedTensorType::getChecked(
      [&] { return emitError(loc); },
      ArrayRef<int64_t>(type.shape.begin(), type.shape.end()),
      elementType(b.getContext(), type.dtype), encoding);
}

FailureOr<mlir::Attribute> Importer::elements(const Elements &elements,
                                              RankedTensorType type,
                                              Location loc, StringRef name) {
  auto fail = [&](const Twine &reason) -> FailureOr<mlir::Attribute> {
    return emitError(loc) << "attribute '" << name << "': " << reason;
  };
  size_t count =
      std::visit([](auto &list) { return list.size(); }, elements.values);
  if (int64_t(count) != type.getNumElements())
    return fail(Twine(count) + " elements for a tensor of " +
                Twine(type.getNumElements()));
  Type element = type.getElementType();
  if (auto *floats = std::get_if<std::vector<double>>(&elements.values)) {
    if (!isa<FloatType>(element))
      return fail("floats for a tensor of integers");
    if (element.isF64())
      return DenseElementsAttr::get(type, ArrayRef<double>(*floats));
    SmallVector<APFloat> rounded;
    for (double value : *floats) {
      bool isInexact = false;
      rounded.emplace_back(value).convert(
          cast<FloatType>(element).getFloatSemantics(),
          APFloat::rmNearestTiesToEven, &isInexact);
      if (isInexact && !std::isnan(value))
        return emitError(loc)
               << "attribute '" << name << "': a float of more than " << element
               << "'s range or digits";
    }
    return DenseElementsAttr::get(type, ArrayRef<APFloat>(rounded));
  }
  auto &integers = std::get<std::vector<int64_t>>(elements.values);
  if (!isa<IntegerType>(element))
    return fail("integers for a tensor of floats");
  unsigned width = element.getIntOrFloatBitWidth();
  for (int64_t value : integers)
    if (width == 1 ? (value != 0 && value != 1) : !llvm::isIntN(width, value))
      return fail(Twine(value) + " does not fit the tensor's elements");
  if (width == 64)
    return DenseElementsAttr::get(type, ArrayRef<int64_t>(integers));
  if (width == 32)
    return DenseElementsAttr::get(type, ArrayRef<int32_t>(SmallVector<int32_t>(
                                            integers.begin(), integers.end())));
  return DenseElementsAttr::get(type, ArrayRef<bool>(SmallVector<bool>(
                                          integers.begin(), integers.end())));
}

FailureOr<mlir::Attribute> Importer::attribute(const AttributeValue &value,
                                               ArrayRef<Type> results,
                                               Location loc, StringRef name) {
  if (auto *integer = std::get_if<int64_t>(&value))
    return b.getI64IntegerAttr(*integer);
  if (auto *flag = std::get_if<bool>(&value))
    return b.getBoolAttr(*flag);
  if (auto *number = std::get_if<double>(&value))
    return b.getF64FloatAttr(*number);
  if (auto *text = std::get_if<std::string>(&value))
    return b.getStringAttr(*text);
  if (auto *list = std::get_if<std::vector<int64_t>>(&value))
    return b.getDenseI64ArrayAttr(*list);
  if (results.empty())
    return emitError(loc) << "attribute '" << name
                          << "': elements for an op without results";
  return elements(std::get<Elements>(value),
                  cast<RankedTensorType>(results.front()), loc, name);
}

// ---- what the graph says besides
// ----------------------------------------------

DictionaryAttr Importer::argumentAttributes(const GraphArgument &argument) {
  NamedAttrList list;
  if (!argument.name.empty())
    list.append("needle.name", b.getStringAttr(argument.name));
  list.append("needle.role", b.getStringAttr(toString(argument.role)));
  if (argument.indexLimit != -1)
    list.append("needle.index_limit", b.getI64IntegerAttr(argument.indexLimit));
  if (!argument.indexOp.empty())
    list.append("needle.index_op", b.getStringAttr(argument.indexOp));
  if (argument.indexPlace != Place())
    list.append("needle.index_place",
                attributeOf(locations.from(argument.indexPlace)));
  return list.getDictionary(b.getContext());
}

DictionaryAttr Importer::resultAttributes(const GraphResult &result) {
  NamedAttrList list;
  if (!result.name.empty())
    list.append("needle.name", b.getStringAttr(result.name));
  if (result.updates != -1)
    list.append("needle.updates", b.getI64IntegerAttr(result.updates));
  return list.getDictionary(b.getContext());
}

/// What a region says besides; `usual` stays when that is nothing.
DictionaryAttr Importer::regionAttributes(const Graph &region, bool &usual) {
  SmallVector<mlir::Attribute> arguments, results;
  for (const GraphArgument &argument : region.arguments) {
    arguments.push_back(argumentAttributes(argument));
    GraphArgument plain;
    plain.type = argument.type;
    plain.place = argument.place;
    usual &= argument == plain;
  }
  for (const GraphResult &result : region.results) {
    results.push_back(resultAttributes(result));
    usual &= result.name.empty() && result.updates == -1;
  }
  usual &= region.name == Graph().name && region.target == graph.target;
  NamedAttrList list;
  list.append("name", b.getStringAttr(region.name));
  list.append("target", b.getStringAttr(region.target));
  list.append("arguments", b.getArrayAttr(arguments));
  list.append("results", b.getArrayAttr(results));
  return list.getDictionary(b.getContext());
}

// ---- nodes
// --------------------------------------------------------------------

FailureOr<OperationName> Importer::operationName(const std::string &op,
                                                 Location loc) {
  auto known = names.find(op);
  if (known != names.end())
    return known->second;
  OperationName name("needle." + op, b.getContext());
  if (!name.isRegistered())
    return emitError(loc) << "unknown op '" << op << "'";
  if (name.hasTrait<OpTrait::IsTerminator>())
    return emitError(loc) << "'" << op << "' ends a region, it is no node";
  names.try_emplace(op, name);
  return name;
}

LogicalResult Importer::attributes(const GraphNode &node,
                                   OperationState &state) {
  for (const needle::Attribute &given : node.attributes) {
    // Names with a dot are of passes; all others are the op's own.
    bool known =
        llvm::any_of(state.name.getAttributeNames(), [&](StringAttr name) {
          return name.getValue() == given.name;
        });
    if (!known && given.name.find('.') == std::string::npos)
      return emitError(state.location)
             << "'" << node.op << "' has no attribute '" << given.name << "'";
    auto value =
        attribute(given.value, state.types, state.location, given.name);
    if (failed(value))
      return failure();
    state.addAttribute(given.name, *value);
  }
  auto emit = [&] {
    return emitError(state.location) << "'" << node.op << "' op ";
  };
  return state.name.verifyInherentAttrs(state.attributes, emit);
}

LogicalResult Importer::node(const GraphNode &node, size_t number,
                             SmallVector<Value> &values) {
  Location loc = locations.from(node.places, "node", number);
  auto name = operationName(node.op, loc);
  if (failed(name))
    return failure();
  OperationState state(loc, *name);
  for (int64_t input : node.inputs) {
    if (uint64_t(input) >= values.size())
      return emitError(loc)
             << "node " << number << ", '" << node.op << "', uses value "
             << input << " of " << values.size() << " defined before it";
    state.operands.push_back(values[input]);
  }
  for (const ValueType &result : node.results) {
    auto resultType = type(result, loc);
    if (failed(resultType))
      return failure();
    state.types.push_back(*resultType);
  }
  if (failed(attributes(node, state)))
    return failure();
  SmallVector<mlir::Attribute> besides;
  bool usual = true;
  for (const Graph &body : node.regions) {
    if (failed(region(body, *state.addRegion())))
      return failure();
    besides.push_back(regionAttributes(body, usual));
  }
  if (!usual)
    state.addAttribute("needle.regions", b.getArrayAttr(besides));
  llvm::append_range(values, b.create(state)->getResults());
  return success();
}

LogicalResult Importer::arguments(const Graph &from, Block &block) {
  for (auto [number, argument] : llvm::enumerate(from.arguments)) {
    ArrayRef<Place> places(argument.place);
    if (argument.place == Place())
      places = {};
    Location loc = locations.from(places, "argument", number);
    auto argumentType = type(argument.type, loc);
    if (failed(argumentType))
      return failure();
    block.addArgument(*argumentType, loc);
  }
  return success();
}

LogicalResult Importer::nodes(const Graph &from, SmallVector<Value> &values) {
  for (auto [number, item] : llvm::enumerate(from.nodes))
    if (failed(node(item, number, values)))
      return failure();
  return success();
}

LogicalResult Importer::results(const Graph &from, ArrayRef<Value> values,
                                SmallVector<Value> &results) {
  for (auto [number, result] : llvm::enumerate(from.results)) {
    if (uint64_t(result.value) >= values.size() || result.updates < -1 ||
        result.updates >= int64_t(from.arguments.size()))
      return emitError(locations.from({}, "result", number))
             << "result " << number << " is value " << result.value
             << " and updates argument " << result.updates << " of a graph of "
             << values.size() << " values and " << from.arguments.size()
             << " arguments";
    results.push_back(values[result.value]);
  }
  return success();
}

LogicalResult Importer::region(const Graph &from, Region &to) {
  OpBuilder::InsertionGuard guard(b);
  llvm::SaveAndRestore restore(target, from.target);
  Block &block = to.emplaceBlock();
  b.setInsertionPointToEnd(&block);
  if (failed(arguments(from, block)))
    return failure();
  SmallVector<Value> values(block.args_begin(), block.args_end()), yielded;
  if (failed(nodes(from, values)) || failed(results(from, values, yielded)))
    return failure();
  YieldOp::create(b, locations.from({}, "results of", 0), yielded);
  return success();
}

OwningOpRef<ModuleOp> Importer::module(TargetAttr targetAttribute) {
  Location loc = NameLoc::get(b.getStringAttr(graph.name));
  if (graph.name.empty()) {
    emitError(loc) << "a graph needs a name";
    return nullptr;
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  if (targetAttribute)
    (*module)->setAttr("needle.target", targetAttribute);
  b.setInsertionPointToEnd(module->getBody());
  auto function =
      func::FuncOp::create(b, loc, graph.name, b.getFunctionType({}, {}));
  Block &block = *function.addEntryBlock();
  b.setInsertionPointToEnd(&block);
  if (failed(arguments(graph, block)))
    return nullptr;
  SmallVector<Value> values(block.args_begin(), block.args_end()), returned;
  if (failed(nodes(graph, values)) || failed(results(graph, values, returned)))
    return nullptr;
  func::ReturnOp::create(b, loc, returned);
  // After the nodes: Export meets places in this order, too.
  SmallVector<DictionaryAttr> argumentList, resultList;
  for (const GraphArgument &argument : graph.arguments)
    argumentList.push_back(argumentAttributes(argument));
  for (const GraphResult &result : graph.results)
    resultList.push_back(resultAttributes(result));
  function.setFunctionType(b.getFunctionType(block.getArgumentTypes(),
                                             ValueRange(returned).getTypes()));
  function.setAllArgAttrs(argumentList);
  function.setAllResultAttrs(resultList);
  auto table = [&](StringRef name, const std::vector<std::string> &strings) {
    SmallVector<StringRef> list(strings.begin(), strings.end());
    function->setAttr(name, b.getStrArrayAttr(list));
  };
  if (!locations.filesInOrder())
    table("needle.files", graph.files);
  if (!locations.scopesInOrder())
    table("needle.scopes", graph.scopes);
  if (failed(verifyFunction(function)) || failed(verify(*module)))
    return nullptr;
  return module;
}

} // namespace

OwningOpRef<ModuleOp> importGraph(MLIRContext *context, const Graph &graph,
                                  TargetAttr target) {
  return Importer(context, graph).module(target);
}

} // namespace needle::ir
