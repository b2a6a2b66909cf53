// ContractBlocking.cpp - register blocks, tiles and packing of a contraction.
// All depends on shapes and target only, never on the number of threads, so
// that results do not, either.
#include "needle/codegen/kernels/ContractBlocking.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using llvm::alignTo;
using llvm::divideCeil;

namespace needle::codegen {

namespace {

/// An operand's stride along a batch dimension of the result, counted from the
/// last; 0 where it broadcasts.
int64_t batchStride(const Access &access, ArrayRef<int64_t> shape,
                    size_t fromLast) {
  if (fromLast + 2 >= shape.size())
    return 0;
  size_t d = shape.size() - 3 - fromLast;
  return shape[d] == 1 ? 0 : access.strides[d];
}

} // namespace

Problem problemOf(ir::MatmulOp op, const Access &lhs, const Access &rhs) {
  ArrayRef<int64_t> a = ir::tensorType(op.getLhs()).getShape();
  ArrayRef<int64_t> b = ir::tensorType(op.getRhs()).getShape();
  ArrayRef<int64_t> c = ir::tensorType(op.getResult()).getShape();
  size_t lhsRow = a.size() - (op.getTransposeLhs() ? 1 : 2);
  size_t lhsColumn = a.size() - (op.getTransposeLhs() ? 2 : 1);
  size_t rhsRow = b.size() - (op.getTransposeRhs() ? 1 : 2);
  size_t rhsColumn = b.size() - (op.getTransposeRhs() ? 2 : 1);
  Problem p;
  p.m = a[lhsRow];
  p.k = a[lhsColumn];
  p.n = b[rhsColumn];
  p.lhsOffset = lhs.offset;
  p.lhsM = lhs.strides[lhsRow];
  p.lhsK = lhs.strides[lhsColumn];
  p.rhsOffset = rhs.offset;
  p.rhsK = rhs.strides[rhsRow];
  p.rhsN = rhs.strides[rhsColumn];

  // From the last dimension on; a dimension joins the one after it when both
  // operands step through them as through one.
  for (size_t i = 0; i + 2 < c.size(); ++i) {
    BatchDimension next = {c[c.size() - 3 - i], batchStride(lhs, a, i),
                           batchStride(rhs, b, i)};
    if (next.size == 1)
      continue;
    // Without a batch of its own B serves all rows: [b, m, k] is [b m, k].
    if (p.batch.empty() && next.rhs == 0 && next.lhs == p.m * p.lhsM) {
      p.m *= next.size;
      continue;
    }
    if (!p.batch.empty() &&
        next.lhs == p.batch.back().size * p.batch.back().lhs &&
        next.rhs == p.batch.back().size * p.batch.back().rhs)
      p.batch.back().size *= next.size;
    else
      p.batch.push_back(next);
  }
  std::reverse(p.batch.begin(), p.batch.end());
  if (p.batch.empty())
    p.batch.push_back({1, 0, 0});
  // A column of C is a row of its transpose, which is computed faster when A
  // has its rows side by side.
  if (p.n == 1 && p.m > 1 && p.lhsM == 1) {
    p.swapped = true;
    std::swap(p.m, p.n);
    std::swap(p.lhsOffset, p.rhsOffset);
    std::tie(p.lhsM, p.lhsK, p.rhsK, p.rhsN) =
        std::tuple(p.rhsN, p.rhsK, p.lhsK, p.lhsM);
    for (BatchDimension &dimension : p.batch)
      std::swap(dimension.lhs, dimension.rhs);
  }
  return p;
}

static UnitStride unitStride(int64_t rows, int64_t rowStride, int64_t columns,
                             int64_t columnStride) {
  if (columnStride == 1 || columns <= 1)
    return UnitStride::row;
  if (rowStride == 1 || rows <= 1)
    return UnitStride::column;
  return UnitStride::none;
}

/// Rows at such distances all fall into the same few cache sets.
static bool isBadStride(int64_t elements, int64_t bytes) {
  return elements != 0 && elements * bytes % 2048 == 0;
}

/// Sums in registers: rows x vectors of them, a vector of B each and a splat of
/// A must fit.
struct RegisterBlock {
  int64_t rows;
  SmallVector<int64_t, 3> widths;
};
enum BlockKind { streamLhs, streamRhs, low, high, blockKinds };

static RegisterBlock registerBlock(BlockKind kind, const TargetInfo &target) {
  bool many = target.registers() == 32;
  // Without fused multiply-add, products need a register, too.
  SmallVector<int64_t, 3> widths = {3, 2};
  if (target.isa == "sse2")
    widths = {2, 1};
  switch (kind) {
  case streamLhs:
    return {8, {1}};
  case streamRhs:
    return {1, {many ? 16 : 8, 4, 1}};
  case low:
    return {4, widths};
  default:
    return {many ? 8 : 4, widths};
  }
}

static void chooseRegisterBlock(const Problem &p, const TargetInfo &target,
                                ContractClass &contract) {
  BlockKind kind = p.n <= contract.lanes ? streamLhs
                   : p.m == 1            ? streamRhs
                   : p.m <= 4            ? low
                                         : high;
  RegisterBlock block = registerBlock(kind, target);
  contract.rows = block.rows;
  contract.widths = block.widths;
}

static void chooseBlocks(const Problem &p, const TargetInfo &target,
                         Blocking &it) {
  const ContractClass &contract = it.contract;
  int64_t bytes = target.vectorBytes / contract.lanes;
  int64_t longest = 1024 * 4 / bytes;
  int64_t kBlocks = std::max<int64_t>(1, divideCeil(p.k, longest));
  it.blockK = std::max<int64_t>(4, alignTo(divideCeil(p.k, kBlocks), 4));

  // The block of A stays in half the L2 cache.
  int64_t most = std::max<int64_t>(contract.rows,
                                   target.l2Bytes / 2 / (it.blockK * bytes));
  int64_t rowBlocks = std::max<int64_t>(1, divideCeil(p.m, most));
  int64_t columnBlocks = 1;
  int64_t vectors = divideCeil(p.n, contract.lanes);
  int64_t groups = std::max<int64_t>(1, p.groups());
  // Enough tiles to share, none too small to be worth a claim.
  double work = double(groups) * p.m * p.n * p.k;
  int64_t wanted = std::clamp<int64_t>(int64_t(work / (1 << 19)), 1, 16);
  auto block = [&] {
    it.blockM = alignTo(std::max<int64_t>(1, divideCeil(p.m, rowBlocks)),
                        contract.rows);
    it.blockN = contract.lanes *
                std::max<int64_t>(1, divideCeil(vectors, columnBlocks));
  };
  auto tiles = [&] { return groups * rowBlocks * columnBlocks; };
  for (block(); tiles() < wanted; block()) {
    // A few tiles to share come before large ones that reuse what they read.
    bool isFew = tiles() < 4;
    int64_t leastM = (isFew ? 2 : 8) * contract.rows;
    int64_t leastN = (isFew ? 2 : 3) * contract.maxWidth();
    if (it.blockM > leastM && it.blockM >= it.blockN)
      rowBlocks *= 2;
    else if (it.blockN > leastN)
      columnBlocks *= 2;
    else if (it.blockM > leastM)
      rowBlocks *= 2;
    else
      break;
  }
  // Panels can't cut a last block of one vector where none is that narrow.
  if (contract.widths.back() == 1)
    return;
  while (columnBlocks > 1 &&
         (vectors * contract.lanes) % it.blockN == contract.lanes) {
    --columnBlocks;
    block();
  }
}

Blocking chooseBlocking(const Problem &p, Type element,
                        const TargetInfo &target) {
  Blocking it;
  ContractClass &contract = it.contract;
  contract.element = element;
  contract.lanes = target.lanes(element);
  contract.batchRank = p.batch.size();
  contract.lhs = unitStride(p.m, p.lhsM, p.k, p.lhsK);
  chooseRegisterBlock(p, target, contract);
  int64_t bytes = target.vectorBytes / contract.lanes;

  // B [k, n] is `column` when its columns lie side by side.
  it.rhs = unitStride(p.n, p.rhsN, p.k, p.rhsK);
  if (p.n == 1 || p.rhsN == 1)
    it.rhs = UnitStride::column;
  // A panel that is shifted back inside must fit.
  bool fits = p.n % contract.lanes == 0 ||
              p.n >= (contract.widths.back() == 1 ? contract.lanes
                                                  : contract.maxWidth());
  bool pays = p.m >= 64 &&
              (isBadStride(p.rhsK, bytes) || p.k * p.n * bytes > (5 << 19));
  it.packRhs = it.rhs != UnitStride::column || !fits || pays;
  bool badLhs =
      isBadStride(contract.lhs == UnitStride::row ? p.lhsM : p.lhsK, bytes);
  it.packLhs = badLhs && p.n >= 4 * contract.lanes && p.m > contract.rows;
  chooseBlocks(p, target, it);
  return it;
}

constexpr UnitStride strides[] = {UnitStride::row, UnitStride::column,
                                  UnitStride::none};

SmallVector<ContractClass> contractClasses(Type element, int64_t batchRank,
                                           const TargetInfo &target) {
  SmallVector<ContractClass> classes;
  for (int kind = 0; kind < blockKinds; ++kind)
    for (UnitStride lhs : strides) {
      RegisterBlock block = registerBlock(BlockKind(kind), target);
      classes.push_back({element, target.lanes(element), block.rows,
                         block.widths, lhs, batchRank});
    }
  return classes;
}

SmallVector<PackClass> packClasses(Type element, int64_t batchRank,
                                   const TargetInfo &target) {
  SmallVector<PackClass> classes;
  for (int kind = 0; kind < blockKinds; ++kind)
    for (UnitStride rhs : strides)
      classes.push_back({element, target.lanes(element),
                         registerBlock(BlockKind(kind), target).widths, rhs,
                         batchRank});
  return classes;
}

} // namespace needle::codegen
