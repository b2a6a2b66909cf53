// FuseGroups.cpp - one sweep that gives every node a kernel.
#include "FuseGroups.h"

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace needle::passes::fuse {
namespace {

using Dims = ArrayRef<int64_t>;

Dims shapeOf(const Node &node) {
  return ir::tensorType(node.op->getResult(0)).getShape();
}

/// The shapes that a reduction of `group` can leave, and the one it reads.
enum class Form { full, keepDims, dropDims, other };

Form reducedFormOf(Dims shape, const Group &group) {
  if (group.kind != Group::Kind::reduce)
    return Form::other;
  SmallVector<int64_t> keep(group.shape), drop;
  for (auto [axis, size] : llvm::enumerate(group.shape))
    if (llvm::is_contained(group.axes, axis))
      keep[axis] = 1;
    else
      drop.push_back(size);
  if (shape == Dims(keep))
    return Form::keepDims;
  return shape == Dims(drop) ? Form::dropDims : Form::other;
}

/// The map with which something over `reader` sees each row's own value in a
/// tensor of form `root`, written as views write it.
AffineMap rowMap(Form root, Form reader, const Group &group,
                 MLIRContext *context) {
  SmallVector<AffineExpr> exprs;
  int64_t dropped = 0;
  for (auto [axis, size] : llvm::enumerate(group.shape)) {
    bool reduced = llvm::is_contained(group.axes, axis);
    int64_t dimension = reader == Form::dropDims ? axis - dropped : axis;
    dropped += reduced;
    if (reduced && root == Form::dropDims)
      continue;
    exprs.push_back(reduced || size == 1
                        ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(dimension, context));
  }
  int64_t rank = group.shape.size();
  return AffineMap::get(reader == Form::dropDims ? rank - dropped : rank, 0,
                        exprs, context);
}

Dims axesOf(const Node &node) {
  return cast<ir::ReductionOpInterface>(node.op).getReducedAxes();
}

} // namespace

bool Group::isDeepReduction() const {
  constexpr int64_t manyElements = 1 << 16, fewRows = 16;
  int64_t elements = 1, rows = 1;
  for (auto [axis, size] : llvm::enumerate(shape)) {
    elements *= size;
    rows *= llvm::is_contained(axes, axis) ? 1 : size;
  }
  return kind == Kind::reduce && elements >= manyElements && rows < fewRows;
}

Grouping::Grouping(BlockGraph &graph, int maxBodyOps, raw_ostream *log)
    : graph(graph), maxBodyOps(maxBodyOps), log(log) {
  for (size_t node = 0; node < graph.nodes.size(); ++node)
    place(node);
  absorbPrologues();
  mergeSiblings();
}

int Grouping::groupOf(int node) const {
  int group = graph.nodes[node].group;
  while (group >= 0 && groups[group].parent >= 0)
    group = groups[group].parent;
  graph.nodes[node].group = group; // shortens the next walk
  return group;
}

Grouping::Numbers Grouping::sourceGroups(const Node &node) const {
  Numbers sources;
  for (const Access &access : node.operands) {
    int group = graph.isInline(node, access) ? -1 : groupOf(access.root);
    if (group >= 0 && !llvm::is_contained(sources, group))
      sources.push_back(group);
  }
  return sources;
}

// ---- the sweep --------------------------------------------------------------

void Grouping::place(int number) {
  Node &node = graph.nodes[number];
  Numbers sources;
  Reason reason = nullptr;
  switch (node.kind) {
  case OpClass::view:
  case OpClass::constant:
  case OpClass::terminator:
    return;
  case OpClass::source:
    if (node.needsMemory)
      startGroup(number, Group::Kind::map);
    return;
  case OpClass::alias:
  case OpClass::opaque:
    return startGroup(number, Group::Kind::none);
  case OpClass::single:
    return startGroup(number, Group::Kind::single);
  case OpClass::contraction:
    return startGroup(number, Group::Kind::contract);
  case OpClass::host:
    if (tryJoinHost(number, sourceGroups(node)))
      startGroup(number, Group::Kind::host);
    return;
  case OpClass::copy:
  case OpClass::elementwise:
  case OpClass::reduction:
    sources = sourceGroups(node);
    break;
  }

  // The most work is saved by staying with a contraction, then a reduction.
  Numbers candidates;
  llvm::copy_if(sources, std::back_inserter(candidates),
                [&](int group) { return groups[group].isFusible(); });
  llvm::stable_sort(candidates, [&](int a, int b) {
    return std::pair(groups[a].kind, groups[a].level) >
           std::pair(groups[b].kind, groups[b].level);
  });
  for (int group : candidates) {
    if (groups[group].parent >= 0)
      continue;
    if (!roleIn(node, groups[group])) {
      reason = "it reads another shape, other axes or through a view";
      continue;
    }
    for (int other : candidates)
      if (other != group && groups[other].parent < 0 &&
          roleIn(node, groups[other]))
        tryMerge(other, group);
    reason = tryJoin(number, group, sources);
    if (!reason)
      return;
  }
  startGroup(number, node.kind == OpClass::reduction ? Group::Kind::reduce
                                                     : Group::Kind::map);
  if (log && reason)
    *log << "fuse: " << node.op->getLoc() << ": " << node.op->getName()
         << " starts a kernel: " << reason << '\n';
}

void Grouping::startGroup(int number, Group::Kind kind) {
  Node &node = graph.nodes[number];
  Group group;
  group.kind = kind;
  if (kind == Group::Kind::reduce) {
    group.shape = node.operands[0].type.getShape();
    group.axes = axesOf(node);
  } else if (group.isFusible()) {
    group.shape = shapeOf(node);
  }
  for (int source : sourceGroups(node))
    group.level = std::max(group.level, groups[source].level + 1);
  groups.push_back(std::move(group));
  add(number, groups.size() - 1,
      kind == Group::Kind::reduce ? Role::reduced : Role::full);
}

void Grouping::add(int number, int target, Role role) {
  Node &node = graph.nodes[number];
  Group &group = groups[target];
  node.group = target;
  node.role = role;
  group.members.push_back(number);
  ++group.bodyOps;
  group.openOutputs += node.openUses > 0;
  for (const Access &access : node.operands) {
    if (graph.isInline(node, access)) {
      ++group.bodyOps;
      continue;
    }
    int source = groupOf(access.root);
    if (source == target) {
      Node &maker = *graph.find(access.root);
      group.openOutputs -= --maker.openUses == 0;
      continue;
    }
    if (source >= 0)
      groups[source].lowestReader =
          std::min(groups[source].lowestReader, group.level);
    if (!llvm::is_contained(group.inputs, access))
      group.inputs.push_back(access);
  }
}

// ---- conditions -------------------------------------------------------------

// Whether a member may read `access`, which is of a member of the same group.
bool Grouping::fits(const Access &access, Role role, const Group &group) const {
  Role maker = graph.nodes[graph.indexOf(access.root)].role;
  if (maker == role && !access.map)
    return true;
  if (maker != Role::reduced || !access.map)
    return false;
  Form root = reducedFormOf(ir::tensorType(access.root).getShape(), group);
  Form reader = role == Role::full
                    ? Form::full
                    : reducedFormOf(access.type.getShape(), group);
  return root != Form::other && reader != Form::other &&
         access.map == rowMap(root, reader, group, access.map.getContext());
}

std::optional<Role> Grouping::roleIn(const Node &node,
                                     const Group &group) const {
  int number = &group - groups.data();
  auto allFit = [&](Role role) {
    return llvm::all_of(node.operands, [&](const Access &access) {
      return groupOf(access.root) != number || graph.isInline(node, access) ||
             fits(access, role, group);
    });
  };
  if (node.kind == OpClass::reduction) {
    if (group.kind != Group::Kind::contract &&
        node.operands[0].type.getShape() == group.shape &&
        (group.kind == Group::Kind::map || group.axes == axesOf(node)) &&
        allFit(Role::full))
      return Role::reduced;
    return std::nullopt;
  }
  if (shapeOf(node) == group.shape && !group.isDeepReduction() &&
      allFit(Role::full))
    return Role::full;
  if (reducedFormOf(shapeOf(node), group) != Form::other &&
      allFit(Role::reduced))
    return Role::reduced;
  return std::nullopt;
}

int Grouping::addedInputs(const Node &node, int target) const {
  int count = 0;
  for (const Access &access : node.operands)
    count += !graph.isInline(node, access) && groupOf(access.root) != target &&
             !llvm::is_contained(groups[target].inputs, access);
  return count;
}

Reason Grouping::tryJoin(int number, int target, ArrayRef<int> sources) {
  Node &node = graph.nodes[number];
  Group &group = groups[target];
  std::optional<Role> role = roleIn(node, group);
  if (!role)
    return "it reads another shape, other axes or through a view";
  int level = group.level;
  for (int source : sources) {
    while (groups[source].parent >= 0)
      source = groups[source].parent;
    if (source != target)
      level = std::max(level, groups[source].level + 1);
  }
  if (level >= group.lowestReader)
    return "a kernel would have to run before and after another one";
  int inlined = llvm::count_if(node.operands, [&](const Access &access) {
    return graph.isInline(node, access);
  });
  if (group.bodyOps + 1 + inlined > maxBodyOps)
    return "the kernel has enough ops";
  int outputs = group.openOutputs + (node.openUses > 0);
  SmallVector<Value, 3> counted;
  for (const Access &access : node.operands) {
    if (groupOf(access.root) != target || graph.isInline(node, access) ||
        llvm::is_contained(counted, access.root))
      continue;
    counted.push_back(access.root);
    outputs -= graph.find(access.root)->openUses ==
               llvm::count_if(node.operands, [&](const Access &other) {
                 return other.root == access.root;
               });
  }
  if (static_cast<int>(group.inputs.size()) + addedInputs(node, target) +
          outputs >
      maxOperandsAndResults)
    return "the kernel has enough operands and results";
  if (node.kind == OpClass::reduction && group.kind == Group::Kind::map) {
    group.kind = Group::Kind::reduce;
    group.axes = axesOf(node);
    if (group.isDeepReduction() && outputs > (node.openUses > 0)) {
      group.kind = Group::Kind::map;
      group.axes = {};
      return "the reduction is cut along the axes it reduces";
    }
  }
  group.level = level;
  add(number, target, *role);
  return nullptr;
}

Reason Grouping::tryJoinHost(int number, ArrayRef<int> sources) {
  int target = -1;
  int level = 0;
  for (int source : sources) {
    level = std::max(level, groups[source].level + 1);
    if (groups[source].kind == Group::Kind::host &&
        (target < 0 || groups[source].level > groups[target].level))
      target = source;
  }
  if (target < 0) { // the last one: it runs as late as any
    auto last = llvm::find_if(llvm::reverse(groups), [](const Group &group) {
      return group.kind == Group::Kind::host;
    });
    if (last == groups.rend())
      return "there is no kernel for the host yet";
    target = &*last - groups.data();
  }
  Group &group = groups[target];
  bool others = llvm::any_of(sources, [&](int source) {
    return source != target && groups[source].level + 1 > group.level;
  });
  if (others) {
    int needed = group.level;
    for (int source : sources)
      if (source != target)
        needed = std::max(needed, groups[source].level + 1);
    if (needed >= group.lowestReader)
      return "a kernel would have to run before and after another one";
    group.level = needed;
  }
  add(number, target, Role::full);
  return nullptr;
}

// ---- merging ----------------------------------------------------------------

Reason Grouping::tryMerge(int from, int into) {
  if (groups[from].kind > groups[into].kind)
    std::swap(from, into);
  Group &a = groups[from], &b = groups[into];
  bool alike =
      a.kind == Group::Kind::map
          ? a.shape == b.shape || reducedFormOf(a.shape, b) != Form::other
          : a.kind == Group::Kind::reduce && b.kind == a.kind &&
                a.shape == b.shape && a.axes == b.axes;
  if (!alike)
    return "the kernels have other shapes or axes";
  if (a.kind == Group::Kind::map && a.shape == b.shape && a.openOutputs &&
      b.isDeepReduction())
    return "the reduction is cut along the axes it reduces";
  int level = std::max(a.level, b.level);
  if (level >= std::min(a.lowestReader, b.lowestReader))
    return "a kernel would have to run before and after another one";
  int inputs = a.inputs.size() + b.inputs.size();
  for (const Access &access : a.inputs)
    inputs -= llvm::is_contained(b.inputs, access);
  if (a.bodyOps + b.bodyOps >= maxBodyOps ||
      inputs + a.openOutputs + b.openOutputs > maxOperandsAndResults)
    return "the kernel has enough ops or operands";
  merge(from, into, level);
  return nullptr;
}

void Grouping::merge(int from, int into, int level) {
  Group &a = groups[from], &b = groups[into];
  if (a.kind == Group::Kind::map && a.shape != b.shape &&
      b.kind == Group::Kind::reduce)
    for (int member : a.members)
      graph.nodes[member].role = Role::reduced;
  b.members.append(a.members);
  for (const Access &access : a.inputs)
    if (!llvm::is_contained(b.inputs, access))
      b.inputs.push_back(access);
  b.bodyOps += a.bodyOps;
  b.openOutputs += a.openOutputs;
  b.level = level;
  b.lowestReader = std::min(a.lowestReader, b.lowestReader);
  a.parent = into;
  a.members.clear();
}

} // namespace needle::passes::fuse
