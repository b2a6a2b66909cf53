// ContractPack.cpp - B [k, n] into panels [k][width] that stream through the
// micro-kernel; also how a transposed B gets its unit stride.
#include "needle/codegen/kernels/ContractBuilder.h"

using namespace mlir;

namespace needle::codegen {

namespace {

/// Rows of B that are packed together.
constexpr int64_t rowGroup = 16;

class PackEmitter : ContractBuilder {
public:
  PackEmitter(OpBuilder &b, Location loc, StringRef name, const PackClass &pack)
      : ContractBuilder(b, loc, pack.element, pack.lanes), name(name),
        pack(pack) {}

  func::FuncOp run() {
    OpBuilder::InsertionGuard guard(b);
    if (pack.rhs != UnitStride::column) {
      OpBuilder::InsertionGuard guard(b);
      packVector = emitPackVector();
    }
    func::FuncOp f =
        function(name, 2, packScalars + 2 * pack.batchRank + 1, false);
    auto x = f.getArguments();
    from = x[0];
    to = x[1];
    auto s = [&](PackScalar scalar) { return x[2 + scalar]; };
    ValueRange batch = ValueRange(x).slice(2 + packScalars, 2 * pack.batchRank);
    Value tile = x.drop_back().back();
    sizeN = s(packN);
    strideK = s(packStrideK);
    strideN = s(packStrideN);

    Value kBlocks = ceilDiv(s(packK), s(packBlockK));
    Value columnBlocks = ceilDiv(sizeN, s(packBlockN));
    Value block = div(tile, kBlocks);
    k0 = mul(rem(tile, kBlocks), s(packBlockK));
    k = min(s(packBlockK), sub(s(packK), k0));
    Value j0 = mul(rem(block, columnBlocks), s(packBlockN));
    Value group = div(block, columnBlocks);
    base = add(s(packOffset), batchOffsets(group, batch, pack.batchRank, 1)[0]);
    Value vectors = ceilDiv(min(s(packBlockN), sub(sizeN, j0)), index(lanes));
    Value groupAt = mul(group, s(packGroup));
    auto packColumns = [&](Value start, Value end) {
      panels(pack.widths, vectors, [&](size_t number, Value offset) {
        int64_t width = pack.widths[number] * lanes;
        Value j = add(j0, offset);
        Value target = add(add(groupAt, mul(j, s(packK))), mul(k0, width));
        packPanel(j, target, width, start, end);
      });
    };
    // Groups of rows, then panels: rows are read as streams, and each panel
    // gets a few cache lines at a time. Columns that are rows in memory are
    // streams as they are.
    if (pack.rhs == UnitStride::column)
      loop(index(0), k, rowGroup, [&](Value start) {
        packColumns(start, min(add(start, index(rowGroup)), k));
      });
    else
      packColumns(index(0), k);
    ret();
    return f;
  }

private:
  /// Rows start .. end of `width` columns from j on, to every `width` elements
  /// from `target` on.
  void packPanel(Value j, Value target, int64_t width, Value start, Value end) {
    if (pack.rhs == UnitStride::column)
      return copyRows(j, target, width, start, end);
    loop(index(0), index(width), lanes, [&](Value v) {
      call(packVector,
           {from, to, add(base, mul(k0, strideK)), add(j, v), sizeN, strideK,
            strideN, add(target, v), index(width), start, end});
    });
  }

  void copyRows(Value j, Value target, int64_t width, Value start, Value end) {
    Value source = add(add(base, mul(k0, strideK)), j);
    // Of the next group: the distance between rows is too far for the
    // hardware's own prefetching.
    Value ahead = mul(strideK, rowGroup);
    auto copy = [&](llvm::function_ref<Value(Value at, int64_t v)> read) {
      loop(start, end, 1, [&](Value i) {
        Value row = add(source, mul(i, strideK));
        Value rowAhead = add(row, ahead);
        for (int64_t v = 0; v < width; v += lanes) {
          prefetch(from, add(rowAhead, v), /*isWrite=*/false);
          store(read(add(row, v), v), to, add(add(target, mul(i, width)), v));
        }
      });
    };
    branch(
        less(sizeN, add(j, width)),
        [&] {
          SmallVector<Value> inside;
          for (int64_t v = 0; v < width; v += lanes)
            inside.push_back(mask(sub(sizeN, add(j, v))));
          copy([&](Value at, int64_t v) {
            return maskedLoad(from, at, inside[v / lanes]);
          });
        },
        [&] { copy([&](Value at, int64_t) { return load(from, at); }); });
  }

  /// (B, packed; b, j, n, strideK, strideN, target, width, start, end): rows
  /// start .. end of `lanes` columns from j on, to every `width` elements from
  /// `target` on. Past the end, columns are copies of the last one.
  func::FuncOp emitPackVector() {
    func::FuncOp f = function((name + "_vector").str(), 2, 9, true);
    auto x = f.getArguments();
    Value from = x[0], to = x[1], last = sub(x[4], index(1)), strideK = x[5],
          target = x[7], width = x[8], start = x[9], end = x[10];
    SmallVector<Value> columns;
    for (int64_t lane = 0; lane < lanes; ++lane)
      columns.push_back(add(x[2], mul(min(add(x[3], lane), last), x[6])));
    auto copyElements = [&](Value start) {
      loop(start, end, 1, [&](Value i) {
        Value row = add(target, mul(i, width)), source = mul(i, strideK);
        for (int64_t lane = 0; lane < lanes; ++lane)
          storeScalar(loadScalar(from, add(columns[lane], source)), to,
                      add(row, lane));
      });
    };
    if (pack.rhs == UnitStride::none) {
      copyElements(start);
    } else {
      // k in groups of `lanes`; the rest one by one.
      Value whole = sub(end, rem(sub(end, start), index(lanes)));
      loop(start, whole, lanes, [&](Value i) {
        SmallVector<Value> rows;
        for (Value column : columns)
          rows.push_back(load(from, add(column, i)));
        transpose(rows);
        Value row = add(target, mul(i, width));
        for (Value vector : rows) {
          store(vector, to, row);
          row = add(row, width);
        }
      });
      copyElements(whole);
    }
    ret();
    return f;
  }

  /// lanes x lanes elements: stage by stage, the off-diagonal quarters of
  /// ever smaller squares change places.
  void transpose(MutableArrayRef<Value> rows) {
    for (int64_t half = lanes / 2; half > 0; half /= 2) {
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        bool second = lane & half;
        low.push_back(second ? lanes + lane - half : lane);
        high.push_back(second ? lanes + lane : lane + half);
      }
      for (int64_t r = 0; r < lanes; ++r) {
        if (r & half)
          continue;
        Value upper = rows[r], lower = rows[r + half];
        rows[r] = vector::ShuffleOp::create(b, loc, upper, lower, low);
        rows[r + half] = vector::ShuffleOp::create(b, loc, upper, lower, high);
      }
    }
  }

  StringRef name;
  const PackClass &pack;
  func::FuncOp packVector;
  Value from, to, sizeN, strideK, strideN, k0, k, base;
};

} // namespace

func::FuncOp emitPack(OpBuilder &b, Location loc, StringRef name,
                      const PackClass &pack) {
  return PackEmitter(b, loc, name, pack).run();
}

} // namespace needle::codegen
