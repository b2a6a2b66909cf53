// ContractEmit.cpp - C = A B on one tile, shape-free.
// A tile is a block of C [blockM, blockN]. For each block of k, for each panel
// of columns, for each group of rows: the micro-kernel, a block of C in
// registers. It knows no edges: rows past the end are copies in the scratch
// memory, columns past the end belong to a packed panel's padding or, where B
// is read in place, to a panel that is shifted back inside; the block of C
// then goes to the scratch memory, from where its valid part is copied.
#include "needle/codegen/kernels/ContractBuilder.h"

using namespace mlir;

namespace needle::codegen {

namespace {

/// Elements between rows of A's copy: not a multiple of 4096 bytes, which
/// would put all rows into the same cache sets.
constexpr int64_t rowPadding = 16;
/// Rows of B that the micro-kernel asks for before it needs them. A panel comes
/// from the L2 cache, and the hardware's own prefetching is not enough
/// (measured with 8 x 3 vectors, one thread: 119 GF/s without, 140 with 4 to 24
/// rows, of a peak of 154).
constexpr int64_t rowsAhead = 8;

class ContractEmitter : ContractBuilder {
public:
  ContractEmitter(OpBuilder &b, Location loc, StringRef name,
                  const ContractClass &contract)
      : ContractBuilder(b, loc, contract.element, contract.lanes), name(name),
        contract(contract) {}

  func::FuncOp run() {
    OpBuilder::InsertionGuard guard(b);
    for (int64_t width : contract.widths) {
      OpBuilder::InsertionGuard guard(b);
      microKernels.push_back(emitMicroKernel(width));
    }
    {
      OpBuilder::InsertionGuard guard(b);
      copyBlock = emitCopyBlock();
    }
    {
      OpBuilder::InsertionGuard guard(b);
      packRows = emitPackRows();
    }
    return emitTile();
  }

private:
  std::string helper(const Twine &suffix) {
    return (name + "_" + suffix).str();
  }

  /// (A, B, C; a, strideA, b, strideB, c, strideC, k, accumulate): C += A B,
  /// or C = A B, for one register block. strideA is from row to row of A, or
  /// from k to k when its rows lie side by side.
  func::FuncOp emitMicroKernel(int64_t width) {
    func::FuncOp f = function(helper("micro" + Twine(width)), 3, 8, true);
    auto x = f.getArguments();
    Value bufferA = x[0], bufferB = x[1], bufferC = x[2], a = x[3],
          strideA = x[4], bAt = x[5], strideB = x[6], strideC = x[8], k = x[9];
    SmallVector<Value> rowsC = {x[7]};
    for (int64_t i = 1; i < contract.rows; ++i)
      rowsC.push_back(add(rowsC.back(), strideC));
    // C is needed after the k loop, by when it has arrived.
    for (Value row : rowsC)
      for (int64_t j = 0; j < width; ++j)
        prefetch(bufferC, add(row, j * lanes), /*isWrite=*/true);
    Value ahead = mul(strideB, rowsAhead);
    SmallVector<Value> rowsA = {a};
    for (int64_t i = 1; i < contract.rows; ++i)
      rowsA.push_back(contract.lhs == UnitStride::row
                          ? add(rowsA.back(), strideA)
                          : add(a, i));

    SmallVector<Value> sums(contract.rows * width, zeros());
    // Not unrolled: the loads of several steps would take the registers of
    // sums, and two more instructions in some thirty are free.
    auto sumStep = [&](Value at, ValueRange in) {
      SmallVector<Value> out(in);
      Value rowB = add(bAt, mul(at, strideB));
      Value columnA = contract.lhs == UnitStride::row ? at : mul(at, strideA);
      SmallVector<Value> vectors;
      for (int64_t j = 0; j < width; ++j)
        vectors.push_back(load(bufferB, add(rowB, j * lanes)));
      Value rowAhead = add(rowB, ahead);
      for (int64_t j = 0; j < width; ++j)
        prefetch(bufferB, add(rowAhead, j * lanes), /*isWrite=*/false);
      for (int64_t i = 0; i < contract.rows; ++i) {
        Value scalar = loadScalar(bufferA, add(rowsA[i], columnA));
        Value splat = vector::BroadcastOp::create(b, loc, vector, scalar);
        for (int64_t j = 0; j < width; ++j) {
          Value &sum = out[i * width + j];
          sum = vector::FMAOp::create(b, loc, splat, vectors[j], sum);
        }
      }
      scf::YieldOp::create(b, loc, out);
    };
    auto all = scf::ForOp::create(
                   b, loc, index(0), k, index(1), sums,
                   [&](OpBuilder &inner, Location, Value at, ValueRange in) {
                     OpBuilder::InsertionGuard guard(b);
                     b.restoreInsertionPoint(inner.saveInsertionPoint());
                     sumStep(at, in);
                   })
                   .getResults();

    auto forBlock = [&](llvm::function_ref<void(Value, Value)> body) {
      for (int64_t i = 0; i < contract.rows; ++i)
        for (int64_t j = 0; j < width; ++j)
          body(all[i * width + j], add(rowsC[i], j * lanes));
    };
    branch(
        isZero(x[10]),
        [&] {
          forBlock([&](Value sum, Value at) { store(sum, bufferC, at); });
        },
        [&] {
          forBlock([&](Value sum, Value at) {
            Value old = load(bufferC, at);
            store(arith::AddFOp::create(b, loc, old, sum), bufferC, at);
          });
        });
    ret();
    return f;
  }

