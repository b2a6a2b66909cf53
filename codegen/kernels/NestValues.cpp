// NestValues.cpp - the values of a nest: frames, loads, stores, cached rows.
#include "needle/codegen/kernels/NestEmitter.h"

#include "needle/ir/ElementTypes.h"
#include "needle/ir/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace needle::codegen {

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

// ---- frames -----------------------------------------------------------------

void NestEmitter::findSplats() {
  auto need = [&](Value value) {
    value = spec.resolve(value);
    if (!plan.isVector(plan.levelOf(value)))
      splats.insert(value);
  };
  for (Operation *op : spec.ops)
    if (plan.isVector(plan.levelOf(op->getResult(0))))
      llvm::for_each(op->getOperands(), need);
  for (const NestReduction &reduction : spec.reductions)
    need(reduction.operand);
  for (const NestOutput &output : spec.outputs)
    if (output.whole || !plan.vectorReduced)
      need(output.value);
}

void NestEmitter::define(NestFrame &frame, Value key, Value value) {
  frame.values[key] = value;
  if (frame.lanes || !splats.contains(key))
    return;
  auto splat = [&](int64_t lanes) {
    auto type = vectorOf(value.getType(), lanes);
    return vector::BroadcastOp::create(b, loc, type, value);
  };
  frame.splats[key] = {splat(plan.lanes), splat(plan.wideLanes())};
}

Value NestEmitter::lookup(const NestFrame &frame, Value key) const {
  key = spec.resolve(key);
  for (const NestFrame *at = &frame; at; at = at->outer) {
    if (frame.lanes && !at->lanes) {
      if (auto it = at->splats.find(key); it != at->splats.end())
        return frame.lanes == plan.lanes ? it->second.first : it->second.second;
    } else if (auto it = at->values.find(key); it != at->values.end()) {
      return it->second;
    }
  }
  llvm_unreachable("a value is used before its level");
}

Type computeTypeOf(Value tensor) { return ir::computeType(elementOf(tensor)); }

TypedAttr splatOf(Operation *op) {
  Type element = elementOf(op->getResult(0));
  Attribute value;
  if (auto constant = dyn_cast<ir::ConstantOp>(op)) {
    auto values = cast<DenseElementsAttr>(constant.getValue());
    value = *values.getValues<Attribute>().begin();
    if (isa<IntegerAttr>(value))
      return cast<TypedAttr>(value);
  } else {
    value = cast<ir::FullOp>(op).getValue();
  }
  if (auto number = dyn_cast<FloatAttr>(value)) {
    APFloat rounded = number.getValue();
    bool inexact = false;
    Type type = ir::computeType(element);
    for (Type to : {element, type})
      rounded.convert(cast<FloatType>(to).getFloatSemantics(),
                      APFloat::rmNearestTiesToEven, &inexact);
    return FloatAttr::get(type, rounded);
  }
  APInt number = cast<IntegerAttr>(value).getValue();
  return IntegerAttr::get(element,
                          number.trunc(element.getIntOrFloatBitWidth()));
}

void NestEmitter::emitOp(NestFrame &frame, Operation *op) {
  Value result;
  if (auto elementwise = dyn_cast<ir::ElementwiseOpInterface>(op)) {
    Values operands;
    for (Value operand : op->getOperands())
      operands.push_back(lookup(frame, operand));
    result = ir::buildRounded(b, elementwise, operands);
  } else {
    result = emitSplat(op);
  }
  define(frame, op->getResult(0), result);
}

Value NestEmitter::emitSplat(Operation *op) {
  auto argument = plan.at.splats.find(op);
  if (argument == plan.at.splats.end())
    return arith::ConstantOp::create(b, op->getLoc(), splatOf(op));
  Type type = computeTypeOf(op->getResult(0));
  unsigned width = type.getIntOrFloatBitWidth();
  Value bits = arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                          scalar(argument->second));
  if (width < 64)
    bits = arith::TruncIOp::create(b, loc, b.getIntegerType(width), bits);
  return arith::BitcastOp::create(b, loc, type, bits);
}

