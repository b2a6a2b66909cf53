// FuseGraph.h - one block as Fuse sees it: who reads whose elements, and how.
#pragma once

#include "needle/ir/Ops.h"

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/DenseMap.h"

namespace needle::passes::fuse {

/// What an op can be part of.
enum class OpClass {
  source,      // computed by every kernel that reads it
  constant,    // a table in memory
  view,        // an index map of the kernels that read it
  copy,        // a view whose elements must lie in memory by themselves
  alias,       // a view that is its operand's memory under another shape
  elementwise, // anything over one shape
  reduction,
  contraction,
  single, // a kernel of its own
  host,   // the interpreter runs it
  opaque, // no kernel: it holds a region, or is one already
  terminator
};

/// The elements an operand is read from: element i is root[map(i)].
struct Access {
  mlir::Value root;
  mlir::AffineMap map;         // null: the identity
  mlir::RankedTensorType type; // of the operand: root's shape under the map
  bool operator==(const Access &other) const = default;
};

/// How a member takes part in its kernel.
enum class Role {
  full,    // over the kernel's iteration shape; after a contraction
  reduced, // over the shape that reductions leave
  prologue // before a contraction
};

struct Node {
  mlir::Operation *op = nullptr;
  OpClass kind = OpClass::opaque;
  llvm::SmallVector<Access, 3> operands;
  int group = -1;
  Role role = Role::full;
  int openUses = 0; // reads of its results by nodes that no group has yet
  bool needsMemory = false; // something reads it that takes plain tensors only
};

/// The ops of a block in order; an index names one.
class BlockGraph {
public:
  /// `target` may be null: nothing is interpreted then.
  BlockGraph(mlir::Block &block, ir::TargetAttr target);

  llvm::SmallVector<Node, 0> nodes;
  mlir::Block &block;

  /// The node of an op, or that makes a value; -1: none, an argument.
  int indexOf(mlir::Operation *op) const;
  int indexOf(mlir::Value value) const {
    return indexOf(value.getDefiningOp());
  }
  Node *find(mlir::Value value) {
    int index = indexOf(value);
    return index < 0 ? nullptr : &nodes[index];
  }
  /// Whether the reader's kernel computes the root for itself rather than
  /// reading it.
  bool isInline(const Node &reader, const Access &access) const;

private:
  OpClass classify(mlir::Operation *op) const;
  Access resolve(mlir::Value value) const;
  void findNeedsMemory();

  ir::TargetAttr target;
  llvm::DenseMap<mlir::Operation *, int> indices;
  llvm::DenseMap<mlir::Value, Access> views;
};

} // namespace needle::passes::fuse
