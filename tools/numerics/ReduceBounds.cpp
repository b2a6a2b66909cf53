// ReduceBounds.cpp - bounds of what combines elements: sums in any order are
// off by 4 eps sqrt(K) times the sum of magnitudes, for K terms.
#include "ScalarRules.h"
#include "TensorRules.h"

#include "needle/codegen/reference/Families.h"
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;

namespace needle::numerics {

namespace {

using Sizes = llvm::SmallVector<int64_t, 8>;

constexpr Real infinity = std::numeric_limits<Real>::infinity();

Tensors one(TensorBound &&tensor) {
  return {std::make_shared<TensorBound>(std::move(tensor))};
}

/// Where each element of the operand goes: the number of its result.
std::vector<int64_t> resultNumbers(llvm::ArrayRef<int64_t> shape,
                                   llvm::ArrayRef<int64_t> axes) {
  Sizes kept(shape);
  for (int64_t axis : axes)
    kept[size_t(axis)] = 1;
  Sizes strides = codegen::reference::stridesOf(kept);
  for (int64_t axis : axes)
    strides[size_t(axis)] = 0;
  std::vector<int64_t> numbers;
  codegen::reference::forEach<1>(shape, {strides},
                                 [&](auto at) { numbers.push_back(at[0]); });
  return numbers;
}

/// The elements of each result, in order.
std::vector<std::vector<Bound>>
groups(const TensorBound &x, llvm::ArrayRef<int64_t> axes, size_t results) {
  std::vector<std::vector<Bound>> found(results);
  std::vector<int64_t> numbers = resultNumbers(x.shape, axes);
  for (size_t i = 0; i < numbers.size(); ++i)
    found[size_t(numbers[i])].push_back(x.elements[i]);
  return found;
}

Bound flipped(const Bound &bound) {
  Bound result = negate(bound);
  result.id = bound.id;
  return result;
}

/// The greatest element. It is one of them: when it is known which, the result
/// is that element, with its id.
Bound greatest(llvm::ArrayRef<Bound> all, int64_t &undecided) {
  Bound top = between(-infinity, -infinity);
  bool isNan = false;
  for (const Bound &x : all) {
    isNan |= x.mayBeNan;
    if (x.isEmpty())
      return exactly(NAN);
    if (x.lo > top.lo || (x.lo == top.lo && x.hi > top.hi))
      top = x;
  }
  bool isDecided = true;
  for (const Bound &x : all) {
    bool isSame = (x.id && x.id == top.id) || x.hi <= top.lo;
    if (!isSame) {
      isDecided = false;
      top.hi = std::max(top.hi, x.hi);
    }
  }
  if (!isDecided) {
    ++undecided;
    top.id = 0;
  }
  if (isNan && !top.mayBeNan)
    top.id = 0;
  top.mayBeNan = isNan;
  return top;
}

Bound product(llvm::ArrayRef<Bound> all, const Rounding &rounding) {
  Bound result = exactly(1);
  bool isExact = true;
  for (const Bound &x : all) {
    bool stepIsExact = false;
    result = multiply(result, x, &stepIsExact);
    isExact &= stepIsExact && rounding.holds(result.lo);
  }
  if (isExact || result.isEmpty())
    return result;
  // Any order, so any intermediate overflow or underflow.
  Real above = 1, below = 1;
  for (const Bound &x : all) {
    above *= std::max(Real(1), x.magnitude());
    below *= std::min(Real(1), std::max(x.magnitude(), Real(0)));
  }
  if (above > rounding.largest || below < rounding.tiny / rounding.epsilon)
    return anything(DType::float64);
  return rounding.round(result, Real(all.size() + 1));
}

enum class Combination { sum, product, greatest, least };

std::optional<Combination> combinationOf(ir::ReductionOpInterface op) {
  Type element = ir::tensorType(op->getOperand(0)).getElementType();
  Block body;
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&body);
  body.addArguments({element, element}, {op->getLoc(), op->getLoc()});
  Value combined = op.buildCombine(b, op->getLoc(), body.getArgument(0),
                                   body.getArgument(1));
  Operation *by = combined.getDefiningOp();
  if (isa_and_nonnull<arith::AddFOp, arith::AddIOp>(by))
    return Combination::sum;
  if (isa_and_nonnull<arith::MulFOp, arith::MulIOp>(by))
    return Combination::product;
  if (isa_and_nonnull<arith::MaximumFOp, arith::MaxSIOp, arith::OrIOp>(by))
    return Combination::greatest;
  if (isa_and_nonnull<arith::MinimumFOp, arith::MinSIOp, arith::AndIOp>(by))
    return Combination::least;
  return std::nullopt;
}

Bound combine(Combination how, std::vector<Bound> &group, DType dtype,
              int64_t &undecided) {
  switch (how) {
  case Combination::sum: {
    Sum sum;
    for (const Bound &x : group)
      sum.add(x);
    return sum.rounded(Rounding(dtype));
  }
  case Combination::product:
    return product(group, Rounding(dtype));
  case Combination::greatest:
    return greatest(group, undecided);
  case Combination::least:
    break;
  }
  for (Bound &x : group)
    x = flipped(x);
  return flipped(greatest(group, undecided));
}

/// The index of the first greatest element or first NaN.
Bound indexOfGreatest(llvm::ArrayRef<Bound> group, int64_t &undecided) {
  Real least = -infinity;
  for (const Bound &x : group)
    least = std::max(least, x.lo);
  int64_t first = -1, last = -1;
  bool isDecided = true;
  for (auto [i, x] : llvm::enumerate(group)) {
    bool maybe = x.mayBeNan || x.hi >= least;
    if (!maybe)
      continue;
    if (x.isEmpty()) { // NaN for sure: nothing behind it matters
      first = first < 0 ? int64_t(i) : first;
      last = int64_t(i);
      break;
    }
    // A tie of what is equal for sure goes to the first.
    const Bound &front = group[size_t(std::max<int64_t>(first, 0))];
    bool isSame = first >= 0 && !x.mayBeNan &&
                  ((x.isPoint() && front.isPoint() && x.lo == front.lo) ||
                   (x.id && x.id == front.id));
    if (isSame)
      continue;
    first = first < 0 ? int64_t(i) : first;
    last = int64_t(i);
  }
  isDecided = first == last;
  undecided += !isDecided;
  return between(Real(first), Real(last));
}

} // namespace

