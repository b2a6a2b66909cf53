// Index.cpp - take and scatter_add: rows that an index names.
// x is seen as [outer, size, inner] around the axis; a row is `inner` elements.
#include "needle/codegen/kernels/Single.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace needle::codegen {

namespace {

struct RowShape {
  int64_t outer = 1, size = 1, inner = 1, indices = 1;
};

RowShape rowShape(RankedTensorType x, int64_t axis, Value indices) {
  RowShape rows;
  for (int64_t d = 0; d < x.getRank(); ++d)
    (d < axis    ? rows.outer
     : d == axis ? rows.size
                 : rows.inner) *= x.getDimSize(d);
  rows.indices = ir::tensorType(indices).getNumElements();
  return rows;
}

// The function of take or scatter_add under construction.
struct RowFunction {
  RowFunction(OpBuilder &b, Location loc, StringRef name,
              ArrayRef<Type> buffers, int scalars, int64_t vectorBytes)
      : b(b), loc(loc), scalarBase(buffers.size()) {
    SmallVector<Type> arguments;
    for (Type element : buffers)
      arguments.push_back(bufferType(element));
    arguments.append(scalars + 1, b.getIndexType());
    arguments.push_back(bufferType(b.getI8Type()));
    func = func::FuncOp::create(b, loc, name, b.getFunctionType(arguments, {}));
    b.setInsertionPointToStart(func.addEntryBlock());
    Type element = memoryType(buffers[0]);
    vector = VectorType::get(
        {vectorBytes * 8 / element.getIntOrFloatBitWidth()}, element);
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulIOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivUIOp::create(b, loc, x, y); }
  Value rem(Value x, Value y) { return arith::RemUIOp::create(b, loc, x, y); }
  Value min(Value x, Value y) { return arith::MinSIOp::create(b, loc, x, y); }
  Value buffer(int i) { return func.getArgument(i); }
  Value scalar(int i) { return func.getArgument(scalarBase + i); }
  Value tile() { return func.getArgument(func.getNumArguments() - 2); }

  void loop(Value begin, Value end, Value step,
            llvm::function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, loc, begin, end, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }
  void branch(Value condition, llvm::function_ref<void()> yes,
              llvm::function_ref<void()> no) {
    auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.thenBlock());
    yes();
    b.setInsertionPointToStart(op.elseBlock());
    no();
  }

  /// Vectors, then single elements, from `begin` to `end`: `body` gets the
  /// position and the type to load.
  void overRow(Value begin, Value end,
               llvm::function_ref<void(Value, Type)> body) {
    Value lanes = index(vector.getNumElements());
    Value width = sub(end, begin);
    Value middle = add(begin, sub(width, rem(width, lanes)));
    loop(begin, middle, lanes, [&](Value at) { body(at, vector); });
    loop(middle, end, index(1),
         [&](Value at) { body(at, vector.getElementType()); });
  }
  Value load(int from, Value at, Type type) {
    if (isa<VectorType>(type))
      return vector::LoadOp::create(b, loc, cast<VectorType>(type),
                                    buffer(from), at);
    return memref::LoadOp::create(b, loc, buffer(from), at);
  }
  void store(int to, Value at, Value value) {
    if (isa<VectorType>(value.getType()))
      vector::StoreOp::create(b, loc, value, buffer(to), at);
    else
      memref::StoreOp::create(b, loc, value, buffer(to), at);
  }

  /// Reads index `at`, counts negative ones from the end: the index and
  /// whether it is inside.
  std::pair<Value, Value> readIndex(int from, Value at, Value size) {
    Value raw = memref::LoadOp::create(b, loc, buffer(from), at);
    Value number = arith::IndexCastOp::create(b, loc, b.getIndexType(), raw);
    Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                           number, index(0));
    number =
        arith::SelectOp::create(b, loc, negative, add(number, size), number);
    Value inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, number, size);
    return {number, inside};
  }
  /// status = 1 + entry; two workers may do so at once, either may win.
  void report(int status, Value entry) {
    Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                              add(entry, index(1)));
    memref::StoreOp::create(b, loc, number, buffer(status), index(0));
  }

  OpBuilder &b;
  Location loc;
  int scalarBase;
  func::FuncOp func;
  VectorType vector;
};

} // namespace

