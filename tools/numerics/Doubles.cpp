// Doubles.cpp - a module with f64 for f32: differences need the digits.
#include "CheckGradient.h"

#include "needle/ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace needle::numerics {

// An op may insist on f32: random bits of 32 make f32. It keeps it, and its
// result is converted.
static void convertWhereInferred(Operation *op) {
  auto infers = dyn_cast<InferTypeOpInterface>(op);
  if (!infers)
    return;
  SmallVector<Type> types;
  if (failed(infers.inferReturnTypes(
          op->getContext(), op->getLoc(), op->getOperands(),
          op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
          op->getRegions(), types)))
    return;
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  for (auto [result, type] : llvm::zip(op->getResults(), types)) {
    Type wanted = result.getType();
    if (type == wanted)
      continue;
    result.setType(type);
    auto convert = ir::ConvertOp::create(b, op->getLoc(), wanted, result);
    result.replaceAllUsesExcept(convert.getResult(), convert);
  }
}

OwningOpRef<ModuleOp> withDoubles(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = module.clone();
  Type f64 = Float64Type::get(module.getContext());
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](FloatType) -> Type { return f64; });
  replacer.addReplacement(
      [&](DenseElementsAttr elements) -> std::pair<Attribute, WalkResult> {
        if (!isa<FloatType>(elements.getElementType()))
          return {elements, WalkResult::skip()};
        auto widened =
            cast<DenseFPElementsAttr>(elements).mapValues(f64, [](APFloat x) {
              bool loses;
              x.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                        &loses);
              return x.bitcastToAPInt();
            });
        return {widened, WalkResult::skip()};
      });
  replacer.recursivelyReplaceElementsIn(*copy, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  copy->walk([](Operation *op) { convertWhereInferred(op); });
  return copy;
}

} // namespace needle::numerics
