// NestAccumulate.cpp - the reductions of a nest: accumulators, their trees.
// A reduction has one accumulator, the best of an argmax two: value, position.
#include "needle/codegen/kernels/NestEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;

namespace needle::codegen {

bool isArgReduction(Operation *op) {
  return isa<ir::ArgmaxOp, ir::ArgminOp>(op);
}

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

static int accumulatorCount(const NestReduction &reduction) {
  return isArgReduction(reduction.op) ? 2 : 1;
}

int NestEmitter::accumulatorsOf(int pass) const {
  int count = 0;
  for (int i : plan.passes[pass].reductions)
    count += accumulatorCount(spec.reductions[i]);
  return count;
}

// What every element is better than or, with a smaller position, equal to.
static TypedAttr worst(OpBuilder &b, Operation *op, Type element) {
  bool max = isa<ir::ArgmaxOp>(op);
  if (auto type = dyn_cast<FloatType>(element))
    return FloatAttr::get(
        type, APFloat::getInf(type.getFloatSemantics(), /*Negative=*/max));
  unsigned width = element.getIntOrFloatBitWidth();
  return b.getIntegerAttr(element, max ? APInt::getSignedMinValue(width)
                                       : APInt::getSignedMaxValue(width));
}

// Booleans are compared as bytes.
static Type comparedType(Value operand) {
  return memoryType(elementOf(operand));
}

static Value splat(OpBuilder &b, Location loc, VectorType type,
                   TypedAttr element) {
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, Attribute(element)));
}

static const int64_t nowhere = std::numeric_limits<int64_t>::max();

NestEmitter::Values NestEmitter::neutral(int pass, int64_t lanes) {
  Values values;
  auto push = [&](Type type, TypedAttr element) {
    values.push_back(splat(b, loc, vectorOf(type, lanes), element));
  };
  for (int i : plan.passes[pass].reductions) {
    const NestReduction &reduction = spec.reductions[i];
    if (isArgReduction(reduction.op)) {
      Type type = comparedType(reduction.operand);
      push(type, worst(b, reduction.op, type));
      push(b.getI64Type(), b.getI64IntegerAttr(nowhere));
      continue;
    }
    push(elementOf(reduction.result),
         cast<ir::ReductionOpInterface>(reduction.op).getNeutral());
  }
  return values;
}

NestEmitter::Values NestEmitter::accumulate(int pass, const NestFrame &frame,
                                            const NestPlace &place,
                                            Value position,
                                            ValueRange accumulators) {
  Values next;
  bool isFirst = accumulators.empty();
  // Lanes beyond the end must not count: they become neutral.
  auto masked = [&](Value value, TypedAttr neutral) -> Value {
    if (!place.mask || !plan.vectorReduced)
      return value;
    Value other = splat(b, loc, cast<VectorType>(value.getType()), neutral);
    return arith::SelectOp::create(b, loc, place.mask, value, other);
  };
  for (int i : plan.passes[pass].reductions) {
    const NestReduction &reduction = spec.reductions[i];
    Value x = lookup(frame, reduction.operand);
    Values item;
    if (isArgReduction(reduction.op)) {
      Type type = comparedType(reduction.operand);
      if (elementOf(reduction.operand).isInteger(1))
        x = arith::ExtUIOp::create(b, loc, vectorOf(type, place.lanes), x);
      item.push_back(masked(x, worst(b, reduction.op, type)));
      NestPlace lanes{position, place.lanes};
      Value at = plan.vectorReduced
                     ? loadIndex(b.getI64Type(), index(0), index(1), &lanes)
                     : loadIndex(b.getI64Type(), position, index(0), &lanes);
      item.push_back(masked(at, b.getI64IntegerAttr(nowhere)));
    } else {
      item.push_back(
          masked(x, cast<ir::ReductionOpInterface>(reduction.op).getNeutral()));
    }
    if (isFirst) {
      llvm::append_range(next, item);
      continue;
    }
    size_t count = item.size();
    llvm::append_range(
        next, combine(reduction, accumulators.take_front(count), item));
    accumulators = accumulators.drop_front(count);
  }
  return next;
}