// ---- memory -----------------------------------------------------------------

NestPlace NestEmitter::maskedPlace(Value column, Value end) {
  Value count = min(sub(end, column), index(plan.lanes));
  SmallVector<int32_t> lanes(plan.lanes);
  std::iota(lanes.begin(), lanes.end(), 0);
  auto type = vectorOf(b.getI32Type(), plan.lanes);
  Value numbers = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(lanes)));
  Value limit = arith::IndexCastOp::create(b, loc, b.getI32Type(), count);
  limit = vector::BroadcastOp::create(b, loc, type, limit);
  Value mask =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, numbers, limit);
  return {column, plan.lanes, mask, count};
}

/// `element`, or a vector of it where `value` is one.
static Type withElement(Value value, Type element) {
  auto vector = dyn_cast<VectorType>(value.getType());
  return vector ? Type(vector.clone(element)) : element;
}

// Booleans are bytes in memory, 0 or 1; low precision is its bits.
static Value fromMemory(OpBuilder &b, Location loc, Type element, Value value) {
  if (ir::isLowPrecision(element))
    return ir::buildWiden(
        b, loc,
        arith::BitcastOp::create(b, loc, withElement(value, element), value));
  if (!element.isInteger(1))
    return value;
  Type type = value.getType();
  TypedAttr zero = b.getZeroAttr(type);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value,
                               arith::ConstantOp::create(b, loc, zero));
}
static Value toMemory(OpBuilder &b, Location loc, Type element, Value value) {
  Type type = withElement(value, memoryType(element));
  if (ir::isLowPrecision(element))
    return arith::BitcastOp::create(b, loc, type,
                                    ir::buildRound(b, loc, value, element));
  if (!element.isInteger(1))
    return value;
  return arith::ExtUIOp::create(b, loc, type, value);
}

Value NestEmitter::loadStrided(Value buffer, Value address, Value stride,
                               const NestPlace &place) {
  Values elements;
  for (int64_t lane = 0; lane < place.lanes; ++lane) {
    Value at = index(lane);
    // Lanes beyond the end read the last element again.
    if (place.mask)
      at = min(at, sub(place.count, index(1)));
    at = add(address, mul(add(place.column, at), stride));
    elements.push_back(memref::LoadOp::create(b, loc, buffer, at));
  }
  auto type = vectorOf(elements[0].getType(), place.lanes);
  return vector::FromElementsOp::create(b, loc, type, elements);
}

Value NestEmitter::loadIndex(Type element, Value address, Value stride,
                             const NestPlace *place) {
  Type wide = b.getI64Type();
  Value value = arith::IndexCastOp::create(b, loc, wide, address);
  if (place) {
    SmallVector<int64_t> lanes(place->lanes);
    std::iota(lanes.begin(), lanes.end(), 0);
    auto type = vectorOf(wide, place->lanes);
    value = arith::IndexCastOp::create(
        b, loc, wide, add(address, mul(place->column, stride)));
    value = vector::BroadcastOp::create(b, loc, type, value);
    Value step = arith::IndexCastOp::create(b, loc, wide, stride);
    step = vector::BroadcastOp::create(b, loc, type, step);
    Value numbers = arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, ArrayRef<int64_t>(lanes)));
    value = add(value, mul(numbers, step));
  }
  return ir::buildWiden(b, loc, ir::buildConvert(b, loc, value, element));
}