  /// (from, C; at, stride, c, strideC, rows, columns, accumulate): copies or
  /// adds the valid part of a block of C.
  func::FuncOp emitCopyBlock() {
    func::FuncOp f = function(helper("edge"), 2, 7, true);
    auto x = f.getArguments();
    loop(index(0), x[6], 1, [&](Value i) {
      Value from = add(x[2], mul(i, x[3])), to = add(x[4], mul(i, x[5]));
      loop(index(0), x[7], lanes, [&](Value j) {
        Value lanesLeft = mask(sub(x[7], j));
        Value sum = maskedLoad(x[0], add(from, j), lanesLeft);
        // No update reads what nothing has written yet.
        Value update = mask(select(isZero(x[8]), index(0), sub(x[7], j)));
        Value old = maskedLoad(x[1], add(to, j), update);
        sum = arith::AddFOp::create(b, loc, sum, old);
        maskedStore(sum, x[1], add(to, j), lanesLeft);
      });
    });
    ret();
    return f;
  }

  /// (A, to; a, strideM, strideK, at, start, rows, k): copies rows start ..
  /// rows of A, the last one again and again up to whole register blocks, so
  /// that the micro-kernel can read them: [row][blockK + rowPadding] or, per
  /// register block, [k][row].
  func::FuncOp emitPackRows() {
    func::FuncOp f = function(helper("pack"), 2, 8, true);
    auto x = f.getArguments();
    Value from = x[0], to = x[1], a = x[2], strideM = x[3], strideK = x[4],
          at = x[5], start = x[6], rows = x[7], k = x[8], stride = x[9];
    Value last = sub(rows, index(1));
    Value end = mul(ceilDiv(rows, index(contract.rows)), contract.rows);
    if (contract.lhs == UnitStride::row) {
      loop(start, end, 1, [&](Value row) {
        Value source = add(a, mul(min(row, last), strideM));
        Value target = add(at, mul(sub(row, start), stride));
        loop(index(0), k, lanes, [&](Value i) {
          Value lanesLeft = mask(sub(k, i));
          maskedStore(maskedLoad(from, add(source, i), lanesLeft), to,
                      add(target, i), lanesLeft);
        });
      });
      ret();
      return f;
    }
    auto side = VectorType::get({contract.rows}, element);
    loop(start, end, contract.rows, [&](Value row) {
      Value target = add(at, mul(sub(row, start), stride));
      auto copyEach = [&] {
        loop(index(0), k, 1, [&](Value i) {
          for (int64_t r = 0; r < contract.rows; ++r) {
            Value source = add(a, mul(min(add(row, r), last), strideM));
            storeScalar(loadScalar(from, add(source, mul(i, strideK))), to,
                        add(add(target, mul(i, contract.rows)), r));
          }
        });
      };
      if (contract.lhs == UnitStride::none)
        return copyEach();
      branch(less(rows, add(row, contract.rows)), copyEach, [&] {
        loop(index(0), k, 1, [&](Value i) {
          Value source = add(add(a, row), mul(i, strideK));
          store(vector::LoadOp::create(b, loc, side, from, source), to,
                add(target, mul(i, contract.rows)));
        });
      });
    });
    ret();
    return f;
  }

