// Shape.cpp - ops that move elements: each gathers or scatters by strides.
#include "needle/codegen/reference/Families.h"

#include "mlir/IR/AffineMap.h"

#include <cstring>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

// out[strides of `toStrides`] = in[offset + strides of `fromStrides`]
void move(DType dtype, llvm::ArrayRef<int64_t> shape, const void *in,
          llvm::ArrayRef<int64_t> fromStrides, void *out,
          llvm::ArrayRef<int64_t> toStrides) {
  withSize(dtype, [&](auto t) {
    using T = decltype(t);
    forEach<2>(shape, {fromStrides, toStrides}, [&](auto offsets) {
      static_cast<T *>(out)[offsets[1]] =
          static_cast<const T *>(in)[offsets[0]];
    });
  });
}

Evaluate gather(const ArrayType &to, int64_t offset, Sizes strides) {
  Sizes toStrides = stridesOf(to.shape);
  int64_t bytes = offset * int64_t(byteSize(to.dtype));
  return [=](const Operands &operands) {
    move(to.dtype, to.shape, static_cast<char *>(operands.in[0]) + bytes,
         strides, operands.out[0], toStrides);
  };
}

template <class T> T paddingValue(double value) {
  if constexpr (std::same_as<T, uint8_t>)
    return value != 0;
  else
    return T(value);
}

} // namespace

Evaluate prepareCopy(Operation *op) {
  llvm::SmallVector<size_t> bytes;
  for (Value operand : op->getOperands())
    bytes.push_back(size_t(arrayType(operand).bytes()));
  return [=](const Operands &operands) {
    for (size_t i = 0; i < bytes.size(); ++i)
      if (bytes[i])
        std::memcpy(operands.out[i], operands.in[i], bytes[i]);
  };
}

Evaluate prepare(ir::ReshapeOp op) { return prepareCopy(op); }

Evaluate prepare(ir::BroadcastToOp op) {
  ArrayType from = arrayType(op.getX()), to = arrayType(op.getResult());
  Sizes fromStrides = stridesOf(from.shape);
  Sizes strides(to.shape.size(), 0);
  size_t added = to.shape.size() - from.shape.size();
  for (size_t axis = 0; axis < from.shape.size(); ++axis)
    if (from.shape[axis] == to.shape[added + axis])
      strides[added + axis] = fromStrides[axis];
  return gather(to, 0, strides);
}

Evaluate prepare(ir::TransposeOp op) {
  Sizes fromStrides = stridesOf(arrayType(op.getX()).shape), strides;
  for (int64_t axis : op.getPermutation())
    strides.push_back(fromStrides[size_t(axis)]);
  return gather(arrayType(op.getResult()), 0, strides);
}

Evaluate prepare(ir::SliceOp op) {
  Sizes fromStrides = stridesOf(arrayType(op.getX()).shape), strides;
  int64_t offset = 0;
  for (auto [stride, start, step] :
       llvm::zip(fromStrides, op.getStart(), op.getStep())) {
    strides.push_back(stride * step);
    offset += stride * start;
  }
  return gather(arrayType(op.getResult()), offset, strides);
}

Evaluate prepare(ir::PadOp op) {
  ArrayType from = arrayType(op.getX()), to = arrayType(op.getResult());
  Sizes fromStrides = stridesOf(from.shape), toStrides = stridesOf(to.shape);
  int64_t offset = 0;
  for (size_t axis = 0; axis < from.shape.size(); ++axis) {
    offset += toStrides[axis] * op.getLow()[axis];
    toStrides[axis] *= op.getInterior()[axis] + 1;
  }
  double value = op.getValue().convertToDouble();
  return withElement(to.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      T *out = static_cast<T *>(operands.out[0]);
      std::fill(out, out + to.elements(), paddingValue<T>(value));
      move(from.dtype, from.shape, operands.in[0], fromStrides, out + offset,
           toStrides);
    };
  });
}

Evaluate prepare(ir::ConcatOp op) {
  ArrayType to = arrayType(op.getResult());
  Sizes toStrides = stridesOf(to.shape);
  llvm::SmallVector<ArrayType> from;
  for (Value x : op.getXs())
    from.push_back(arrayType(x));
  size_t axis = size_t(op.getAxis());
  return [=](const Operands &operands) {
    char *out = static_cast<char *>(operands.out[0]);
    for (size_t i = 0; i < from.size(); ++i) {
      move(to.dtype, from[i].shape, operands.in[i], stridesOf(from[i].shape),
           out, toStrides);
      out +=
          from[i].shape[axis] * toStrides[axis] * int64_t(byteSize(to.dtype));
    }
  };
}

Evaluate prepare(ir::SplitOp op) {
  ArrayType from = arrayType(op.getX());
  Sizes fromStrides = stridesOf(from.shape);
  llvm::SmallVector<ArrayType> to;
  for (Value piece : op.getPieces())
    to.push_back(arrayType(piece));
  size_t axis = size_t(op.getAxis());
  return [=](const Operands &operands) {
    const char *in = static_cast<const char *>(operands.in[0]);
    for (size_t i = 0; i < to.size(); ++i) {
      move(from.dtype, to[i].shape, in, fromStrides, operands.out[i],
           stridesOf(to[i].shape));
      in +=
          to[i].shape[axis] * fromStrides[axis] * int64_t(byteSize(from.dtype));
    }
  };
}

Evaluate prepareView(const ArrayType &from, const ArrayType &to, AffineMap map,
                     Operation *op) {
  // A linear map is known by its values at 0 and at the unit vectors.
  Sizes fromStrides = stridesOf(from.shape);
  auto at = [&](llvm::ArrayRef<int64_t> point) {
    int64_t offset = 0;
    for (auto [stride, index] : llvm::zip(fromStrides, map.compose(point)))
      offset += stride * index;
    return offset;
  };
  auto isLinear = [](AffineExpr expression) {
    return !expression
                .walk([](AffineExpr part) {
                  switch (part.getKind()) {
                  case AffineExprKind::Add:
                  case AffineExprKind::Mul:
                  case AffineExprKind::Constant:
                  case AffineExprKind::DimId:
                    return WalkResult::advance();
                  default:
                    return WalkResult::interrupt();
                  }
                })
                .wasInterrupted();
  };
  if (!llvm::all_of(map.getResults(), isLinear)) {
    op->emitOpError("has an index map that is not linear");
    return {};
  }
  Sizes point(to.shape.size(), 0), strides;
  int64_t offset = at(point);
  for (int64_t &index : point) {
    index = 1;
    strides.push_back(at(point) - offset);
    index = 0;
  }
  return gather(to, offset, strides);
}

} // namespace needle::codegen::reference