static std::string keyOf(StringRef op, ArrayRef<Type> types,
                         const TargetInfo &target) {
  std::string key;
  llvm::raw_string_ostream out(key);
  out << op << ' ' << target.isa;
  for (Type type : types)
    out << ' ' << type;
  return key;
}

// Buffers: x, indices, result, status. Scalars: size, inner, indices, rows,
// rows per tile, status entry.
static func::FuncOp emitTake(OpBuilder &b, Location loc, StringRef name,
                             ArrayRef<Type> types, int64_t vectorBytes) {
  OpBuilder::InsertionGuard guard(b);
  RowFunction f(b, loc, name, types, 6, vectorBytes);
  Value size = f.scalar(0), inner = f.scalar(1), indices = f.scalar(2);
  Value begin = f.mul(f.tile(), f.scalar(4));
  Value end = f.min(f.add(begin, f.scalar(4)), f.scalar(3));
  auto outside = [&](Type type) -> Value {
    Type element = f.vector.getElementType();
    TypedAttr value = b.getZeroAttr(element);
    if (auto floating = dyn_cast<FloatType>(types[0])) {
      auto nan = APFloat::getQNaN(floating.getFloatSemantics());
      if (floating == element)
        value = b.getFloatAttr(element, nan);
      else // in memory its bits
        value = b.getIntegerAttr(element, nan.bitcastToAPInt());
    }
    if (auto vector = dyn_cast<VectorType>(type))
      value = DenseElementsAttr::get(vector, Attribute(value));
    return arith::ConstantOp::create(b, loc, value);
  };
  f.loop(begin, end, f.index(1), [&](Value row) {
    Value to = f.mul(row, inner);
    auto [number, inside] = f.readIndex(1, f.rem(row, indices), size);
    Value from = f.add(f.mul(f.div(row, indices), size), number);
    from = f.mul(from, inner);
    f.branch(
        inside,
        [&] {
          f.overRow(f.index(0), inner, [&](Value at, Type type) {
            f.store(2, f.add(to, at), f.load(0, f.add(from, at), type));
          });
        },
        [&] {
          f.overRow(f.index(0), inner, [&](Value at, Type type) {
            f.store(2, f.add(to, at), outside(type));
          });
          f.report(3, f.scalar(5));
        });
  });
  func::ReturnOp::create(b, loc);
  return f.func;
}

LogicalResult planTake(ir::KernelOp kernel, ir::TakeOp op,
                       const TargetInfo &target, KernelPlan &plan) {
  FailureOr<BufferUse> x =
      denseOperand(kernel, operandOf(op.getX()), target, plan);
  FailureOr<BufferUse> indices =
      denseOperand(kernel, operandOf(op.getIndices()), target, plan);
  if (failed(x) || failed(indices))
    return failure();
  RowShape rows =
      rowShape(ir::tensorType(op.getX()), op.getAxis(), op.getIndices());
  int64_t count = rows.outer * rows.indices;
  if (count * rows.inner == 0)
    return success();
  int64_t block = std::max<int64_t>(1, (16 << 10) / rows.inner);
  Type element = ir::tensorType(op.getX()).getElementType();
  SmallVector<Type> types = {element,
                             ir::tensorType(op.getIndices()).getElementType(),
                             element, IntegerType::get(op.getContext(), 64)};
  KernelCall call;
  call.key = keyOf("take", types, target);
  call.buffers = {
      *x, *indices, {BufferUse::Kind::result, 0}, {BufferUse::Kind::status, 0}};
  call.scalars = {rows.size, rows.inner, rows.indices, count, block, 0};
  call.statusScalar = 5;
  call.emit = [types, bytes = target.vectorBytes](OpBuilder &b, Location loc,
                                                  StringRef name) {
    return emitTake(b, loc, name, types, bytes);
  };
  KernelPhase phase;
  phase.tiles = llvm::divideCeil(count, block);
  phase.work = count * rows.inner;
  phase.calls.push_back(std::move(call));
  plan.phases.push_back(std::move(phase));
  return success();
}

