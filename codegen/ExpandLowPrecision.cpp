// ExpandLowPrecision.cpp - conversions from and to bf16 in integer arithmetic.
// In: scalar or 1-D vector code in which bf16 is only converted from and to,
// and bits in memory (arith.bitcast to i16); all else is computed in wider
// types. Out: no bf16. A rounding between two ops, extf(truncf(x)), stays in
// f32: the lower half becomes zeros. Before LowerLoopsToLLVM: CPUs without such
// instructions would call compiler-rt, and those that have them flush
// subnormals to zero.
#include "needle/codegen/Passes.h"

#include "needle/ir/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace needle::codegen {

#define GEN_PASS_DEF_EXPANDLOWPRECISION
#include "codegen/Passes.h.inc"

namespace {

bool isLow(Value x) { return getElementTypeOrSelf(x.getType()).isBF16(); }

// Arithmetic on what one op converts: scalars or vectors as its result is.
class Converter {
public:
  explicit Converter(Operation *op) : b(op), loc(op->getLoc()) {
    vector = dyn_cast<VectorType>(op->getResult(0).getType());
  }

  /// The f32 that a bf16 of these bits is.
  Value widen(Value bits) {
    Value wide = arith::ExtUIOp::create(b, loc, of(b.getI32Type()), bits);
    return asFloat(arith::ShLIOp::create(b, loc, wide, integer(wide, 16)));
  }
  /// The bits of an f32 that is a bf16.
  Value narrow(Value x) {
    Value bits = asInteger(x);
    bits = arith::ShRUIOp::create(b, loc, bits, integer(bits, 16));
    return arith::TruncIOp::create(b, loc, of(b.getI16Type()), bits);
  }
  /// An f32 rounded to the nearest bf16, ties to even. NaN becomes quiet: its
  /// payload may be in the lower half alone.
  Value round(Value x) {
    Value bits = asInteger(x);
    Value odd = arith::AndIOp::create(
        b, loc, arith::ShRUIOp::create(b, loc, bits, integer(bits, 16)),
        integer(bits, 1));
    Value up = arith::AddIOp::create(b, loc, bits, integer(bits, 0x7fff));
    up = arith::AddIOp::create(b, loc, up, odd);
    Value quiet = arith::OrIOp::create(b, loc, bits, integer(bits, 0x400000));
    Value isNaN =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
    bits = arith::SelectOp::create(b, loc, isNaN, quiet, up);
    return asFloat(
        arith::AndIOp::create(b, loc, bits, integer(bits, -0x10000)));
  }
  /// A float of any width rounded to f32 such that rounding that to bf16 is the
  /// same as rounding once: where it is inexact, the neighbour with an odd
  /// mantissa (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded
  /// sums", 2008).
  Value roundToOdd(Value x) {
    if (getElementTypeOrSelf(x.getType()).isF32())
      return x;
    Value near = arith::TruncFOp::create(b, loc, of(b.getF32Type()), x);
    Value back = arith::ExtFOp::create(b, loc, x.getType(), near);
    Value isBeyond = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                           math::AbsFOp::create(b, loc, back),
                                           math::AbsFOp::create(b, loc, x));
    Value bits = asInteger(near);
    Value step = arith::SelectOp::create(b, loc, isBeyond, integer(bits, -1),
                                         integer(bits, 1));
    Value isEven = arith::CmpIOp::create(
        b, loc, arith::CmpIPredicate::eq,
        arith::AndIOp::create(b, loc, bits, integer(bits, 1)),
        integer(bits, 0));
    Value isInexact =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, back, x);
    Value other = asFloat(arith::AddIOp::create(b, loc, bits, step));
    return arith::SelectOp::create(
        b, loc, arith::AndIOp::create(b, loc, isInexact, isEven), other, near);
  }
  /// A signed integer as f64. Of those beyond 2^48 the lowest 16 bits only say
  /// that something is there: then every one fits.
  Value toDouble(Value x) {
    Type type = of(b.getF64Type());
    if (getElementTypeOrSelf(x.getType()).isInteger(64)) {
      auto compare = [&](arith::CmpIPredicate predicate, Value y, int64_t to) {
        return arith::CmpIOp::create(b, loc, predicate, y, integer(y, to));
      };
      constexpr int64_t limit = int64_t(1) << 48;
      Value low = arith::AndIOp::create(b, loc, x, integer(x, 0xffff));
      Value isWide = arith::OrIOp::create(
          b, loc, compare(arith::CmpIPredicate::sge, x, limit),
          compare(arith::CmpIPredicate::slt, x, -limit));
      Value isSticky = arith::AndIOp::create(
          b, loc, isWide, compare(arith::CmpIPredicate::ne, low, 0));
      Value sticky = arith::AndIOp::create(b, loc, x, integer(x, ~0xffff));
      sticky = arith::OrIOp::create(b, loc, sticky, integer(x, 0x8000));
      x = arith::SelectOp::create(b, loc, isSticky, sticky, x);
    }
    return arith::SIToFPOp::create(b, loc, type, x);
  }
  Value fromBoolean(Value x) {
    return arith::UIToFPOp::create(b, loc, of(b.getF32Type()), x);
  }
  Value toType(Value x, Type type) {
    if (x.getType() == type)
      return x;
    return arith::ExtFOp::create(b, loc, type, x);
  }

