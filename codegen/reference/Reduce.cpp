// Reduce.cpp - reductions, combined in a wider type and rounded once.
#include "needle/codegen/reference/Families.h"
#include "needle/codegen/reference/Scalar.h"

#include "mlir/IR/Builders.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

/// The loops of a reduction: over results (`kept`), and for each over `reduced`
/// elements, with their strides in the operand.
struct Loops {
  Sizes kept, keptStrides, reduced, reducedStrides;

  Loops(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes) {
    Sizes strides = stridesOf(shape);
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      bool isReduced = llvm::is_contained(axes, int64_t(axis));
      (isReduced ? reduced : kept).push_back(shape[axis]);
      (isReduced ? reducedStrides : keptStrides).push_back(strides[axis]);
    }
  }
  /// body(result number, address of its first element)
  template <class T, class Body>
  void forResults(const T *x, Body &&body) const {
    int64_t result = 0;
    forEach<1>(kept, {keptStrides},
               [&](auto offsets) { body(result++, x + offsets[0]); });
  }
  /// body(element) in row-major order
  template <class T, class Body>
  void forReduced(const T *x, Body &&body) const {
    forEach<1>(reduced, {reducedStrides},
               [&](auto offsets) { body(x[offsets[0]]); });
  }
};

// The type to combine in: wider for floats.
Type wideType(Type type) {
  MLIRContext *context = type.getContext();
  if (type.isBF16() || type.isF32())
    return Float64Type::get(context);
  if (type.isF64())
    return Float80Type::get(context);
  return type;
}

template <class T> Wide<T> neutralValue(TypedAttr attribute) {
  if (auto value = dyn_cast<FloatAttr>(attribute))
    return Wide<T>(value.getValueAsDouble());
  return Wide<T>(cast<IntegerAttr>(attribute).getValue().getSExtValue());
}

// NaN compares as the greatest, so that the first one wins.
template <class Less, class Op> Evaluate prepareArgReduce(Op op, Less) {
  ArrayType type = arrayType(op.getX());
  Loops loops(type.shape, {int64_t(op.getAxis())});
  return withElement(type.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      auto out = static_cast<int64_t *>(operands.out[0]);
      loops.forResults(static_cast<const T *>(operands.in[0]),
                       [&](int64_t result, const T *x) {
                         int64_t index = 0, best = 0;
                         T bestValue{};
                         loops.forReduced(x, [&](T value) {
                           bool better = value != value
                                             ? bestValue == bestValue
                                             : Less{}(bestValue, value);
                           if (index == 0 || better) {
                             best = index;
                             bestValue = value;
                           }
                           ++index;
                         });
                         out[result] = best;
                       });
    };
  });
}

template <class Op, class Body>
Evaluate prepareFloating(Op op, llvm::ArrayRef<int64_t> axes, Body body) {
  ArrayType type = arrayType(op.getX());
  Loops loops(type.shape, axes);
  auto make = [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      auto out = static_cast<T *>(operands.out[0]);
      loops.forResults(
          static_cast<const T *>(operands.in[0]),
          [&](int64_t result, const T *x) { body(loops, x, out, result); });
    };
  };
  return withFloating(type.dtype, make);
}

template <class T> T greatest(const Loops &loops, const T *x) {
  auto greatest = T(-std::numeric_limits<T>::infinity());
  loops.forReduced(x, [&](T value) {
    if (value > greatest || value != value)
      greatest = value;
  });
  return greatest;
}
template <class T>
Wide<T> sumOfExponentials(const Loops &loops, const T *x, T shift) {
  Wide<T> sum = 0;
  loops.forReduced(
      x, [&](T value) { sum += std::exp(Wide<T>(value) - Wide<T>(shift)); });
  return sum;
}