// ---- sums -------------------------------------------------------------------

void Sum::add(const Bound &term) {
  ++count;
  mayBeNan |= term.mayBeNan;
  positive |= term.hi == infinity;
  negative |= term.lo == -infinity;
  if (term.isEmpty()) {
    lo = infinity, hi = -infinity;
    magnitude = infinity;
    positive = negative = isWhole = false;
    mayBeNan = true;
    return;
  }
  lo += term.lo;
  hi += term.hi;
  magnitude += term.magnitude();
  if (std::isfinite(term.magnitude()))
    finite += term.magnitude();
  isWhole &= term.isPoint() && std::trunc(term.lo) == term.lo;
}

Bound Sum::rounded(const Rounding &rounding) const {
  Bound exact{lo, hi, mayBeNan, 0};
  if (std::isnan(lo) || std::isnan(hi) || (positive && negative) ||
      finite > rounding.largest) // a partial sum may overflow
    return anything(DType::float64);
  if (magnitude == infinity) // one kind of infinity, or NaN
    return exact.isEmpty() ? exactly(Real(NAN)) : exact;
  if (isWhole && magnitude <= 1 / rounding.epsilon)
    return exact;
  if (count == 1 && exact.isPoint() && rounding.holds(exact.lo))
    return exact;
  return rounding.widen(exact, 4 * rounding.epsilon * std::sqrt(Real(count)) *
                                       magnitude +
                                   Real(count) * rounding.tiny);
}

// ---- rules ------------------------------------------------------------------

TensorRule reductionRule(Operation *op) {
  if (isa<ir::ArgmaxOp, ir::ArgminOp>(op)) {
    int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
    bool isLeast = isa<ir::ArgminOp>(op);
    TensorBound empty = emptyFor(op->getResult(0));
    return [=](llvm::ArrayRef<TensorPtr> x, int64_t &undecided) -> Tensors {
      TensorBound result = empty;
      auto all = groups(*x[0], {axis}, result.elements.size());
      for (size_t i = 0; i < all.size(); ++i) {
        if (isLeast)
          for (Bound &each : all[i])
            each = flipped(each);
        result.elements[i] = indexOfGreatest(all[i], undecided);
      }
      return one(std::move(result));
    };
  }
  auto reduction = dyn_cast<ir::ReductionOpInterface>(op);
  std::optional<Combination> how;
  if (!reduction || !(how = combinationOf(reduction)))
    return {};
  Sizes axes(reduction.getReducedAxes());
  TensorBound empty = emptyFor(op->getResult(0));
  bool isFloat = isFloating(empty.dtype);
  return [=, how = *how](llvm::ArrayRef<TensorPtr> x,
                         int64_t &undecided) -> Tensors {
    TensorBound result = empty;
    auto all = groups(*x[0], axes, result.elements.size());
    for (size_t i = 0; i < all.size(); ++i)
      result.elements[i] =
          isFloat ? identified(combine(how, all[i], empty.dtype, undecided))
                  : anything(empty.dtype);
    return one(std::move(result));
  };
}

