// Function.cpp - what a module and its functions may say besides their ops.
#include "needle/ir/Function.h"
#include "needle/ir/ElementTypes.h"
#include "needle/ir/Infer.h"
#include "needle/runtime/Graph.h"

using namespace mlir;

namespace needle::ir {

namespace {

/// What a graph has values of.
LogicalResult verifyType(Operation *op, Type type, StringRef what,
                         size_t number) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() ||
      tensor.getRank() > Shape::maxRank || !dtypeOf(tensor.getElementType()) ||
      (tensor.getEncoding() && !isa<StringAttr>(tensor.getEncoding())))
    return op->emitOpError()
           << what << number << " is " << type
           << ", wanted a tensor of static shape, rank " << Shape::maxRank
           << " or less, and i1, i32, i64, bf16, f32 or f64";
  rules::Inferred sizes = rules::checked(dims(tensor));
  if (sizes.ok())
    return success();
  return op->emitOpError() << what << number << ": " << sizes.error;
}

LogicalResult wrong(Operation *op, StringRef what, unsigned number,
                    NamedAttribute named, StringRef wanted) {
  return op->emitOpError() << what << number << ": " << named.getName().strref()
                           << " is " << named.getValue() << ", wanted "
                           << wanted;
}

LogicalResult verifyArgument(func::FuncOp function, unsigned number,
                             NamedAttribute named) {
  auto fail = [&](StringRef wanted) {
    return wrong(function, "argument #", number, named, wanted);
  };
  StringRef name = named.getName().strref();
  if (name == "needle.name" || name == "needle.index_op")
    return isa<StringAttr>(named.getValue()) ? success() : fail("a string");
  Type element = getElementTypeOrSelf(function.getArgumentTypes()[number]);
  if (name == "needle.index_limit") {
    auto limit = dyn_cast<IntegerAttr>(named.getValue());
    if (!limit || !limit.getType().isInteger(64) || limit.getInt() < 0)
      return fail("an i64 from 0 on");
    bool isIndex = element.isInteger(32) || element.isInteger(64);
    return isIndex ? success() : fail("it on i32 and i64 only");
  }
  if (name == "needle.role") {
    auto text = dyn_cast<StringAttr>(named.getValue());
    std::optional<Role> role = text ? parseRole(text.getValue()) : std::nullopt;
    if (!role)
      return fail(
          "\"input\", \"constant\", \"variable\", \"key\" or \"count\"");
    bool counts = role == Role::key || role == Role::count;
    return !counts || element.isInteger(64) ? success() : fail("it on i64");
  }
  return success();
}

LogicalResult verifyUpdates(func::FuncOp function, unsigned number,
                            NamedAttribute named,
                            llvm::SmallDenseSet<int64_t> &updated) {
  auto fail = [&](StringRef wanted) {
    return wrong(function, "result #", number, named, wanted);
  };
  auto argument = dyn_cast<IntegerAttr>(named.getValue());
  if (!argument || !argument.getType().isInteger(64) || argument.getInt() < 0 ||
      argument.getInt() >= int64_t(function.getNumArguments()) ||
      function.getArgumentTypes()[argument.getInt()] !=
          function.getResultTypes()[number])
    return fail("the i64 number of an argument of the same type");
  auto role = function.getArgAttrOfType<StringAttr>(unsigned(argument.getInt()),
                                                    "needle.role");
  if (role && role.getValue() != toString(Role::variable))
    return fail("that of a variable");
  return updated.insert(argument.getInt()).second
             ? success()
             : fail("an argument that no other result updates");
}

ArrayRef<NamedAttribute> listOf(DictionaryAttr attributes) {
  return attributes ? attributes.getValue() : ArrayRef<NamedAttribute>();
}

} // namespace

LogicalResult verifyFunction(func::FuncOp function) {
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    if (failed(verifyType(function, type, "argument #", i)))
      return failure();
    for (NamedAttribute named : listOf(function.getArgAttrDict(unsigned(i))))
      if (failed(verifyArgument(function, unsigned(i), named)))
        return failure();
  }
  llvm::SmallDenseSet<int64_t> updated;
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    if (failed(verifyType(function, type, "result #", i)))
      return failure();
    for (NamedAttribute named :
         listOf(function.getResultAttrDict(unsigned(i)))) {
      StringRef name = named.getName().strref();
      if (name == "needle.name" && !isa<StringAttr>(named.getValue()))
        return wrong(function, "result #", unsigned(i), named, "a string");
      if (name == "needle.updates" &&
          failed(verifyUpdates(function, unsigned(i), named, updated)))
        return failure();
    }
  }
  return success();
}

LogicalResult verifyTarget(ModuleOp module) {
  mlir::Attribute attribute = module->getAttr("needle.target");
  if (!attribute)
    return success();
  auto target = dyn_cast<TargetAttr>(attribute);
  if (!target)
    return module.emitError("needle.target is ")
           << attribute << ", wanted a #needle.target";
  int64_t vector = target.getVectorBytes(), l1 = target.getL1Bytes(),
          l2 = target.getL2Bytes();
  if (vector != 16 && vector != 32 && vector != 64)
    return module.emitError("vector_bytes of needle.target is ")
           << vector << ", wanted 16, 32 or 64";
  constexpr int64_t maxCache = int64_t(1) << 40;
  if (l1 < 1 || l2 < 1 || l1 > maxCache || l2 > maxCache)
    return module.emitError("the caches of needle.target have ")
           << l1 << " and " << l2 << " bytes, wanted 1 to 2^40";
  return success();
}

} // namespace needle::ir
