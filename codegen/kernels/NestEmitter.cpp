// NestEmitter.cpp - the loops of a nest: tile, rows, passes, columns.
#include "needle/codegen/kernels/NestEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace needle::codegen {

// Sums are cut into blocks with a partial result each: of so many steps of the
// innermost loop. Rounding errors then grow with the block, not with the row.
static constexpr int64_t blockSteps = 64;

Value NestEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}
Value NestEmitter::add(Value x, Value y) {
  return arith::AddIOp::create(b, loc, x, y);
}
Value NestEmitter::sub(Value x, Value y) {
  return arith::SubIOp::create(b, loc, x, y);
}
Value NestEmitter::mul(Value x, Value y) {
  return arith::MulIOp::create(b, loc, x, y);
}
Value NestEmitter::min(Value x, Value y) {
  return arith::MinSIOp::create(b, loc, x, y);
}
Value NestEmitter::scalar(int position) {
  return func.getArgument(plan.buffers.size() + position);
}

NestEmitter::Values
NestEmitter::loop(Value begin, Value end, Value step, ValueRange init,
                  llvm::function_ref<Values(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(b, loc, begin, end, step, init);
  OpBuilder::InsertionGuard guard(b);
  // Without values to carry the builder has made the terminator already.
  Block *block = op.getBody();
  if (init.empty())
    b.setInsertionPoint(block->getTerminator());
  else
    b.setInsertionPointToEnd(block);
  Values next = body(op.getInductionVar(), op.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(b, loc, next);
  return Values(op.getResults());
}

func::FuncOp NestEmitter::emit(StringRef name) {
  SmallVector<Type> arguments;
  for (Type element : plan.buffers)
    arguments.push_back(bufferType(element));
  arguments.append(plan.scalars.size() + 1, b.getIndexType());
  Type scratch = b.getI8Type();
  if (!plan.caches.empty())
    scratch = computeTypeOf(plan.caches[0]);
  arguments.push_back(bufferType(scratch));
  func = func::FuncOp::create(b, loc, name, b.getFunctionType(arguments, {}));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(func.addEntryBlock());
  findSplats();

  Ranges ranges = decodeTile();
  NestFrame tile;
  Values offsets;
  for (int position : plan.at.inputs)
    offsets.push_back(scalar(position));
  for (int position : plan.at.outputs)
    offsets.push_back(scalar(position));
  emitRowLevel(tile, {NestLevel::tile, 0}, offsets, nullptr);
  NestPlace whole{ranges.columnBegin, plan.lanes};
  if (plan.oneVector)
    whole = maskedPlace(ranges.columnBegin, ranges.columnEnd);
  loop(ranges.rowBegin, ranges.rowEnd, index(1), {},
       [&](Value row, ValueRange) -> Values {
         Values addresses = advance(offsets, plan.rowDims, row);
         if (plan.oneVector)
           emitVectorRow(whole, tile, addresses);
         else if (plan.vectorReduced)
           emitReducedRow(ranges, tile, addresses);
         else
           emitKeptRow(ranges, tile, addresses);
         return {};
       });
  func::ReturnOp::create(b, loc);
  return func;
}

NestEmitter::Ranges NestEmitter::decodeTile() {
  Value tile = func.getArgument(func.getNumArguments() - 2);
  auto split = [&](int blocks) {
    Value count = scalar(blocks);
    Value digit = arith::RemUIOp::create(b, loc, tile, count);
    tile = arith::DivUIOp::create(b, loc, tile, count);
    return digit;
  };
  Ranges ranges;
  ranges.loopBegin = index(0);
  ranges.loopEnd = scalar(plan.at.loopCount);
  if (plan.chunked) {
    ranges.chunk = split(plan.at.loopBlocks);
    ranges.loopBegin = mul(ranges.chunk, scalar(plan.at.loopBlock));
    ranges.loopEnd =
        min(add(ranges.loopBegin, scalar(plan.at.loopBlock)), ranges.loopEnd);
  }
  Value column = split(plan.at.columnBlocks);
  ranges.columnBegin = mul(column, scalar(plan.at.columnBlock));
  ranges.columnEnd = min(add(ranges.columnBegin, scalar(plan.at.columnBlock)),
                         scalar(plan.at.columns));
  if (plan.chunked && plan.vectorReduced)
    ranges.chunk = add(mul(column, scalar(plan.at.loopBlocks)), ranges.chunk);
  Value row = mul(split(plan.at.rowBlocks), scalar(plan.at.rowBlock));
  Value end =
      min(add(row, scalar(plan.at.rowBlock)), scalar(plan.at.rowsPerGroup));
  Value group = mul(tile, scalar(plan.at.rowsPerGroup));
  ranges.rowBegin = add(group, row);
  ranges.rowEnd = add(group, end);
  return ranges;
}

NestEmitter::Values NestEmitter::advance(ArrayRef<Value> addresses,
                                         ArrayRef<int> dims, Value linear) {
  Values indices(dims.size());
  for (size_t i = dims.size(); i-- > 1;) {
    Value size = scalar(plan.at.sizes[dims[i]]);
    indices[i] = arith::RemUIOp::create(b, loc, linear, size);
    linear = arith::DivUIOp::create(b, loc, linear, size);
  }
  if (!dims.empty())
    indices[0] = linear;
  Values advanced(addresses);
  size_t inputs = spec.inputs.size();
  for (size_t i = 0; i < advanced.size(); ++i) {
    if (i < inputs && plan.inputLevels[i].kind == NestLevel::tile)
      continue;
    int access = i < inputs ? plan.at.inputs[i] : plan.at.outputs[i - inputs];
    for (auto [dim, at] : llvm::zip(dims, indices))
      advanced[i] = add(advanced[i], mul(at, stride(access, dim)));
  }
  return advanced;
}

void NestEmitter::emitRowLevel(NestFrame &frame, NestLevel level,
                               ArrayRef<Value> addresses,
                               const NestPlace *place) {
  auto same = [&](NestLevel other) {
    return other.kind == level.kind && other.pass == level.pass;
  };
  for (auto [i, input] : llvm::enumerate(spec.inputs))
    if (same(plan.inputLevels[i]))
      define(frame, input.value, load(i, addresses[i], place));
  for (Operation *op : spec.ops)
    if (same(plan.levelOf(op->getResult(0))))
      emitOp(frame, op);
}

void NestEmitter::storeRowOutputs(const NestFrame &frame, Value chunk,
                                  ArrayRef<Value> addresses,
                                  const NestPlace *place) {
  for (auto [i, output] : llvm::enumerate(spec.outputs)) {
    if (output.whole)
      continue;
    Value address = addresses[spec.inputs.size() + i];
    if (chunk)
      address = add(address, mul(chunk, scalar(plan.at.chunkStride)));
    store(i, lookup(frame, output.value), address, place);
  }
}

// ---- the vector dimension is reduced ------------------------------------

void NestEmitter::emitReducedRow(const Ranges &ranges, const NestFrame &tile,
                                 ArrayRef<Value> addresses) {
  NestFrame row;
  row.outer = &tile;
  emitRowLevel(row, {NestLevel::row, 0}, addresses, nullptr);
  for (int p = 0, n = plan.passes.size(); p < n; ++p) {
    Values accumulators = emitReducedPass(p, ranges, row, addresses);
    defineResults(p, row, accumulators, /*acrossLanes=*/true);
    emitRowLevel(row, {NestLevel::row, p + 1}, addresses, nullptr);
  }
  storeRowOutputs(row, ranges.chunk, addresses, nullptr);
}

// The passes over a row of one vector: without loops, and what one has loaded
// or computed the next ones have in registers.
void NestEmitter::emitVectorRow(const NestPlace &place, const NestFrame &tile,
                                ArrayRef<Value> addresses) {
  NestFrame row, vector;
  row.outer = &tile;
  vector.outer = &row;
  vector.lanes = place.lanes;
  emitRowLevel(row, {NestLevel::row, 0}, addresses, nullptr);
  for (int p = 0, n = plan.passes.size(); p < n; ++p) {
    emitElementValues(vector, plan.passes[p], addresses, place);
    Values sums = accumulate(p, vector, place, place.column, {});
    storeElements(plan.passes[p], vector, addresses, place);
    defineResults(p, row, sums, /*acrossLanes=*/true);
    emitRowLevel(row, {NestLevel::row, p + 1}, addresses, nullptr);
  }
  storeRowOutputs(row, nullptr, addresses, nullptr);
}

NestEmitter::Values NestEmitter::emitReducedPass(int pass, const Ranges &ranges,
                                                 const NestFrame &row,
                                                 ArrayRef<Value> addresses) {
  Values nothing = neutral(pass, plan.wideLanes());
  llvm::append_range(nothing, neutral(pass, plan.lanes));
  auto columns = [&](Value loopIndex, ArrayRef<Value> at, Value begin,
                     Value end, ValueRange init) {
    return overColumns(
        begin, end, init, [&](const NestPlace &place, ValueRange values) {
          Value position = place.column;
          if (loopIndex)
            position = add(position, mul(loopIndex, scalar(plan.at.columns)));
          return emitElement(pass, row, at, place, position, values);
        });
  };
  auto blocks = [&](Value loopIndex, ArrayRef<Value> at, ValueRange init) {
    if (init.empty())
      return columns(loopIndex, at, ranges.columnBegin, ranges.columnEnd, {});
    Value step = index(blockSteps * plan.wideLanes());
    return loop(ranges.columnBegin, ranges.columnEnd, step, init,
                [&](Value begin, ValueRange sums) {
                  Value end = min(add(begin, step), ranges.columnEnd);
                  Values block = columns(loopIndex, at, begin, end, nothing);
                  return combinePass(pass, sums, block);
                });
  };
  Values sums;
  if (plan.loopDims.empty())
    sums = blocks(nullptr, addresses, nothing);
  else
    sums =
        loop(ranges.loopBegin, ranges.loopEnd, index(1), nothing,
             [&](Value at, ValueRange values) {
               return blocks(at, advance(addresses, plan.loopDims, at), values);
             });
  ValueRange all(sums);
  Values wide = narrowPass(pass, all.take_front(sums.size() / 2));
  return combinePass(pass, wide, all.drop_front(sums.size() / 2));
}

NestEmitter::Values NestEmitter::overColumns(
    Value begin, Value end, ValueRange init,
    llvm::function_ref<Values(const NestPlace &, ValueRange)> body) {
  Value step = index(plan.wideLanes());
  Value width = sub(end, begin);
  Value whole = sub(width, arith::RemUIOp::create(b, loc, width, step));
  Value middle = add(begin, whole);
  size_t each = init.size() / 2;
  Values sums = loop(begin, middle, step, init.take_front(each),
                     [&](Value column, ValueRange values) {
                       return body({column, plan.wideLanes()}, values);
                     });
  Values tail = loop(middle, end, index(plan.lanes), init.drop_front(each),
                     [&](Value column, ValueRange values) {
                       return body(maskedPlace(column, end), values);
                     });
  llvm::append_range(sums, tail);
  return sums;
}

NestEmitter::Values NestEmitter::emitElement(int pass, const NestFrame &row,
                                             ArrayRef<Value> addresses,
                                             const NestPlace &place,
                                             Value position,
                                             ValueRange accumulators) {
  const NestPass &what = plan.passes[pass];
  NestFrame frame;
  frame.outer = &row;
  frame.lanes = place.lanes;
  if (pass == 1 && plan.vectorReduced && !place.mask)
    prefetchNextRow(addresses, place);
  for (int i : what.restored)
    restore(frame, i, place, position);
  emitElementValues(frame, what, addresses, place);
  for (int i : what.saved)
    save(frame, i, place, position);
  Values next = accumulate(pass, frame, place, position, accumulators);
  storeElements(what, frame, addresses, place);
  return next;
}

void NestEmitter::emitElementValues(NestFrame &frame, const NestPass &pass,
                                    ArrayRef<Value> addresses,
                                    const NestPlace &place) {
  for (int i : pass.loads)
    if (Value input = spec.inputs[i].value; !frame.values.contains(input))
      define(frame, input, load(i, addresses[i], &place));
  for (Operation *op : pass.ops)
    if (!frame.values.contains(op->getResult(0)))
      emitOp(frame, op);
}

void NestEmitter::storeElements(const NestPass &pass, const NestFrame &frame,
                                ArrayRef<Value> addresses,
                                const NestPlace &place) {
  for (int i : pass.outputs)
    store(i, lookup(frame, spec.outputs[i].value),
          addresses[spec.inputs.size() + i], &place);
}

// ---- the vector dimension is kept -----------------------------------------

void NestEmitter::emitKeptRow(const Ranges &ranges, const NestFrame &tile,
                              ArrayRef<Value> addresses) {
  overColumns(ranges.columnBegin, ranges.columnEnd, {},
              [&](const NestPlace &place, ValueRange) -> Values {
                emitKeptColumns(ranges, tile, addresses, place);
                return {};
              });
}

void NestEmitter::emitKeptColumns(const Ranges &ranges, const NestFrame &tile,
                                  ArrayRef<Value> addresses,
                                  const NestPlace &place) {
  NestFrame row;
  row.outer = &tile;
  row.lanes = place.lanes;
  emitRowLevel(row, {NestLevel::row, 0}, addresses, &place);
  for (int p = 0, n = plan.passes.size(); p < n; ++p) {
    auto step = [&](Value position, ArrayRef<Value> at, ValueRange values) {
      return emitElement(p, row, at, place, position, values);
    };
    Values sums = neutral(p, place.lanes);
    auto steps = [&](Value begin, Value end, ValueRange init) {
      return loop(begin, end, index(1), init, [&](Value at, ValueRange values) {
        return step(at, advance(addresses, plan.loopDims, at), values);
      });
    };
    if (plan.loopDims.empty())
      sums = step(index(0), addresses, sums);
    else if (sums.empty())
      steps(ranges.loopBegin, ranges.loopEnd, {});
    else
      sums =
          loop(ranges.loopBegin, ranges.loopEnd, index(blockSteps), sums,
               [&](Value begin, ValueRange values) {
                 Value end = min(add(begin, index(blockSteps)), ranges.loopEnd);
                 return combinePass(p, values,
                                    steps(begin, end, neutral(p, place.lanes)));
               });
    defineResults(p, row, sums, /*acrossLanes=*/false);
    emitRowLevel(row, {NestLevel::row, p + 1}, addresses, &place);
  }
  storeRowOutputs(row, ranges.chunk, addresses, &place);
}

} // namespace needle::codegen
