// TensorBuilder.h - makes needle ops whose types follow from their operands.
#pragma once

#include "needle/ir/Ops.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace needle::passes {

using mlir::RankedTensorType;
using mlir::Value;

/// Whether cotangents of the value exist: its elements are floating point.
inline bool isFloating(Value x) {
  return mlir::isa<mlir::FloatType>(ir::tensorType(x).getElementType());
}

/// Inserts where the given builder does, at one location. Results live on the
/// target of their operands.
class TensorBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Dims = llvm::ArrayRef<int64_t>;

  TensorBuilder(mlir::OpBuilder &b, mlir::Location loc)
      : ImplicitLocOpBuilder(loc, b) {}

  /// Ops whose result types can be inferred: `make<ir::AddOp>(x, y)`.
  template <class Op, class... Args> Value make(Args &&...args) {
    return Op::create(*this, std::forward<Args>(args)...)->getResult(0);
  }

  Value add(Value x, Value y) { return make<ir::AddOp>(x, y); }
  Value sub(Value x, Value y) { return make<ir::SubOp>(x, y); }
  Value mul(Value x, Value y) { return make<ir::MulOp>(x, y); }
  Value div(Value x, Value y) { return make<ir::DivOp>(x, y); }
  Value neg(Value x) { return make<ir::NegOp>(x); }
  Value exp(Value x) { return make<ir::ExpOp>(x); }
  Value log(Value x) { return make<ir::LogOp>(x); }
  Value equal(Value x, Value y) { return make<ir::EqualOp>(x, y); }
  Value less(Value x, Value y) { return make<ir::LessOp>(x, y); }
  Value where(Value condition, Value x, Value y) {
    return make<ir::WhereOp>(x.getType(), condition, x, y);
  }
  /// x times a number.
  Value scale(Value x, double factor) {
    return mul(x, full(x.getType(), factor));
  }

  /// `value` everywhere; `type` is floating.
  Value full(mlir::Type type, double value);
  Value zeros(mlir::Type type) { return full(type, 0); }
  /// x with another element type; x itself if it has it.
  Value convert(Value x, mlir::Type element);
  /// The elements in row-major order in another shape; x itself if it is x's.
  Value reshape(Value x, Dims shape);
  /// NumPy broadcasting; x itself if it has that shape.
  Value broadcast(Value x, Dims shape);
  Value sum(Value x, Dims axes, bool keepDims) {
    return make<ir::SumOp>(x, axes, keepDims);
  }
  Value max(Value x, Dims axes, bool keepDims) {
    return make<ir::MaxOp>(x, axes, keepDims);
  }
  /// [start, stop) of one axis.
  Value slice(Value x, int64_t axis, int64_t start, int64_t stop);
  /// Zeros around x along one axis.
  Value pad(Value x, int64_t axis, int64_t low, int64_t high);

  /// A reduction's result, with or without its axes, repeated over the `shape`
  /// that was reduced.
  Value expand(Value reduced, Dims axes, Dims shape);
  /// The inverse of broadcasting: x summed to `shape`, which broadcasts to x's.
  Value sumTo(Value x, Dims shape);

  static Dims shapeOf(Value x) { return ir::tensorType(x).getShape(); }
};

} // namespace needle::passes