private:
  Type of(Type element) {
    return vector ? Type(vector.clone(element)) : element;
  }
  Value integer(Value like, int64_t value) {
    return ir::integer(b, loc, like.getType(), value);
  }
  Value asInteger(Value x) {
    return arith::BitcastOp::create(b, loc, of(b.getI32Type()), x);
  }
  Value asFloat(Value bits) {
    return arith::BitcastOp::create(b, loc, of(b.getF32Type()), bits);
  }

  OpBuilder b;
  Location loc;
  VectorType vector;
};

struct ExpandLowPrecision : impl::ExpandLowPrecisionBase<ExpandLowPrecision> {
  void runOnOperation() override {
    wide.clear();
    exact.clear();
    // Operands come before what uses them.
    SmallVector<Operation *> all, expanded;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op->getNumResults() == 1)
        all.push_back(op);
    });
    for (Operation *op : all) {
      bool makes = isLow(op->getResult(0));
      if (!makes && !llvm::any_of(op->getOperands(), isLow)) {
        noteExact(op);
        continue;
      }
      Value result = makes ? produce(op) : consume(op);
      if (!result) {
        op->emitOpError("on bf16 has no expansion");
        return signalPassFailure();
      }
      expanded.push_back(op);
    }
    for (Operation *op : llvm::reverse(expanded))
      op->erase();
  }

private:
  /// The f32 that a bf16 result becomes.
  Value produce(Operation *op) {
    Converter c(op);
    Value x = op->getNumOperands() ? op->getOperand(0) : Value();
    auto rounded = [&](Value y) {
      return exact.contains(y) ? y : c.round(c.roundToOdd(y));
    };
    Value result =
        llvm::TypeSwitch<Operation *, Value>(op)
            .Case([&](arith::TruncFOp) { return rounded(x); })
            .Case([&](arith::SIToFPOp) { return rounded(c.toDouble(x)); })
            .Case([&](arith::UIToFPOp) {
              bool isBoolean = getElementTypeOrSelf(x.getType()).isInteger(1);
              return isBoolean ? c.fromBoolean(x) : Value();
            })
            .Case([&](arith::BitcastOp) { return c.widen(x); })
            .Default([](Operation *) { return Value(); });
    wide[op->getResult(0)] = result;
    exact.insert(result);
    return result;
  }

  /// What the result of an op on bf16 becomes.
  Value consume(Operation *op) {
    Converter c(op);
    Value x = wide.lookup(op->getOperand(0));
    Value result = llvm::TypeSwitch<Operation *, Value>(op)
                       .Case([&](arith::ExtFOp extend) {
                         return c.toType(x, extend.getType());
                       })
                       .Case([&](arith::BitcastOp) { return c.narrow(x); })
                       .Default([](Operation *) { return Value(); });
    if (result)
      op->getResult(0).replaceAllUsesWith(result);
    return result;
  }

  /// Ops whose result is one of their operands but for the sign.
  void noteExact(Operation *op) {
    if (!isa<arith::NegFOp, math::AbsFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::SelectOp, vector::BroadcastOp>(op))
      return;
    auto isKnown = [&](Value x) {
      return exact.contains(x) || !isa<FloatType>(getElementTypeOrSelf(x)) ||
             isExactConstant(x);
    };
    if (llvm::all_of(op->getOperands(), isKnown))
      exact.insert(op->getResult(0));
  }

  static bool isExactConstant(Value x) {
    FloatAttr number;
    if (!matchPattern(x, m_Constant(&number)))
      if (DenseFPElementsAttr many; matchPattern(x, m_Constant(&many)))
        if (many.isSplat())
          number = many.getSplatValue<FloatAttr>();
    if (!number)
      return false;
    bool isInexact;
    APFloat value = number.getValue();
    value.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &isInexact);
    return !isInexact;
  }

  llvm::DenseMap<Value, Value> wide; // a bf16 value as f32
  llvm::DenseSet<Value> exact;       // f32 values that are bf16 numbers
};

} // namespace
} // namespace needle::codegen
