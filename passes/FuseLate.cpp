// FuseLate.cpp - what the sweep over the nodes could not see yet: kernels that
// turn out to have one reader only, and kernels side by side.
#include "FuseGroups.h"

#include "mlir/IR/AffineMap.h"

#include <map>

using namespace mlir;

namespace needle::passes::fuse {

// Only now is it known that nothing else reads what feeds a contraction.
void Grouping::absorbPrologues() {
  constexpr int maxPrologueOps =
      8; // computed again for every tile that needs it
  for (Node &node : graph.nodes) {
    if (node.kind != OpClass::contraction)
      continue;
    for (const Access &access : node.operands) {
      int into = groupOf(&node - graph.nodes.data());
      int from = access.map ? -1 : groupOf(access.root);
      if (from < 0 || from == into || groups[from].kind != Group::Kind::map ||
          groups[from].openOutputs != 1 ||
          graph.find(access.root)->openUses != 1 ||
          groups[from].bodyOps > maxPrologueOps)
        continue;
      Group &a = groups[from], &b = groups[into];
      bool cheap = llvm::all_of(a.members, [&](int member) {
        auto op = dyn_cast<ir::ElementwiseOpInterface>(graph.nodes[member].op);
        return op && op.isCheap();
      });
      int operands = a.inputs.size() + b.inputs.size() + b.openOutputs;
      if (!cheap || a.bodyOps + b.bodyOps > maxBodyOps ||
          operands > maxOperandsAndResults)
        continue;
      llvm::erase(b.inputs, access);
      a.openOutputs = graph.find(access.root)->openUses = 0;
      for (int member : a.members)
        graph.nodes[member].role = Role::prologue;
      merge(from, into, b.level);
    }
  }
}

// Kernels that read the same large operand, or are too small to be worth a
// launch, become one when nothing between them says which runs first.
void Grouping::mergeSiblings() {
  constexpr int64_t smallElements = 32 << 10;
  for (Group &group : groups)
    group.lowestReader = std::numeric_limits<int>::max();
  for (const Node &node : graph.nodes) {
    int reader = groupOf(&node - graph.nodes.data());
    for (int source : reader < 0 ? Numbers() : sourceGroups(node))
      if (source != reader)
        groups[source].lowestReader =
            std::min(groups[source].lowestReader, groups[reader].level);
  }
  using Key = std::tuple<Group::Kind, std::vector<int64_t>,
                         std::vector<int64_t>, void *, void *>;
  std::map<Key, int> last;
  for (int number = 0, end = groups.size(); number < end; ++number) {
    const Group &group = groups[number];
    if (group.parent >= 0 ||
        (group.kind != Group::Kind::map && group.kind != Group::Kind::reduce))
      continue;
    int64_t elements = 1;
    for (int64_t size : group.shape)
      elements *= size;
    SmallVector<Key> keys;
    auto addKey = [&](void *root, const void *map) {
      keys.emplace_back(group.kind, group.shape.vec(), group.axes.vec(), root,
                        const_cast<void *>(map));
    };
    if (elements <= smallElements)
      addKey(nullptr, nullptr);
    for (const Access &access : group.inputs)
      if (access.type.getShape() == group.shape &&
          ir::tensorType(access.root).getNumElements() >= elements)
        addKey(access.root.getAsOpaquePointer(),
               access.map.getAsOpaquePointer());
    int merged = number;
    for (const Key &key : keys) {
      auto [found, isNew] = last.try_emplace(key, merged);
      int other = found->second;
      while (groups[other].parent >= 0)
        other = groups[other].parent;
      if (other != merged && !tryMerge(merged, other))
        merged = other;
      found->second = merged;
    }
  }
}

} // namespace needle::passes::fuse
