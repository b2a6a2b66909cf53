// Map.cpp - elementwise bodies: whole kernels and epilogues on a hot tile.
#include "needle/codegen/kernels/Body.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace needle::codegen {

FailureOr<KernelCall> planMapCall(const MapSpec &spec, const TargetInfo &target,
                                  int64_t &tiles) {
  NestSpec nest;
  nest.owned = spec.owned;
  nest.sizes = spec.shape;
  if (nest.sizes.empty())
    nest.sizes.push_back(1);
  size_t rank = nest.sizes.size();
  nest.reduced.resize(rank);
  auto ranked = [&](Access access) {
    access.strides.resize(rank);
    return access;
  };
  Access dense = rowMajor(spec.shape);
  SmallVector<Value> wanted;
  for (const MapInput &input : spec.inputs)
    nest.inputs.push_back({input.value, input.buffer, ranked(input.access)});
  for (const MapOutput &output : spec.outputs) {
    nest.outputs.push_back(
        {output.value, output.buffer, ranked(output.access.value_or(dense))});
    wanted.push_back(output.value);
  }
  if (failed(collectOps(nest, wanted, spec.shape)))
    return failure();

  // The last dimension are the columns: the one that a row walks.
  if (spec.tiling)
    nest.reduced.set(rank - 1);
  mergeDimensions(nest, spec.tiling ? int(nest.sizes.size()) - 1 : -1);
  nest.reduced.set(nest.sizes.size() - 1);
  // A single element needs no vectors: it is its row's one result.
  if (nest.sizes == ArrayRef<int64_t>{1} && !spec.tiling)
    for (NestOutput &output : nest.outputs)
      output.whole = false;
  std::shared_ptr<NestPlan> plan = planNest(nest, target, spec.tiling);
  tiles = plan->tiles;
  return callNest(plan, target);
}

LogicalResult planMap(ir::KernelOp op, const TargetInfo &target,
                      KernelPlan &plan) {
  MapSpec spec;
  Block &body = op.getBody().front();
  spec.body = &body;
  auto yield = cast<ir::YieldOp>(body.getTerminator());
  spec.shape.assign(ir::tensorType(op.getResult(0)).getShape().begin(),
                    ir::tensorType(op.getResult(0)).getShape().end());
  FailureOr<SmallVector<MapInput, 4>> inputs = bodyInputs(op);
  if (failed(inputs))
    return failure();
  spec.inputs = *inputs;
  for (auto [i, value] : llvm::enumerate(yield.getValues()))
    spec.outputs.push_back(
        {value, {BufferUse::Kind::result, int64_t(i)}, std::nullopt});
  KernelPhase phase;
  FailureOr<KernelCall> call = planMapCall(spec, target, phase.tiles);
  if (failed(call))
    return failure();
  if (phase.tiles == 0)
    return success();
  phase.work = ir::tensorType(op.getResult(0)).getNumElements();
  phase.calls.push_back(std::move(*call));
  plan.phases.push_back(std::move(phase));
  return success();
}

} // namespace needle::codegen