TensorRule contractionRule(Operation *op) {
  auto matmul = dyn_cast<ir::MatmulOp>(op);
  if (!matmul)
    return {};
  TensorBound empty = emptyFor(matmul.getResult());
  bool lhsTransposed = matmul.getTransposeLhs();
  bool rhsTransposed = matmul.getTransposeRhs();
  return [=](llvm::ArrayRef<TensorPtr> x, int64_t &) -> Tensors {
    TensorBound result = empty;
    const TensorBound &lhs = *x[0], &rhs = *x[1];
    size_t rank = result.shape.size();
    int64_t m = result.shape[rank - 2], n = result.shape[rank - 1];
    int64_t k = lhs.shape[lhs.shape.size() - (lhsTransposed ? 2 : 1)];
    // Leading axes broadcast: strides of 0 where an operand has size 1.
    auto batchStrides = [&](const TensorBound &operand) {
      Sizes own = codegen::reference::stridesOf(operand.shape);
      Sizes strides(rank - 2, 0);
      size_t missing = rank - operand.shape.size();
      for (size_t axis = 0; axis + 2 < operand.shape.size(); ++axis)
        if (operand.shape[axis] != 1)
          strides[missing + axis] = own[axis];
      return strides;
    };
    Sizes batches(result.shape.begin(), result.shape.end() - 2);
    Sizes lhsBatch = batchStrides(lhs), rhsBatch = batchStrides(rhs);
    Rounding rounding(result.dtype);
    size_t out = 0;
    codegen::reference::forEach<2>(
        batches, {lhsBatch, rhsBatch}, [&](auto offsets) {
          for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < n; ++j) {
              Sum sum;
              for (int64_t p = 0; p < k; ++p) {
                int64_t a = lhsTransposed ? p * m + i : i * k + p;
                int64_t b = rhsTransposed ? j * k + p : p * n + j;
                sum.add(multiply(lhs.elements[size_t(offsets[0] + a)],
                                 rhs.elements[size_t(offsets[1] + b)]));
              }
              result.elements[out++] = identified(sum.rounded(rounding));
            }
        });
    return one(std::move(result));
  };
}

TensorRule scatterRule(Operation *op) {
  auto scatter = dyn_cast<ir::ScatterAddOp>(op);
  if (!scatter)
    return {};
  TensorBound empty = emptyFor(scatter.getResult());
  size_t axis = size_t(scatter.getAxis());
  return [=](llvm::ArrayRef<TensorPtr> x, int64_t &) -> Tensors {
    TensorBound result = empty;
    const TensorBound &operand = *x[0], &indices = *x[1], &updates = *x[2];
    bool isKnown = isFloating(result.dtype) &&
                   llvm::all_of(indices.elements,
                                [](const Bound &i) { return i.isPoint(); });
    if (!isKnown) {
      std::fill(result.elements.begin(), result.elements.end(),
                anything(result.dtype));
      return one(std::move(result));
    }
    int64_t outer = 1, inner = 1, size = result.shape[axis];
    for (size_t i = 0; i < result.shape.size(); ++i)
      (i < axis ? outer : inner) *= i == axis ? 1 : result.shape[i];
    std::vector<Sum> sums(result.elements.size());
    std::vector<bool> isHit(result.elements.size());
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i].add(operand.elements[i]);
    size_t from = 0;
    for (int64_t o = 0; o < outer; ++o)
      for (const Bound &place : indices.elements) {
        auto index = int64_t(place.lo);
        index += index < 0 ? size : 0;
        for (int64_t j = 0; j < inner; ++j, ++from) {
          if (index < 0 || index >= size)
            continue;
          auto to = size_t((o * size + index) * inner + j);
          sums[to].add(updates.elements[from]);
          isHit[to] = true;
        }
      }
    for (size_t i = 0; i < sums.size(); ++i)
      result.elements[i] =
          isHit[i] ? identified(sums[i].rounded(Rounding(result.dtype)))
                   : operand.elements[i];
    return one(std::move(result));
  };
}

} // namespace needle::numerics
