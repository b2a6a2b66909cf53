// Map.h - elementwise bodies over a tiled iteration space: whole kernels of
// kind "map", and the epilogue of a contraction on its hot tile.
#pragma once

#include "needle/codegen/kernels/Kernel.h"

#include <memory>
#include <optional>

namespace needle::codegen {

/// A value of the body that is read from memory.
struct MapInput {
  mlir::Value value;
  BufferUse buffer;
  Access access; // one stride per dimension of MapSpec::shape
};

/// A value of the body that is written: row-major and dense over the shape, or
/// where `access` says (no element twice).
struct MapOutput {
  mlir::Value value;
  BufferUse buffer;
  std::optional<Access> access = std::nullopt;
};

/// How tiles cut the iteration space: the last dimension are the columns, all
/// before it, linearised, the rows. Rows come in groups (a batch of a
/// contraction); tile t is column block t % c of row block (t / c) % r of group
/// t / (c * r), where c and r are the blocks per group.
struct MapTiling {
  int64_t rowsPerGroup = 0;
  int64_t rowBlock = 0;
  int64_t columnBlock = 0;
};

/// Elementwise ops (and iota, linear_index) of `body` from `inputs` to
/// `outputs`. An output may share its buffer with an input of equal access:
/// every element is read before it is written.
struct MapSpec {
  llvm::SmallVector<int64_t> shape;
  mlir::Block *body = nullptr;
  llvm::SmallVector<MapInput, 4> inputs;
  llvm::SmallVector<MapOutput, 4> outputs;
  /// Unset: the emitter collapses dimensions and chooses tiles by itself.
  std::optional<MapTiling> tiling;
  /// Keeps values alive that are in no kernel's body.
  std::shared_ptr<mlir::Block> owned;
};

/// The call that computes one tile; `tiles` receives how many there are.
mlir::FailureOr<KernelCall>
planMapCall(const MapSpec &spec, const TargetInfo &target, int64_t &tiles);

} // namespace needle::codegen
