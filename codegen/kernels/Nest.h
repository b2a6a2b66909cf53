// Nest.h - the loop nest under maps and reductions.
// Its dimensions are kept (one row of results each) or reduced (walked once per
// pass over a row). The last one is the vector dimension: reduced, then lanes
// are combined at the end of a pass; or kept, then each lane is a result of its
// own. A map is a nest without reductions whose last dimension counts as
// reduced.
#pragma once

#include "needle/codegen/kernels/Map.h"

#include "llvm/ADT/SmallBitVector.h"

#include <memory>

namespace needle::codegen {

/// A value that memory gives, or (buffer unset) the index itself: then the
/// "address" is the value.
struct NestInput {
  mlir::Value value;
  std::optional<BufferUse> buffer;
  Access access; // one stride per dimension
};

/// `whole` outputs have an element per element of the nest, others one per row.
struct NestOutput {
  mlir::Value value;
  BufferUse buffer;
  Access access;
  bool whole = true;
};

/// `operand`, combined along the reduced dimensions, is `result`.
struct NestReduction {
  mlir::Operation *op = nullptr; // ReductionOpInterface, or argmax, argmin
  mlir::Value operand, result;
};

/// Cuts the reduced dimensions into pieces, one tile each, so that a few long
/// rows still make many tiles; a piece's results lie `stride` elements after
/// those of the piece before it. Only for nests without whole outputs.
struct NestChunks {
  int64_t vectorBlock = 0; // of the vector dimension (0: all of it)
  int64_t loopBlock = 0;   // of the other reduced ones, linearised (0: all)
  int64_t stride = 0;
};

struct NestSpec {
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallBitVector reduced;
  llvm::SmallVector<NestInput, 4> inputs;
  llvm::SmallVector<mlir::Operation *> ops;    // in order, without reductions
  llvm::SmallVector<NestReduction> reductions; // in order
  llvm::SmallVector<NestOutput, 4> outputs;
  /// Values that are others in another shape (reshape, broadcast_to).
  llvm::DenseMap<mlir::Value, mlir::Value> aliases;
  /// Keeps values alive that are in no kernel's body.
  std::shared_ptr<mlir::Block> owned;

  mlir::Value resolve(mlir::Value value) const {
    for (auto it = aliases.find(value); it != aliases.end();
         it = aliases.find(value))
      value = it->second;
    return value;
  }
};

/// When a value is known: once per tile, or in pass `pass` once per row or once
/// per element. Row values of pass p + 1 are known when pass p is over.
struct NestLevel {
  enum Kind { tile, row, element } kind = tile;
  int pass = 0;
};

/// What happens per element in one pass over the reduced dimensions of a row.
struct NestPass {
  llvm::SmallVector<int> loads;             // of the inputs
  llvm::SmallVector<int> restored;          // of NestPlan::caches, read
  llvm::SmallVector<mlir::Operation *> ops; // in order
  llvm::SmallVector<int> saved;             // of NestPlan::caches, written
  llvm::SmallVector<int> reductions;        // of the spec
  llvm::SmallVector<int> outputs;           // whole ones
};

/// Positions in the list of scalar arguments.
struct NestScalars {
  int rowsPerGroup, rowBlock, rowBlocks;
  int columns, columnBlock, columnBlocks; // of the vector dimension
  int loopCount, loopBlock, loopBlocks;   // of the other reduced ones
  int chunkStride;
  llvm::SmallVector<int> sizes;           // per dimension
  llvm::SmallVector<int> inputs, outputs; // offset, then a stride per dimension
  llvm::DenseMap<mlir::Operation *, int> splats; // the bits of numbers that may
                                                 // differ from shape to shape
};

/// A nest after its structure is settled. `scalars`, `tiles`, `scratchBytes`
/// and `work` depend on shapes; all else decides the code and is in its key.
struct NestPlan {
  NestSpec spec;
  int64_t lanes = 1; // of a vector
  /// Vectors that the main loop treats as one, so that the steps of their
  /// computations alternate: what one waits for the others hide.
  int unroll = 1;
  bool vectorReduced = true;
  bool oneVector = false; // a row to reduce fits one
  bool chunked = false;
  llvm::SmallVector<int> rowDims, loopDims; // kept, reduced; not the vector's
  llvm::SmallVector<NestLevel> inputLevels;
  llvm::DenseMap<mlir::Value, NestLevel> levels;
  llvm::SmallVector<NestPass, 3> passes;
  llvm::SmallVector<mlir::Value> caches; // element values kept for later passes
  llvm::SmallVector<mlir::Type> buffers; // element types of buffer arguments
  llvm::SmallVector<BufferUse> bufferUses;
  llvm::SmallVector<int> inputBuffers; // buffer arguments; outputs follow
  NestScalars at;

  llvm::SmallVector<int64_t> scalars;
  int64_t tiles = 0;
  int64_t scratchBytes = 0;
  int64_t work = 0;

  int64_t wideLanes() const { return lanes * unroll; }
  int vectorDim() const { return spec.sizes.size() - 1; }
  NestLevel levelOf(mlir::Value value) const {
    return levels.lookup(spec.resolve(value));
  }
  /// Whether a value of this level is a vector when it is computed.
  bool isVector(NestLevel level) const {
    return level.kind == NestLevel::element ||
           (level.kind == NestLevel::row && !vectorReduced);
  }
};

/// Whether the op seeks a position (argmax, argmin) rather than a value.
bool isArgReduction(mlir::Operation *op);

/// The type that a tensor's elements have between loads and stores: wider than
/// the element type where that is of low precision, but never more precise.
mlir::Type computeTypeOf(mlir::Value tensor);
/// The one value of a tensor that holds no other, in that type.
mlir::TypedAttr splatOf(mlir::Operation *op);

enum class StrideClass { none, unit, other };
StrideClass strideClass(int64_t stride);

/// Drops dimensions of size 1 and merges neighbours of one kind where every
/// access allows it. At least one dimension is left, and `kept` (-1: none) as
/// it is.
void mergeDimensions(NestSpec &spec, int kept = -1);

/// Settles the structure: levels, passes, what is cached, lanes, tiles.
std::shared_ptr<NestPlan> planNest(NestSpec spec, const TargetInfo &target,
                                   std::optional<MapTiling> tiling = {},
                                   std::optional<NestChunks> chunks = {});

/// The call that computes one tile. Its `emit` refers to the ops of the body.
KernelCall callNest(std::shared_ptr<const NestPlan> plan,
                    const TargetInfo &target);

} // namespace needle::codegen
