// ProgramInterface.cpp - what a Program says about its arguments and results.
#include "needle/codegen/ProgramInterface.h"

#include "needle/codegen/Places.h"
#include "needle/codegen/ProgramBuilder.h"
#include "needle/ir/ElementTypes.h"
#include "needle/ir/Locations.h"

using namespace mlir;

namespace needle::codegen {

ValueType valueTypeOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  ValueType value{*ir::dtypeOf(tensor.getElementType()),
                  Shape::unchecked(tensor.getShape()), ""};
  if (auto target = dyn_cast_or_null<StringAttr>(tensor.getEncoding()))
    value.target = target.getValue();
  return value;
}

namespace {

std::string text(mlir::Attribute attribute) {
  auto string = dyn_cast_or_null<StringAttr>(attribute);
  return string ? string.getValue().str() : "";
}

Role roleOf(mlir::Attribute attribute) {
  for (Role role : {Role::constant, Role::variable, Role::key, Role::count})
    if (text(attribute) == toString(role))
      return role;
  return Role::input;
}

} // namespace

runtime::ProgramArgument describeArgument(func::FuncOp function,
                                          unsigned number) {
  runtime::ProgramArgument argument;
  argument.type = valueTypeOf(function.getArgumentTypes()[number]);
  argument.name = text(function.getArgAttr(number, "needle.name"));
  argument.role = roleOf(function.getArgAttr(number, "needle.role"));
  auto limit =
      function.getArgAttrOfType<IntegerAttr>(number, "needle.index_limit");
  if (!limit)
    return argument;
  argument.indexLimit = limit.getInt();
  argument.indexText = text(function.getArgAttr(number, "needle.index_op"));
  std::optional<Location> place =
      ir::locationOf(function.getArgAttr(number, "needle.index_place"));
  if (!place)
    return argument;
  if (std::optional<FileLineColLoc> at = userPlace(*place)) {
    argument.indexText = placeText(*place) + ": " + argument.indexText;
    argument.indexFile = at->getFilename().str();
    argument.indexLine = int(at->getLine());
  }
  return argument;
}

runtime::ProgramResult describeResult(func::FuncOp function, unsigned number) {
  runtime::ProgramResult result;
  result.type = valueTypeOf(function.getResultTypes()[number]);
  result.name = text(function.getResultAttr(number, "needle.name"));
  auto attribute = [&](llvm::StringRef name) {
    auto value = function.getResultAttrOfType<IntegerAttr>(number, name);
    return value ? int32_t(value.getInt()) : -1;
  };
  result.updates = attribute("needle.updates");
  result.inPlaceOf = attribute("needle.in_place_of");
  return result;
}

} // namespace needle::codegen
