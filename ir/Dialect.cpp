// Dialect.cpp - registers the dialect's ops and attributes; makes constants.
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace needle::ir;

#include "ir/Dialect.cpp.inc"
#include "ir/Interfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/Attributes.cpp.inc"

void NeedleDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/Attributes.cpp.inc"
      >();
  registerNeedleDialectOperations(this);
}

mlir::Operation *NeedleDialect::materializeConstant(mlir::OpBuilder &b,
                                                    mlir::Attribute value,
                                                    mlir::Type type,
                                                    mlir::Location loc) {
  auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  auto elements = mlir::dyn_cast<mlir::DenseElementsAttr>(value);
  if (!tensor || !elements || elements.getType() != tensor)
    return nullptr;
  if (!elements.isSplat())
    return ConstantOp::create(b, loc, elements);
  mlir::Attribute splat = elements.getSplatValue<mlir::Attribute>();
  if (auto number = mlir::dyn_cast<mlir::FloatAttr>(splat))
    return FullOp::create(b, loc, tensor,
                          b.getF64FloatAttr(number.getValueAsDouble()));
  auto number = mlir::cast<mlir::IntegerAttr>(splat).getValue();
  return FullOp::create(b, loc, tensor,
                        b.getI64IntegerAttr(tensor.getElementType().isInteger(1)
                                                ? number.getZExtValue()
                                                : number.getSExtValue()));
}
