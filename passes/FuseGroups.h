// FuseGroups.h - which nodes of a block share one kernel.
#pragma once

#include "FuseGraph.h"

#include <limits>

namespace needle::passes::fuse {

/// A kernel in the making, or a single op that stays outside of kernels.
struct Group {
  enum class Kind { map, reduce, contract, single, host, none };
  Kind kind = Kind::none;
  llvm::ArrayRef<int64_t> shape; // iterated over; of a contraction: its result
  llvm::ArrayRef<int64_t> axes;  // reduced
  llvm::SmallVector<int, 4> members;
  llvm::SmallVector<Access, 4> inputs; // from outside, all different
  int bodyOps = 0;
  int openOutputs = 0; // members' results that something outside may read
  /// Every edge between groups goes to a higher level, so there are no cycles.
  int level = 0;
  int lowestReader = std::numeric_limits<int>::max(); // a bound from below
  int parent = -1; // the group this one became part of

  /// A reduction of so much to so few numbers that it is cut along the reduced
  /// axes to keep all threads busy: it can write nothing of its full shape.
  bool isDeepReduction() const;
  bool isFusible() const {
    return kind == Kind::map || kind == Kind::reduce || kind == Kind::contract;
  }
};

/// Keeps kernels small enough to compile and to be told apart; so does the
/// pass's option max-ops.
inline constexpr int maxOperandsAndResults = 16;

/// Why an op did not join the group of an operand; null: it did.
using Reason = const char *;

class Grouping {
public:
  /// `log`, if not null, is told of every op that starts a kernel although an
  /// operand comes from another one, and why. No kernel of several ops holds
  /// more than `maxBodyOps`.
  Grouping(BlockGraph &graph, int maxBodyOps, llvm::raw_ostream *log);

  BlockGraph &graph;
  llvm::SmallVector<Group, 0> groups; // parent < 0: alive

  /// The alive group of a node; -1: none (sources, constants, views).
  int groupOf(int node) const;
  int groupOf(mlir::Value value) const {
    int node = graph.indexOf(value);
    return node < 0 ? -1 : groupOf(node);
  }

private:
  using Numbers = llvm::SmallVector<int, 4>;

  void place(int node);
  void startGroup(int node, Group::Kind kind);
  void add(int node, int group, Role role);
  Reason tryJoin(int node, int group, llvm::ArrayRef<int> sources);
  Reason tryMerge(int a, int b);
  void merge(int from, int into, int level);
  Reason tryJoinHost(int node, llvm::ArrayRef<int> sources);
  std::optional<Role> roleIn(const Node &node, const Group &group) const;
  bool fits(const Access &access, Role role, const Group &group) const;
  void absorbPrologues();
  void mergeSiblings();
  Numbers sourceGroups(const Node &node) const;
  int addedInputs(const Node &node, int group) const;

  int maxBodyOps;
  llvm::raw_ostream *log;
};

/// The kernels and other ops of a block in an order that respects data flow;
/// what updates an argument in place comes after what reads it.
llvm::SmallVector<int> schedule(const Grouping &grouping);

/// Replaces the block's ops by kernels, in the order of `schedule`.
void emitKernels(const Grouping &grouping, llvm::ArrayRef<int> order);

} // namespace needle::passes::fuse