// Whether c is to be taken rather than a: it is better, or equal and earlier;
// NaN is better than any number.
static Value isBetter(OpBuilder &b, Location loc, bool max, ValueRange a,
                      ValueRange c) {
  Value better, equal;
  if (isa<FloatType>(getElementTypeOrSelf(a[0].getType()))) {
    auto compare = [&](arith::CmpFPredicate predicate, Value x, Value y) {
      return arith::CmpFOp::create(b, loc, predicate, x, y);
    };
    Value aNaN = compare(arith::CmpFPredicate::UNO, a[0], a[0]);
    Value cNaN = compare(arith::CmpFPredicate::UNO, c[0], c[0]);
    Value beats =
        compare(max ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT,
                c[0], a[0]);
    // The unordered comparison is true with any NaN: then a must have none.
    Value aNumber = compare(arith::CmpFPredicate::ORD, a[0], a[0]);
    better = arith::AndIOp::create(b, loc, beats, aNumber);
    equal = arith::OrIOp::create(b, loc,
                                 compare(arith::CmpFPredicate::OEQ, a[0], c[0]),
                                 arith::AndIOp::create(b, loc, aNaN, cNaN));
  } else {
    better = arith::CmpIOp::create(
        b, loc, max ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt,
        c[0], a[0]);
    equal = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, c[0], a[0]);
  }
  Value earlier =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, c[1], a[1]);
  return arith::OrIOp::create(b, loc, better,
                              arith::AndIOp::create(b, loc, equal, earlier));
}

NestEmitter::Values NestEmitter::combine(const NestReduction &reduction,
                                         ValueRange a, ValueRange c) {
  Location at = reduction.op->getLoc();
  if (!isArgReduction(reduction.op))
    return {cast<ir::ReductionOpInterface>(reduction.op)
                .buildCombine(b, at, a[0], c[0])};
  Value take = isBetter(b, at, isa<ir::ArgmaxOp>(reduction.op), a, c);
  return {arith::SelectOp::create(b, at, take, c[0], a[0]),
          arith::SelectOp::create(b, at, take, c[1], a[1])};
}

NestEmitter::Values NestEmitter::combinePass(int pass, ValueRange a,
                                             ValueRange c) {
  Values combined;
  while (!a.empty())
    for (int i : plan.passes[pass].reductions) {
      size_t count = accumulatorCount(spec.reductions[i]);
      llvm::append_range(combined,
                         combine(spec.reductions[i], a.take_front(count),
                                 c.take_front(count)));
      a = a.drop_front(count);
      c = c.drop_front(count);
    }
  return combined;
}

NestEmitter::Values NestEmitter::combineLanes(const NestReduction &reduction,
                                              ValueRange accumulators,
                                              int64_t lanes) {
  Values values(accumulators);
  auto type = cast<VectorType>(values[0].getType());
  for (int64_t half = type.getNumElements() / 2; half >= lanes; half /= 2) {
    Values low, high;
    for (Value value : values) {
      SmallVector<int64_t> first(half), second(half);
      std::iota(first.begin(), first.end(), 0);
      std::iota(second.begin(), second.end(), half);
      low.push_back(vector::ShuffleOp::create(b, loc, value, value, first));
      high.push_back(vector::ShuffleOp::create(b, loc, value, value, second));
    }
    values = combine(reduction, low, high);
  }
  return values;
}

NestEmitter::Values NestEmitter::narrowPass(int pass, ValueRange accumulators) {
  Values narrow;
  for (int i : plan.passes[pass].reductions) {
    const NestReduction &reduction = spec.reductions[i];
    size_t count = accumulatorCount(reduction);
    llvm::append_range(
        narrow,
        combineLanes(reduction, accumulators.take_front(count), plan.lanes));
    accumulators = accumulators.drop_front(count);
  }
  return narrow;
}

void NestEmitter::defineResults(int pass, NestFrame &frame,
                                ValueRange accumulators, bool acrossLanes) {
  for (int i : plan.passes[pass].reductions) {
    const NestReduction &reduction = spec.reductions[i];
    size_t count = accumulatorCount(reduction);
    ValueRange own = accumulators.take_front(count);
    accumulators = accumulators.drop_front(count);
    Value result = own.back();
    if (acrossLanes)
      result = vector::ExtractOp::create(
          b, loc, combineLanes(reduction, own, 1).back(), 0);
    define(frame, reduction.result, result);
  }
}

} // namespace needle::codegen
