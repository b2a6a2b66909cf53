// ContractBuilder.h - short names for the ops that contraction code is made of.
#pragma once

#include "needle/codegen/kernels/Contract.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace needle::codegen {

/// An OpBuilder with one location and index arithmetic.
class ContractBuilder {
public:
  using Value = mlir::Value;

  ContractBuilder(mlir::OpBuilder &b, mlir::Location loc, mlir::Type element,
                  int64_t lanes)
      : b(b), loc(loc), element(element), lanes(lanes),
        vector(mlir::VectorType::get({lanes}, element)) {}

  Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value x, Value y) { return make<mlir::arith::AddIOp>(x, y); }
  Value add(Value x, int64_t y) { return y ? add(x, index(y)) : x; }
  Value sub(Value x, Value y) { return make<mlir::arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return make<mlir::arith::MulIOp>(x, y); }
  Value mul(Value x, int64_t y) { return y == 1 ? x : mul(x, index(y)); }
  Value div(Value x, Value y) { return make<mlir::arith::DivUIOp>(x, y); }
  Value rem(Value x, Value y) { return make<mlir::arith::RemUIOp>(x, y); }
  Value min(Value x, Value y) { return make<mlir::arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return make<mlir::arith::MaxSIOp>(x, y); }
  Value ceilDiv(Value x, Value y) { return div(add(x, sub(y, index(1))), y); }
  Value compare(mlir::arith::CmpIPredicate predicate, Value x, Value y) {
    return mlir::arith::CmpIOp::create(b, loc, predicate, x, y);
  }
  Value less(Value x, Value y) {
    return compare(mlir::arith::CmpIPredicate::slt, x, y);
  }
  Value isZero(Value x) {
    return compare(mlir::arith::CmpIPredicate::eq, x, index(0));
  }
  Value select(Value condition, Value x, Value y) {
    return mlir::arith::SelectOp::create(b, loc, condition, x, y);
  }

  Value zeros() {
    return mlir::arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
  }
  Value load(Value memory, Value at) {
    return mlir::vector::LoadOp::create(b, loc, vector, memory, at);
  }
  void store(Value x, Value memory, Value at) {
    mlir::vector::StoreOp::create(b, loc, x, memory, at);
  }
  Value loadScalar(Value memory, Value at) {
    return mlir::memref::LoadOp::create(b, loc, memory, at);
  }
  void storeScalar(Value x, Value memory, Value at) {
    mlir::memref::StoreOp::create(b, loc, x, memory, at);
  }
  /// Asks for a line of the cache; `at` may be outside.
  void prefetch(Value memory, Value at, bool isWrite) {
    mlir::memref::PrefetchOp::create(b, loc, memory, mlir::ValueRange(at),
                                     isWrite,
                                     /*localityHint=*/3, /*isDataCache=*/true);
  }
  /// Lanes 0 .. count - 1; count may be anything.
  Value mask(Value count) {
    auto type = mlir::VectorType::get({lanes}, b.getI1Type());
    Value clamped = min(max(count, index(0)), index(lanes));
    return mlir::vector::CreateMaskOp::create(b, loc, type, clamped);
  }
  Value maskedLoad(Value memory, Value at, Value mask) {
    return mlir::vector::MaskedLoadOp::create(b, loc, vector, memory, at, mask,
                                              zeros());
  }
  void maskedStore(Value x, Value memory, Value at, Value mask) {
    mlir::vector::MaskedStoreOp::create(b, loc, memory, at, mask, x);
  }

  /// for (i = from; i < to; i += step) body(i)
  void loop(Value from, Value to, Value step,
            llvm::function_ref<void(Value)> body) {
    mlir::scf::ForOp::create(
        b, loc, from, to, step, mlir::ValueRange(),
        [&](mlir::OpBuilder &inner, mlir::Location, Value i, mlir::ValueRange) {
          Nested nested(b, inner);
          body(i);
          mlir::scf::YieldOp::create(b, loc);
        });
  }
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body) {
    loop(from, to, index(step), body);
  }
  /// `otherwise` may be null.
  void branch(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr) {
    auto branch = mlir::scf::IfOp::create(b, loc, condition,
                                          /*withElseRegion=*/bool(otherwise));
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    then();
    if (!otherwise)
      return;
    b.setInsertionPointToStart(branch.elseBlock());
    otherwise();
  }

  /// A function of `buffers` memrefs and then `indices`; private unless it is
  /// the kernel's own, which has a scratch memref last. The insertion point
  /// moves into it.
  mlir::func::FuncOp function(llvm::StringRef name, int64_t buffers,
                              int64_t indices, bool isPrivate);
  void ret() { mlir::func::ReturnOp::create(b, loc); }
  void call(mlir::func::FuncOp callee, mlir::ValueRange arguments) {
    mlir::func::CallOp::create(b, loc, callee, arguments);
  }

  /// How many panels of each width cut `vectors` vectors.
  llvm::SmallVector<Value> panelCounts(PanelWidths widths, Value vectors);
  /// Calls body(width, offset of the panel in elements) for all panels.
  void panels(PanelWidths widths, Value vectors,
              llvm::function_ref<void(size_t number, Value offset)> body);
  /// Offsets of group `group` of a batch whose dimensions' (size, strides...)
  /// are in `batch`; one per stride.
  llvm::SmallVector<Value> batchOffsets(Value group, mlir::ValueRange batch,
                                        int64_t rank, int64_t strides);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type element;
  int64_t lanes;
  mlir::VectorType vector;

private:
  /// Continues with another builder's insertion point for a while.
  struct Nested {
    Nested(mlir::OpBuilder &b, mlir::OpBuilder &inner) : guard(b) {
      b.restoreInsertionPoint(inner.saveInsertionPoint());
    }
    mlir::OpBuilder::InsertionGuard guard;
  };

  template <class Op> Value make(Value x, Value y) {
    return Op::create(b, loc, x, y);
  }
};

} // namespace needle::codegen