Value NestEmitter::load(int input, Value address, const NestPlace *place) {
  const NestInput &from = spec.inputs[input];
  Type element = elementOf(from.value);
  int64_t steps = from.access.strides.back();
  Value step = stride(plan.at.inputs[input], plan.vectorDim());
  if (!from.buffer)
    return loadIndex(element, address, step, place);
  Value buffer = func.getArgument(plan.inputBuffers[input]);
  VectorType type;
  if (place)
    type = vectorOf(memoryType(element), place->lanes);
  Value value;
  if (!place || strideClass(steps) == StrideClass::none) {
    value = memref::LoadOp::create(b, loc, buffer, address);
    if (place)
      value = vector::BroadcastOp::create(b, loc, type, value);
  } else if (strideClass(steps) == StrideClass::other) {
    value = loadStrided(buffer, address, step, *place);
  } else if (place->mask) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    value = vector::MaskedLoadOp::create(
        b, loc, type, buffer, add(address, place->column), place->mask, zero);
  } else {
    value = vector::LoadOp::create(b, loc, type, buffer,
                                   add(address, place->column));
  }
  return fromMemory(b, loc, element, value);
}

void NestEmitter::store(int output, Value value, Value address,
                        const NestPlace *place) {
  Value buffer =
      func.getArgument(plan.buffers.size() - spec.outputs.size() + output);
  value = toMemory(b, loc, elementOf(spec.outputs[output].value), value);
  if (!place) {
    memref::StoreOp::create(b, loc, value, buffer, address);
    return;
  }
  const Access &access = spec.outputs[output].access;
  if (strideClass(access.strides.back()) == StrideClass::unit) {
    address = add(address, place->column);
    if (place->mask)
      vector::MaskedStoreOp::create(b, loc, buffer, address, place->mask,
                                    value);
    else
      vector::StoreOp::create(b, loc, value, buffer, address);
    return;
  }
  Value step = stride(plan.at.outputs[output], plan.vectorDim());
  for (int64_t lane = 0; lane < place->lanes; ++lane) {
    OpBuilder::InsertionGuard guard(b);
    if (place->mask) {
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                           index(lane), place->count);
      auto branch = scf::IfOp::create(b, loc, inside, /*withElse=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
    }
    Value at = add(address, mul(add(place->column, index(lane)), step));
    Value one = vector::ExtractOp::create(b, loc, value, lane);
    memref::StoreOp::create(b, loc, one, buffer, at);
  }
}

// ---- rows kept in scratch -----------------------------------------------

Value NestEmitter::cacheAddress(int cache, Value position) {
  if (cache == 0)
    return position;
  Value row = mul(scalar(plan.at.loopCount), scalar(plan.at.columns));
  return add(position, mul(row, index(cache)));
}

void NestEmitter::restore(NestFrame &frame, int cache, const NestPlace &place,
                          Value position) {
  Value scratch = func.getArguments().back();
  Value address = cacheAddress(cache, position);
  VectorType type = vectorOf(computeTypeOf(plan.caches[cache]), place.lanes);
  Value value;
  if (place.mask) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    value = vector::MaskedLoadOp::create(b, loc, type, scratch, address,
                                         place.mask, zero);
  } else {
    value = vector::LoadOp::create(b, loc, type, scratch, address);
  }
  define(frame, plan.caches[cache], value);
}

void NestEmitter::save(const NestFrame &frame, int cache,
                       const NestPlace &place, Value position) {
  Value scratch = func.getArguments().back();
  Value address = cacheAddress(cache, position);
  Value value = lookup(frame, plan.caches[cache]);
  if (place.mask)
    vector::MaskedStoreOp::create(b, loc, scratch, address, place.mask, value);
  else
    vector::StoreOp::create(b, loc, value, scratch, address);
}

// Passes over one row after the other break the hardware's streams, so the next
// row is asked for while this one is in work (measured: 2x on rows in memory).
void NestEmitter::prefetchNextRow(ArrayRef<Value> addresses,
                                  const NestPlace &place) {
  if (plan.rowDims.size() != 1)
    return;
  for (int i : plan.passes[0].loads) {
    const NestInput &input = spec.inputs[i];
    if (!input.buffer ||
        strideClass(input.access.strides.back()) != StrideClass::unit)
      continue;
    Value next = stride(plan.at.inputs[i], plan.rowDims[0]);
    Value at = add(add(addresses[i], next), place.column);
    memref::PrefetchOp::create(b, loc, func.getArgument(plan.inputBuffers[i]),
                               at,
                               /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
  }
}

} // namespace needle::codegen