  func::FuncOp emitTile() {
    func::FuncOp f =
        function(name, 3, contractScalars + 3 * contract.batchRank + 1, false);
    auto x = f.getArguments();
    Value bufferA = x[0], bufferB = x[1], bufferC = x[2], scratch = x.back(),
          tile = x.drop_back().back();
    auto s = [&](ContractScalar scalar) { return x[3 + scalar]; };
    ValueRange batch =
        ValueRange(x).slice(3 + contractScalars, 3 * contract.batchRank);

    Value columnBlocks = ceilDiv(s(sizeN), s(blockN));
    Value rowBlocks = ceilDiv(s(sizeM), s(blockM));
    Value block = div(tile, columnBlocks);
    Value j0 = mul(rem(tile, columnBlocks), s(blockN));
    Value i0 = mul(rem(block, rowBlocks), s(blockM));
    Value group = div(block, rowBlocks);
    auto offsets = batchOffsets(group, batch, contract.batchRank, 2);
    Value rows = min(s(blockM), sub(s(sizeM), i0));
    Value vectors = ceilDiv(min(s(blockN), sub(s(sizeN), j0)), index(lanes));

    Value mr = index(contract.rows);
    Value wholeRows = sub(rows, rem(rows, mr));
    Value packAll =
        contract.lhs == UnitStride::none ? trueValue() : nonZero(s(packLhs));
    Value packStart = select(packAll, index(0), wholeRows);
    Value baseA = add(add(s(lhsOffset), offsets[0]), mul(i0, s(lhsStrideM)));
    Value baseC = add(mul(add(mul(group, s(sizeM)), i0), s(sizeN)), j0);
    bool byRow = contract.lhs == UnitStride::row;
    Value packAt = index(contract.rows * contract.maxWidth());
    Value isPacked = nonZero(s(packedRhs));

    // At least one block of k: k = 0 stores zeros.
    loop(index(0), max(s(sizeK), index(1)), s(blockK), [&](Value k0) {
      Value k = min(s(blockK), sub(s(sizeK), k0));
      Value blockA = add(baseA, mul(k0, s(lhsStrideK)));
      // From row to row of the copy.
      Value packStride = byRow ? add(s(blockK), rowPadding) : k;
      call(packRows, {bufferA, scratch, blockA, s(lhsStrideM), s(lhsStrideK),
                      packAt, packStart, rows, k, packStride});
      panels(contract.widths, vectors, [&](size_t number, Value offset) {
        int64_t width = contract.widths[number] * lanes;
        Value j = add(j0, offset), end = add(j, width);
        Value past = sub(max(end, s(sizeN)), s(sizeN));
        Value inPlace = sub(
            add(add(add(s(rhsOffset), offsets[1]), mul(k0, s(rhsStrideK))), j),
            past);
        Value packed = add(offsets[1], add(mul(j, s(sizeK)), mul(k0, width)));
        Value bAt = select(isPacked, packed, inPlace);
        Value strideB = select(isPacked, index(width), s(rhsStrideK));
        Value skip = select(isPacked, index(0), past);
        loop(index(0), rows, mr, [&](Value i) {
          Value copied = compare(arith::CmpIPredicate::sge, i, packStart);
          Value aAt =
              select(copied, add(packAt, mul(sub(i, packStart), packStride)),
                     add(blockA, mul(i, s(lhsStrideM))));
          Value strideA = byRow ? select(copied, packStride, s(lhsStrideM))
                                : select(copied, mr, s(lhsStrideK));
          Value bufferOfA = select(copied, scratch, bufferA);
          Value cAt = add(add(baseC, mul(i, s(sizeN))), offset);
          Value rowsLeft = min(mr, sub(rows, i));
          Value isEdge = arith::OrIOp::create(b, loc, less(rowsLeft, mr),
                                              less(s(sizeN), end));
          call(microKernels[number],
               {bufferOfA, bufferB, select(isEdge, scratch, bufferC), aAt,
                strideA, bAt, strideB, select(isEdge, index(0), cAt),
                select(isEdge, index(width), s(sizeN)), k,
                select(isEdge, index(0), k0)});
          branch(isEdge, [&] {
            call(copyBlock, {scratch, bufferC, skip, index(width), cAt,
                             s(sizeN), rowsLeft, sub(index(width), past), k0});
          });
        });
      });
    });
    ret();
    return f;
  }

  Value nonZero(Value x) {
    return compare(arith::CmpIPredicate::ne, x, index(0));
  }
  Value trueValue() {
    return arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  }

  StringRef name;
  const ContractClass &contract;
  SmallVector<func::FuncOp> microKernels;
  func::FuncOp copyBlock, packRows;
};

} // namespace

static StringRef spell(UnitStride stride) {
  switch (stride) {
  case UnitStride::row:
    return "row";
  case UnitStride::column:
    return "column";
  case UnitStride::none:
    break;
  }
  return "any";
}

static std::string spell(Type element, int64_t lanes, PanelWidths widths) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << element << "x" << lanes << " panels";
  for (int64_t width : widths)
    os << " " << width;
  return text;
}

std::string ContractClass::key() const {
  return ("contract " + spell(element, lanes, widths) + " rows " + Twine(rows) +
          " lhs " + spell(lhs) + " batch " + Twine(batchRank))
      .str();
}

std::string PackClass::key() const {
  return ("pack " + spell(element, lanes, widths) + " rhs " + spell(rhs) +
          " batch " + Twine(batchRank))
      .str();
}

int64_t contractScratch(const ContractClass &contract, int64_t blockM,
                        int64_t blockK, bool packLhs) {
  int64_t rows = packLhs || contract.lhs == UnitStride::none
                     ? llvm::alignTo(blockM, contract.rows)
                     : contract.rows;
  return contract.rows * contract.maxWidth() + rows * (blockK + rowPadding);
}

func::FuncOp emitContract(OpBuilder &b, Location loc, StringRef name,
                          const ContractClass &contract) {
  return ContractEmitter(b, loc, name, contract).run();
}

} // namespace needle::codegen