// Results of softmax have the operand's shape: `position` of an element is its
// distance from the first one of its group.
template <class Op, class Body> Evaluate prepareAxis(Op op, Body body) {
  ArrayType type = arrayType(op.getX());
  int64_t stride = stridesOf(type.shape)[size_t(op.getAxis())];
  Loops loops(type.shape, {int64_t(op.getAxis())});
  auto make = [&](auto t) -> Evaluate {
    using T = decltype(t);
    return [=](const Operands &operands) {
      auto first = static_cast<const T *>(operands.in[0]);
      auto out = static_cast<T *>(operands.out[0]);
      loops.forResults(first, [&](int64_t, const T *x) {
        T shift = greatest(loops, x);
        Wide<T> sum = sumOfExponentials(loops, x, shift);
        T *to = out + (x - first);
        loops.forReduced(x, [&](T value) {
          *to = T(body(Wide<T>(value) - Wide<T>(shift), sum));
          to += stride;
        });
      });
    };
  };
  return withFloating(type.dtype, make);
}

} // namespace

Evaluate prepareReduction(ir::ReductionOpInterface op) {
  ArrayType type = arrayType(op->getOperand(0));
  Type element = ir::tensorType(op->getOperand(0)).getElementType();
  Block body;
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&body);
  Type wide = wideType(element);
  body.addArguments({wide, wide}, {op.getLoc(), op.getLoc()});
  Value combined =
      op.buildCombine(b, op.getLoc(), body.getArgument(0), body.getArgument(1));
  FailureOr<ScalarProgram> made = ScalarProgram::make(body, combined);
  if (failed(made))
    return {};
  Loops loops(type.shape, op.getReducedAxes());
  TypedAttr neutral = op.getNeutral();
  return withElement(type.dtype, [&](auto t) -> Evaluate {
    using T = decltype(t);
    using W = Wide<T>;
    W start = neutralValue<T>(neutral);
    return [=, program = std::move(*made)](const Operands &operands) {
      constexpr int64_t columnSize = ScalarProgram::columnSize;
      ScalarProgram::Registers registers(program);
      const T *rows[columnSize];
      W total[columnSize], element[columnSize];
      auto out = static_cast<T *>(operands.out[0]);
      int64_t count = 0;
      auto flush = [&] {
        std::fill(total, total + count, start);
        forEach<1>(loops.reduced, {loops.reducedStrides}, [&](auto offsets) {
          for (int64_t i = 0; i < count; ++i)
            element[i] = W(rows[i][offsets[0]]);
          const void *in[] = {total, element};
          program.run(registers, in, total, count);
        });
        for (int64_t i = 0; i < count; ++i)
          *out++ = T(total[i]);
        count = 0;
      };
      loops.forResults(static_cast<const T *>(operands.in[0]),
                       [&](int64_t, const T *x) {
                         rows[count++] = x;
                         if (count == columnSize)
                           flush();
                       });
      flush();
    };
  });
}

Evaluate prepare(ir::MeanOp op) {
  return prepareFloating(
      op, op.getAxes(),
      []<class T>(const Loops &loops, const T *x, T *out, int64_t result) {
        Wide<T> sum = 0;
        loops.forReduced(x, [&](T value) { sum += Wide<T>(value); });
        out[result] = T(sum / Wide<T>(product(loops.reduced)));
      });
}

Evaluate prepare(ir::LogsumexpOp op) {
  return prepareFloating(
      op, op.getAxes(),
      []<class T>(const Loops &loops, const T *x, T *out, int64_t result) {
        T shift = greatest(loops, x);
        if (std::isinf(shift)) // exp(inf - inf) would be NaN
          shift = T(0);
        out[result] =
            T(std::log(sumOfExponentials(loops, x, shift)) + Wide<T>(shift));
      });
}

Evaluate prepare(ir::ArgmaxOp op) {
  return prepareArgReduce(op, [](auto a, auto b) { return a < b; });
}
Evaluate prepare(ir::ArgminOp op) {
  return prepareArgReduce(op, [](auto a, auto b) { return a > b; });
}
Evaluate prepare(ir::SoftmaxOp op) {
  return prepareAxis(
      op, [](auto shifted, auto sum) { return std::exp(shifted) / sum; });
}
Evaluate prepare(ir::LogSoftmaxOp op) {
  return prepareAxis(
      op, [](auto shifted, auto sum) { return shifted - std::log(sum); });
}

} // namespace needle::codegen::reference
