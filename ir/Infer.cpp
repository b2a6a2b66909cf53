// Infer.cpp - result types, common checks, and what folders share.
#include "needle/ir/Infer.h"
#include "needle/ir/Traits.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace needle::ir {

static std::string text(ArrayRef<int64_t> sizes) {
  std::string result = "[";
  for (auto [axis, size] : llvm::enumerate(sizes))
    result += (axis ? ", " : "") + std::to_string(size);
  return result + "]";
}

std::string text(RankedTensorType type) { return text(type.getShape()); }

FailureOr<SmallVector<RankedTensorType, 4>>
staticTensors(MaybeLocation loc, StringRef op, ValueRange operands) {
  SmallVector<RankedTensorType, 4> types;
  for (auto [number, operand] : llvm::enumerate(operands)) {
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type || !type.hasStaticShape() || type.getRank() > Shape::maxRank)
      return emitOptionalError(loc, "'", op, "' op operand #", number,
                               " must be a tensor of static shape and rank ",
                               Shape::maxRank, " or less, but is ",
                               operand.getType());
    types.push_back(type);
  }
  return types;
}

LogicalResult append(MaybeLocation loc, StringRef op,
                     const rules::Inferred &inferred, Type element,
                     RankedTensorType like, SmallVectorImpl<Type> &types) {
  if (!inferred.ok())
    return emitOptionalError(loc, "'", op, "' op ", inferred.error);
  Dims sizes = inferred.shape.dims();
  types.push_back(
      RankedTensorType::get(ArrayRef<int64_t>(sizes.data(), sizes.size()),
                            element, like.getEncoding()));
  return success();
}

std::string axisError(int64_t axis, int64_t rank) {
  if (axis >= 0 && axis < rank)
    return "";
  return "axis " + std::to_string(axis) + " is outside of [0, " +
         std::to_string(rank) + ")";
}

LogicalResult verifyShape(Operation *op, const rules::Inferred &inferred,
                          RankedTensorType result) {
  if (!inferred.ok())
    return op->emitOpError() << inferred.error;
  if (llvm::equal(inferred.shape.dims(), result.getShape()))
    return success();
  return op->emitOpError() << "has a result of shape " << text(result)
                           << ", wanted " << toString(inferred.shape);
}

void absorbLocation(Operation *op, Operation *absorbed) {
  op->setLoc(
      FusedLoc::get(op->getContext(), {op->getLoc(), absorbed->getLoc()}));
}

Attribute splatOf(Attribute constant) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(constant);
  return splat ? splat.getSplatValue<Attribute>() : Attribute();
}

bool isSplat(Attribute constant, double value) {
  Attribute splat = splatOf(constant);
  if (auto f = dyn_cast_or_null<FloatAttr>(splat)) {
    APFloat wanted(value);
    bool exact;
    wanted.convert(f.getValue().getSemantics(), APFloat::rmNearestTiesToEven,
                   &exact);
    return f.getValue().bitwiseIsEqual(wanted);
  }
  auto i = dyn_cast_or_null<IntegerAttr>(splat);
  return i && i.getValue() == APInt(i.getValue().getBitWidth(),
                                    uint64_t(int64_t(value)), true, true);
}

// ---- what every op guarantees ----------------------------------------------

template <class Check>
static LogicalResult forEachTensor(Operation *op, Check check) {
  for (auto [number, operand] : llvm::enumerate(op->getOperands()))
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()))
      if (failed(check(type, "operand #", number)))
        return failure();
  for (auto [number, result] : llvm::enumerate(op->getResults()))
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      if (failed(check(type, "result #", number)))
        return failure();
  return success();
}

LogicalResult verifyTensorLimits(Operation *op) {
  return forEachTensor(
      op, [&](RankedTensorType type, StringRef what, size_t number) {
        rules::Inferred sizes = rules::checked(dims(type));
        if (sizes.ok())
          return success();
        return LogicalResult(op->emitOpError()
                             << what << number << ": " << sizes.error);
      });
}

LogicalResult verifyOneTarget(Operation *op) {
  std::optional<Attribute> first;
  return forEachTensor(op, [&](RankedTensorType type, StringRef what,
                               size_t number) {
    if (!first)
      first = type.getEncoding();
    if (*first == type.getEncoding())
      return success();
    auto name = [](Attribute encoding) {
      auto text = dyn_cast_or_null<StringAttr>(encoding);
      return text ? ("\"" + text.getValue() + "\"").str()
                  : std::string("the function's target");
    };
    return LogicalResult(op->emitOpError()
                         << what << number << " is on "
                         << name(type.getEncoding()) << " while others are on "
                         << name(*first) << "; needle.to moves values");
  });
}

} // namespace needle::ir
