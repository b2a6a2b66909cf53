// NestEmitter.h - writes the function of one nest.
#pragma once

#include "needle/codegen/kernels/Nest.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include "llvm/ADT/DenseSet.h"

namespace needle::codegen {

/// Values of one scope: the tile, a row, an element (or vectors of them).
struct NestFrame {
  const NestFrame *outer = nullptr;
  int64_t lanes = 0; // of its values; 0: scalars
  llvm::DenseMap<mlir::Value, mlir::Value> values;
  /// Of scalars, as vectors: of plan.lanes, of plan.wideLanes().
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, mlir::Value>> splats;
};

/// Where in the vector dimension: `lanes` elements from `column` on; under a
/// mask only the first `count`.
struct NestPlace {
  mlir::Value column;
  int64_t lanes;
  mlir::Value mask = {}, count = {};
};

class NestEmitter {
public:
  NestEmitter(const NestPlan &plan, mlir::OpBuilder &b, mlir::Location loc)
      : plan(plan), spec(plan.spec), b(b), loc(loc) {}
  mlir::func::FuncOp emit(llvm::StringRef name);

private:
  using Values = llvm::SmallVector<mlir::Value>;

  // NestEmitter.cpp: the loops.
  struct Ranges {
    mlir::Value rowBegin, rowEnd, columnBegin, columnEnd, loopBegin, loopEnd;
    mlir::Value chunk; // which piece of the reduced dimensions
  };
  Ranges decodeTile();
  void emitRow(mlir::Value row, const Ranges &ranges, const NestFrame &tile);
  /// Adds index * stride of `dims` to each address; null for unused ones.
  Values advance(llvm::ArrayRef<mlir::Value> addresses,
                 llvm::ArrayRef<int> dims, mlir::Value linear);
  void emitReducedRow(const Ranges &ranges, const NestFrame &tile,
                      llvm::ArrayRef<mlir::Value> addresses);
  void emitKeptRow(const Ranges &ranges, const NestFrame &tile,
                   llvm::ArrayRef<mlir::Value> addresses);
  void emitVectorRow(const NestPlace &place, const NestFrame &tile,
                     llvm::ArrayRef<mlir::Value> addresses);
  Values emitReducedPass(int pass, const Ranges &ranges, const NestFrame &row,
                         llvm::ArrayRef<mlir::Value> addresses);
  void emitKeptColumns(const Ranges &ranges, const NestFrame &tile,
                       llvm::ArrayRef<mlir::Value> addresses,
                       const NestPlace &place);
  /// Main loop by wide vectors, then masked single ones. `init` holds the
  /// accumulators of the former, then those of the latter.
  Values overColumns(
      mlir::Value begin, mlir::Value end, mlir::ValueRange init,
      llvm::function_ref<Values(const NestPlace &, mlir::ValueRange)> body);
  /// What a pass needs and `frame` does not have yet.
  void emitElementValues(NestFrame &frame, const NestPass &pass,
                         llvm::ArrayRef<mlir::Value> addresses,
                         const NestPlace &place);
  void storeElements(const NestPass &pass, const NestFrame &frame,
                     llvm::ArrayRef<mlir::Value> addresses,
                     const NestPlace &place);
  /// What one pass does at one place; returns the accumulators.
  Values emitElement(int pass, const NestFrame &row,
                     llvm::ArrayRef<mlir::Value> addresses,
                     const NestPlace &place, mlir::Value position,
                     mlir::ValueRange accumulators);
  void emitRowLevel(NestFrame &frame, NestLevel level,
                    llvm::ArrayRef<mlir::Value> addresses,
                    const NestPlace *place);
  void storeRowOutputs(const NestFrame &frame, mlir::Value chunk,
                       llvm::ArrayRef<mlir::Value> addresses,
                       const NestPlace *place);
  Values loop(mlir::Value begin, mlir::Value end, mlir::Value step,
              mlir::ValueRange init,
              llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);

  // NestValues.cpp: frames, loads, stores.
  void findSplats();
  void define(NestFrame &frame, mlir::Value key, mlir::Value value);
  mlir::Value lookup(const NestFrame &frame, mlir::Value key) const;
  void emitOp(NestFrame &frame, mlir::Operation *op);
  mlir::Value emitSplat(mlir::Operation *op);
  mlir::Value load(int input, mlir::Value address, const NestPlace *place);
  mlir::Value loadIndex(mlir::Type element, mlir::Value address,
                        mlir::Value stride, const NestPlace *place);
  mlir::Value loadStrided(mlir::Value buffer, mlir::Value address,
                          mlir::Value stride, const NestPlace &place);
  void store(int output, mlir::Value value, mlir::Value address,
             const NestPlace *place);
  mlir::Value cacheAddress(int cache, mlir::Value position);
  void restore(NestFrame &frame, int cache, const NestPlace &place,
               mlir::Value position);
  void save(const NestFrame &frame, int cache, const NestPlace &place,
            mlir::Value position);
  void prefetchNextRow(llvm::ArrayRef<mlir::Value> addresses,
                       const NestPlace &place);
  NestPlace maskedPlace(mlir::Value column, mlir::Value end);

  // NestAccumulate.cpp: reductions.
  int accumulatorsOf(int pass) const;
  Values neutral(int pass, int64_t lanes);
  /// Without accumulators: what those of one step are.
  Values accumulate(int pass, const NestFrame &frame, const NestPlace &place,
                    mlir::Value position, mlir::ValueRange accumulators);
  Values combine(const NestReduction &reduction, mlir::ValueRange a,
                 mlir::ValueRange c);
  Values combinePass(int pass, mlir::ValueRange a, mlir::ValueRange c);
  /// Halves against halves, until `lanes` are left.
  Values combineLanes(const NestReduction &reduction,
                      mlir::ValueRange accumulators, int64_t lanes);
  Values narrowPass(int pass, mlir::ValueRange accumulators);
  void defineResults(int pass, NestFrame &frame, mlir::ValueRange accumulators,
                     bool acrossLanes);

  // Arithmetic on indices.
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value scalar(int position);
  mlir::Value stride(int access, int dim) { return scalar(access + 1 + dim); }
  static mlir::VectorType vectorOf(mlir::Type element, int64_t lanes) {
    return mlir::VectorType::get({lanes}, element);
  }

  const NestPlan &plan;
  const NestSpec &spec;
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::func::FuncOp func;
  llvm::DenseSet<mlir::Value> splats; // scalars that vectors need
};

} // namespace needle::codegen
