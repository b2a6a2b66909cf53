// ContractPack.cpp - B [k, n] into panels [k][width] that stream through the
// micro-kernel; also how a transposed B gets its unit stride.
#include "needle/codegen/kernels/ContractBuilder.h"

using namespace mlir;

namespace needle::codegen {

namespace {

class PackEmitter : ContractBuilder {
public:
  PackEmitter(OpBuilder &b, Location loc, StringRef name, const PackClass &pack)
      : ContractBuilder(b, loc, pack.element, pack.lanes), name(name),
        pack(pack) {}

  func::FuncOp run() {
    OpBuilder::InsertionGuard guard(b);
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
    panels(pack.widths, vectors, [&](size_t number, Value offset) {
      int64_t width = pack.widths[number] * lanes;
      Value j = add(j0, offset);
      Value target = add(add(groupAt, mul(j, s(packK))), mul(k0, width));
      loop(index(0), index(width), lanes,
           [&](Value v) { packVector(add(j, v), add(target, v), width); });
    });
    ret();
    return f;
  }

private:
  /// `lanes` columns from j on, to every `width` elements from `target` on.
  void packVector(Value j, Value target, int64_t width) {
    if (pack.rhs == UnitStride::column)
      return copyRows(j, target, width);
    if (pack.rhs == UnitStride::none)
      return copyElements(j, target, width, index(0));
    // k in groups of `lanes`; the rest one by one.
    Value whole = sub(k, rem(k, index(lanes)));
    loop(index(0), whole, lanes,
         [&](Value i) { transposeBlock(j, target, width, i); });
    copyElements(j, target, width, whole);
  }

  void copyRows(Value j, Value target, int64_t width) {
    Value inside = mask(sub(sizeN, j));
    Value source = add(add(base, mul(k0, strideK)), j);
    loop(index(0), k, 1, [&](Value i) {
      Value row = maskedLoad(from, add(source, mul(i, strideK)), inside);
      store(row, to, add(target, mul(i, width)));
    });
  }

  /// Where column j + lane starts; past the end, the last column.
  Value column(Value j, int64_t lane) {
    Value clamped = min(add(j, lane), sub(sizeN, index(1)));
    return add(add(base, mul(k0, strideK)), mul(clamped, strideN));
  }

  void copyElements(Value j, Value target, int64_t width, Value start) {
    loop(start, k, 1, [&](Value i) {
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value at = add(column(j, lane), mul(i, strideK));
        storeScalar(loadScalar(from, at), to,
                    add(add(target, mul(i, width)), lane));
      }
    });
  }

  /// lanes x lanes elements: stage by stage, the off-diagonal quarters of
  /// ever smaller squares change places.
  void transposeBlock(Value j, Value target, int64_t width, Value i) {
    SmallVector<Value> rows;
    for (int64_t lane = 0; lane < lanes; ++lane)
      rows.push_back(load(from, add(column(j, lane), i)));
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
    for (int64_t r = 0; r < lanes; ++r)
      store(rows[r], to, add(target, mul(add(i, r), width)));
  }

  StringRef name;
  const PackClass &pack;
  Value from, to, sizeN, strideK, strideN, k0, k, base;
};

} // namespace

func::FuncOp emitPack(OpBuilder &b, Location loc, StringRef name,
                      const PackClass &pack) {
  return PackEmitter(b, loc, name, pack).run();
}

} // namespace needle::codegen
