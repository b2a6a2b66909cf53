// FuseKernels.cpp - replace the groups of a block by needle.kernel ops.
#include "FuseGroups.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace needle::passes::fuse {
namespace {

StringRef nameOf(Group::Kind kind) {
  switch (kind) {
  case Group::Kind::map:
    return "map";
  case Group::Kind::reduce:
    return "reduce";
  case Group::Kind::contract:
    return "contract";
  case Group::Kind::single:
    return "single";
  case Group::Kind::host:
  case Group::Kind::none:
    break;
  }
  return "host";
}

/// Makes one kernel: the body first, whose reads say what the operands are.
class KernelBuilder {
public:
  KernelBuilder(const Grouping &grouping, int number)
      : grouping(grouping), graph(grouping.graph), number(number),
        group(grouping.groups[number]),
        b(graph.block.getParentOp()->getContext()), body(new Block) {}

  /// `values` maps what the block's ops made to what kernels make instead.
  void build(IRMapping &values) {
    SmallVector<int, 4> members = group.members;
    llvm::sort(members);
    b.setInsertionPointToEnd(body);
    SmallVector<Location> locations;
    for (int member : members) {
      addMember(graph.nodes[member]);
      locations.push_back(graph.nodes[member].op->getLoc());
    }
    SmallVector<Value> old, made;
    for (int member : members)
      for (Value result : graph.nodes[member].op->getResults())
        if (isOutput(result, graph.nodes[member])) {
          old.push_back(result);
          made.push_back(mapping.lookup(result));
        }
    Location loc = b.getFusedLoc(locations);
    ir::YieldOp::create(b, loc, made);

    SmallVector<Value> operands;
    SmallVector<Attribute> maps;
    for (const Access &input : inputs) {
      operands.push_back(values.lookupOrDefault(input.root));
      maps.push_back(AffineMapAttr::get(
          input.map ? input.map
                    : b.getMultiDimIdentityMap(input.type.getRank())));
    }
    b.setInsertionPoint(graph.block.getTerminator());
    auto kernel = ir::KernelOp::create(
        b, loc, TypeRange(ValueRange(old)), operands,
        b.getStringAttr(nameOf(group.kind)), b.getArrayAttr(maps));
    kernel.getBody().push_back(body);
    values.map(ValueRange(old), kernel.getResults());
  }

private:
  // A group's own reads of a result have been counted off openUses.
  bool isOutput(Value result, const Node &node) const {
    if (node.op->getNumResults() == 1)
      return node.openUses > 0;
    return llvm::any_of(result.getUsers(), [&](Operation *user) {
      return grouping.groupOf(graph.indexOf(user)) != number;
    });
  }

  void addMember(const Node &node) {
    if (node.kind == OpClass::copy) {
      mapping.map(node.op->getResult(0), read(node.operands[0], node));
      return;
    }
    SmallVector<Value> operands;
    for (const Access &access : node.operands)
      operands.push_back(read(access, node));
    Operation *clone = b.clone(*node.op, mapping);
    clone->setOperands(operands);
  }

  Value read(const Access &access, const Node &reader) {
    if (graph.isInline(reader, access)) {
      if (!mapping.contains(access.root))
        b.clone(*access.root.getDefiningOp(), mapping);
      return mapping.lookup(access.root);
    }
    if (grouping.groupOf(access.root) == number)
      return access.map ? readReduced(access, reader)
                        : mapping.lookup(access.root);
    auto found = llvm::find(inputs, access);
    if (found != inputs.end())
      return body->getArgument(found - inputs.begin());
    inputs.push_back(access);
    return body->addArgument(access.type, access.root.getLoc());
  }

  // A view of what this kernel reduced: back to its axes, then to every row.
  Value readReduced(const Access &access, const Node &reader) {
    for (auto &[known, value] : views)
      if (known == access)
        return value;
    Value value = mapping.lookup(access.root);
    Location loc = access.root.getLoc();
    auto type = access.type;
    if (reader.role == Role::full || reader.kind == OpClass::reduction) {
      SmallVector<int64_t> keep(group.shape);
      for (int64_t axis : group.axes)
        keep[axis] = 1;
      type = type.clone(keep);
    }
    if (value.getType() != type)
      value = ir::ReshapeOp::create(b, loc, type, value);
    if (type != access.type)
      value = ir::BroadcastToOp::create(b, loc, access.type, value);
    views.emplace_back(access, value);
    return value;
  }

  const Grouping &grouping;
  const BlockGraph &graph;
  int number;
  const Group &group;
  OpBuilder b;
  Block *body;
  IRMapping mapping;
  SmallVector<Access> inputs;
  SmallVector<std::pair<Access, Value>> views;
};

} // namespace

void emitKernels(const Grouping &grouping, ArrayRef<int> order) {
  const BlockGraph &graph = grouping.graph;
  Operation *end = graph.block.getTerminator();
  IRMapping values;
  llvm::DenseSet<Operation *> kept = {end};
  auto replaceOperands = [&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      operand.set(values.lookupOrDefault(operand.get()));
  };
  for (int number : order) {
    const Group &group = grouping.groups[number];
    if (group.kind != Group::Kind::none) {
      KernelBuilder(grouping, number).build(values);
      continue;
    }
    Operation *op = graph.nodes[group.members.front()].op;
    op->moveBefore(end);
    replaceOperands(op);
    kept.insert(op);
  }
  replaceOperands(end);
  for (const Node &node : llvm::reverse(graph.nodes))
    if (!kept.contains(node.op) && node.kind != OpClass::constant)
      node.op->erase();
}

} // namespace needle::passes::fuse