// Buffers: result, indices, updates, status. Scalars: size, inner, indices,
// columns per tile, tiles per outer index, status entry. A tile owns some
// columns of one outer index and adds all updates to them, in order.
static func::FuncOp emitScatterAdd(OpBuilder &b, Location loc, StringRef name,
                                   ArrayRef<Type> types, int64_t vectorBytes) {
  OpBuilder::InsertionGuard guard(b);
  RowFunction f(b, loc, name, types, 6, vectorBytes);
  Value size = f.scalar(0), inner = f.scalar(1), indices = f.scalar(2);
  Value outer = f.div(f.tile(), f.scalar(4));
  Value begin = f.mul(f.rem(f.tile(), f.scalar(4)), f.scalar(3));
  Value end = f.min(f.add(begin, f.scalar(3)), inner);
  auto sum = [&](Value x, Value y) -> Value {
    if (isa<FloatType>(f.vector.getElementType()))
      return arith::AddFOp::create(b, loc, x, y);
    return arith::AddIOp::create(b, loc, x, y);
  };
  f.loop(f.index(0), indices, f.index(1), [&](Value i) {
    auto [number, inside] = f.readIndex(1, i, size);
    Value to = f.mul(f.add(f.mul(outer, size), number), inner);
    Value from = f.mul(f.add(f.mul(outer, indices), i), inner);
    f.branch(
        inside,
        [&] {
          f.overRow(begin, end, [&](Value at, Type type) {
            Value place = f.add(to, at);
            f.store(
                0, place,
                sum(f.load(0, place, type), f.load(2, f.add(from, at), type)));
          });
        },
        [&] { f.report(3, f.scalar(5)); });
  });
  func::ReturnOp::create(b, loc);
  return f.func;
}

LogicalResult planScatterAdd(ir::KernelOp kernel, ir::ScatterAddOp op,
                             const TargetInfo &target, KernelPlan &plan) {
  FailureOr<BufferUse> indices =
      denseOperand(kernel, operandOf(op.getIndices()), target, plan);
  FailureOr<BufferUse> updates =
      denseOperand(kernel, operandOf(op.getUpdates()), target, plan);
  if (failed(indices) || failed(updates) ||
      failed(addCopyPhase(kernel, operandOf(op.getOperand()),
                          {BufferUse::Kind::result, 0}, std::nullopt, target,
                          plan)))
    return failure();
  RankedTensorType type = ir::tensorType(op.getOperand());
  RowShape rows = rowShape(type, op.getAxis(), op.getIndices());
  if (rows.outer * rows.indices * rows.inner == 0)
    return success();
  int64_t columns = 64;
  int64_t pieces = llvm::divideCeil(rows.inner, columns);
  Type element = type.getElementType();
  SmallVector<Type> types = {element,
                             ir::tensorType(op.getIndices()).getElementType(),
                             element, IntegerType::get(op.getContext(), 64)};
  KernelCall call;
  call.key = keyOf("scatter_add", types, target);
  call.buffers = {{BufferUse::Kind::result, 0},
                  *indices,
                  *updates,
                  {BufferUse::Kind::status, 0}};
  call.scalars = {rows.size, rows.inner, rows.indices, columns, pieces, 0};
  call.statusScalar = 5;
  call.emit = [types, bytes = target.vectorBytes](OpBuilder &b, Location loc,
                                                  StringRef name) {
    return emitScatterAdd(b, loc, name, types, bytes);
  };
  KernelPhase phase;
  phase.tiles = rows.outer * pieces;
  phase.work = rows.outer * rows.indices * rows.inner;
  phase.calls.push_back(std::move(call));
  plan.phases.push_back(std::move(phase));
  return success();
}

} // namespace needle::codegen
