// Canonicalize.h - a recorded graph as canonical words and as runtime/Graph.h.
// Depth first from the roots, inputs in order, so that neither addresses nor
// the order of recording nor (but for index ops, whose errors name it) the
// user's line matter. Equal words are the same program.
#pragma once

#include "needle/frontend/Record.h"
#include "needle/frontend/Region.h"
#include "needle/runtime/Graph.h"

#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace needle::detail {

enum class WalkMode : uint8_t {
  evaluate, // C++ numbers are arguments
  jit,      // they are constants; what was recorded outside is an argument
  region    // the body of a scan
};

/// The nodes that a program computes from its arguments. Used under
/// graphMutex(): it writes Node::visit.
class Walk {
public:
  enum class Kind : uint8_t { argument, lifted, op, alias, projection };
  struct Entry {
    Node *node;
    Kind kind;
    uint32_t uses = 0; // by other entries
  };
  struct Output {
    uint32_t entry;
    int32_t result = -1;  // of an op of several results
    int64_t updates = -1; // entry of the argument whose next value it is
    std::string name;
  };

  explicit Walk(WalkMode mode, const Region *region = nullptr);
  /// An argument at this position, whether or not it is used.
  void addArgument(Node *node);
  /// One output each, in order.
  void addRoots(std::span<Node *const> roots);
  /// C++ numbers become arguments: those that are not plain, and those that
  /// were another number in an earlier graph that was the same otherwise. A
  /// loop whose numbers change compiles at most twice.
  void liftNumbers();
  /// Interior nodes that somebody else holds, too, become outputs.
  void keepHeld();

  bool isVisited(const Node *node) const {
    return node->visit < entries.size() && entries[node->visit].node == node;
  }
  /// Position in `entries`, or in the captures behind them in a region.
  uint32_t position(const Node *node) const;
  /// In a region: a value of outside.
  bool isCaptured(const Node *node) const {
    return region && captured.count(node);
  }
  void appendWords(std::vector<uint64_t> &words) const;

  std::vector<Entry> entries; // operands before users
  std::vector<Output> outputs;
  WalkMode mode;
  const Region *region;

private:
  void visit(Node *root);
  bool isLeaf(const Node *node) const;
  /// Realized nodes that a gradient has to look behind.
  void findHistory(std::span<Node *const> roots);
  std::unordered_set<const Node *> expanded;
  std::unordered_map<const Node *, uint32_t> captured;
};

/// Is this a number worth knowing when compiling: 0, 1, -1, 2, or a boolean?
bool isPlainNumber(const Node *full);
Role roleOf(const Node *argument, WalkMode mode);
/// The body of a scan; null for other ops.
const Region *regionOf(const Node *node);
bool isGradient(const Node *node);
size_t firstWrt(const Node *gradient);

/// The graph of a walk for the compiler.
Graph buildGraph(const Walk &walk, const std::string &name);
/// The entries of a program's arguments in order.
std::vector<uint32_t> argumentEntries(const Walk &walk);

} // namespace needle::detail
