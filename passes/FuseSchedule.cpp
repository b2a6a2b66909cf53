// FuseSchedule.cpp - the order in which the kernels of a block run.
#include "FuseGroups.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <queue>

using namespace mlir;

namespace needle::passes::fuse {
namespace {

/// The argument that operand `index` of the terminator is the next value of.
Value updatedArgument(Block &block, unsigned index) {
  Operation *parent = block.getParentOp();
  if (auto scan = dyn_cast<ir::ScanOp>(parent))
    return static_cast<int64_t>(index) < scan.getCarries()
               ? block.getArgument(1 + index)
               : Value();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    return {};
  auto number =
      function.getResultAttrOfType<IntegerAttr>(index, "needle.updates");
  return number ? block.getArgument(number.getInt()) : Value();
}

class Scheduler {
public:
  explicit Scheduler(const Grouping &grouping)
      : grouping(grouping), readers(grouping.groups.size()),
        waitingFor(grouping.groups.size()), softReaders(readers.size()),
        softWaitingFor(readers.size()) {
    addDataEdges();
    addUpdateEdges();
    setPriorities();
  }

  SmallVector<int> run() {
    for (size_t group = 0; group < readers.size(); ++group)
      if (isAlive(group) && waitingFor[group] == 0)
        push(group);
    SmallVector<int> order;
    while (!ready.empty() || !putOff.empty()) {
      // An update waits for readers of the old value unless nothing else is
      // left: it would only lose its place in the argument's memory.
      auto &queue = ready.empty() ? putOff : ready;
      auto [priority, group] = queue.top();
      queue.pop();
      if (done[group])
        continue;
      done[group] = true;
      order.push_back(group);
      for (int reader : softReaders[group])
        if (--softWaitingFor[reader] == 0 && waitingFor[reader] == 0)
          push(reader);
      for (int reader : readers[group])
        if (--waitingFor[reader] == 0)
          push(reader);
    }
    return order;
  }

private:
  bool isAlive(int group) const { return grouping.groups[group].parent < 0; }

  void push(int group) {
    done.resize(readers.size());
    Entry entry(priorities[group], group);
    (softWaitingFor[group] ? putOff : ready).push(entry);
  }

  // The place in the program of the op that a kernel started with, or of an
  // earlier one that reads its results: a scalar that all updates need must not
  // hold them back until what they read has piled up.
  void setPriorities() {
    SmallVector<int, 0> lastFirst;
    for (size_t group = 0; group < readers.size(); ++group)
      if (isAlive(group))
        lastFirst.push_back(group);
    llvm::stable_sort(lastFirst, [&](int a, int b) {
      return grouping.groups[a].level > grouping.groups[b].level;
    });
    priorities.resize(readers.size());
    for (int group : lastFirst) {
      priorities[group] = grouping.groups[group].members.front();
      for (int reader : readers[group])
        priorities[group] = std::min(priorities[group], priorities[reader]);
    }
  }

  void addDataEdges() {
    const BlockGraph &graph = grouping.graph;
    for (size_t node = 0; node < graph.nodes.size(); ++node) {
      int reader = grouping.groupOf(node);
      if (reader < 0)
        continue;
      for (const Access &access : graph.nodes[node].operands) {
        int source = graph.isInline(graph.nodes[node], access)
                         ? -1
                         : grouping.groupOf(access.root);
        if (source < 0 || source == reader)
          continue;
        readers[source].push_back(reader);
        ++waitingFor[reader];
      }
    }
  }

  void addUpdateEdges() {
    BlockGraph &graph = grouping.graph;
    llvm::DenseMap<Value, int> updaters;
    Operation *end = graph.block.getTerminator();
    for (OpOperand &operand : end->getOpOperands()) {
      Value argument = updatedArgument(graph.block, operand.getOperandNumber());
      int updater = argument ? grouping.groupOf(operand.get()) : -1;
      if (updater >= 0)
        updaters.try_emplace(argument, updater);
    }
    for (size_t node = 0; node < graph.nodes.size(); ++node) {
      int reader = grouping.groupOf(node);
      if (reader < 0)
        continue;
      for (const Access &access : graph.nodes[node].operands) {
        auto updater = updaters.find(access.root);
        if (updater == updaters.end() || updater->second == reader)
          continue;
        softReaders[reader].push_back(updater->second);
        ++softWaitingFor[updater->second];
      }
    }
  }

  using Entry = std::pair<int, int>; // first member, group
  using Queue = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;

  const Grouping &grouping;
  std::vector<SmallVector<int, 2>> readers;
  std::vector<int> waitingFor, priorities;
  std::vector<SmallVector<int, 1>> softReaders;
  std::vector<int> softWaitingFor;
  std::vector<bool> done;
  Queue ready, putOff;
};

} // namespace

SmallVector<int> schedule(const Grouping &grouping) {
  return Scheduler(grouping).run();
}

} // namespace needle::passes::fuse
