// Reduce.cpp - reductions with the elementwise ops around them.
// A kernel is one nest; few but long rows are cut into chunks: a first phase
// writes a partial result per chunk, a second one combines those. What is cut
// depends on shapes and lanes only, so any number of threads gives equal bits.
#include "needle/codegen/kernels/Body.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace needle::codegen {

// A chunk is about one tile of work; with so many tiles no chunks are needed.
static constexpr int64_t chunkElements = 32 << 10;
static constexpr int64_t enoughTiles = 16;

static ArrayRef<int64_t> shapeOf(Value value) {
  return ir::tensorType(value).getShape();
}

// The axes that an op reduces; false when it is no reduction.
static bool reducedAxes(Operation *op, SmallVectorImpl<int64_t> &axes) {
  if (auto reduction = dyn_cast<ir::ReductionOpInterface>(op))
    axes.assign(reduction.getReducedAxes().begin(),
                reduction.getReducedAxes().end());
  else if (auto argmax = dyn_cast<ir::ArgmaxOp>(op))
    axes.push_back(argmax.getAxis());
  else if (auto argmin = dyn_cast<ir::ArgminOp>(op))
    axes.push_back(argmin.getAxis());
  else
    return false;
  return true;
}

static LogicalResult buildSpec(ir::KernelOp op, NestSpec &spec) {
  Block &body = op.getBody().front();
  SmallVector<int64_t> full, axes;
  for (Operation &each : body)
    if (reducedAxes(&each, axes)) {
      llvm::append_range(full, shapeOf(each.getOperand(0)));
      break;
    }
  spec.sizes = full;
  spec.reduced.resize(full.size());
  for (int64_t axis : axes)
    spec.reduced.set(axis);

  auto align = [&](const Access &access, Value value) {
    FailureOr<Access> aligned =
        alignAccess(access, shapeOf(value), full, spec.reduced);
    if (failed(aligned))
      op.emitOpError("has a value whose shape is neither the reduced one nor "
                     "the full one");
    return aligned;
  };
  FailureOr<SmallVector<MapInput, 4>> inputs = bodyInputs(op);
  if (failed(inputs))
    return failure();
  for (const MapInput &input : *inputs) {
    FailureOr<Access> access = align(input.access, input.value);
    if (failed(access))
      return failure();
    spec.inputs.push_back({input.value, input.buffer, *access});
  }
  auto yield = cast<ir::YieldOp>(body.getTerminator());
  SmallVector<Value> wanted(yield.getValues());
  for (auto [i, value] : llvm::enumerate(wanted)) {
    FailureOr<Access> access = align(rowMajor(shapeOf(value)), value);
    if (failed(access))
      return failure();
    spec.outputs.push_back({value,
                            {BufferUse::Kind::result, int64_t(i)},
                            *access,
                            shapeOf(value) == ArrayRef<int64_t>(full)});
  }
  return collectOps(spec, wanted, full);
}

static void addPhase(KernelPlan &plan, std::shared_ptr<NestPlan> nest,
                     const TargetInfo &target) {
  if (nest->tiles == 0)
    return;
  KernelPhase phase;
  phase.tiles = nest->tiles;
  phase.scratchBytes = nest->scratchBytes;
  phase.work = nest->work;
  phase.calls.push_back(callNest(nest, target));
  plan.phases.push_back(std::move(phase));
}

// ---- chunks -----------------------------------------------------------------

// Whether there are chunks depends on what a batch does not change: one phase
// or two are different functions, and another batch size compiles none.
static std::optional<NestChunks> chooseChunks(const NestPlan &plan) {
  const NestSpec &spec = plan.spec;
  if (plan.passes.size() != 1 || llvm::is_contained(spec.sizes, 0))
    return std::nullopt;
  if (llvm::any_of(spec.outputs, [](const NestOutput &o) { return o.whole; }))
    return std::nullopt;
  if (llvm::any_of(spec.reductions, [](const NestReduction &reduction) {
        return isArgReduction(reduction.op);
      }))
    return std::nullopt;
  int64_t rows = 1, loops = 1, columns = spec.sizes.back();
  for (int d : plan.rowDims)
    rows *= spec.sizes[d];
  for (int d : plan.loopDims)
    loops *= spec.sizes[d];
  // As many tiles as there may be without cutting what is reduced.
  int64_t tiles = plan.vectorReduced
                      ? rows
                      : rows * llvm::divideCeil(columns, plan.lanes * 4);
  if (tiles >= enoughTiles)
    return std::nullopt;
  NestChunks chunks;
  if (plan.vectorReduced) {
    chunks.vectorBlock = std::min(columns, chunkElements);
    chunks.loopBlock = std::max<int64_t>(1, chunkElements / columns);
    return chunks;
  }
  int64_t width = std::min<int64_t>(columns, 1024);
  chunks.loopBlock = std::max<int64_t>(64, chunkElements / width);
  // A short rest is no chunk of its own.
  if (loops < 2 * chunks.loopBlock)
    chunks.loopBlock = loops;
  return chunks;
}

// The strides of a dense tensor of the kept dimensions; others have none.
static Access keptAccess(const NestSpec &spec, int64_t innermost) {
  Access access;
  access.strides.assign(spec.sizes.size(), 0);
  for (size_t d = spec.sizes.size(); d-- > 0;)
    if (!spec.reduced[d]) {
      access.strides[d] = innermost;
      innermost *= spec.sizes[d];
    }
  return access;
}

static Access inDims(const Access &access, ArrayRef<int> dims) {
  Access picked{access.offset, {}};
  for (int d : dims)
    picked.strides.push_back(d < 0 ? 0 : access.strides[d]);
  return picked;
}

static void planChunked(const NestPlan &whole, NestChunks chunks,
                        const TargetInfo &target, KernelPlan &plan) {
  const NestSpec &spec = whole.spec;
  auto blocks = [](int64_t size, int64_t block) {
    return block ? llvm::divideCeil(size, block) : 1;
  };
  int64_t loops = 1, kept = 1;
  for (int d : whole.loopDims)
    loops *= spec.sizes[d];
  for (size_t d = 0; d < spec.sizes.size(); ++d)
    kept *= spec.reduced[d] ? 1 : spec.sizes[d];
  int64_t count =
      blocks(loops, chunks.loopBlock) *
      (whole.vectorReduced ? blocks(spec.sizes.back(), chunks.vectorBlock) : 1);

  // Partial results: [kept][chunk] where lanes are combined, so that chunks are
  // next to each other; else [chunk][kept].
  chunks.stride = whole.vectorReduced ? 1 : kept;
  Access partial = keptAccess(spec, whole.vectorReduced ? count : 1);
  NestSpec first = spec, second;
  first.ops.clear();
  first.outputs.clear();
  for (Operation *op : spec.ops)
    (whole.levelOf(op->getResult(0)).pass == 0 ? first : second)
        .ops.push_back(op);

  SmallVector<int> dims;
  for (size_t d = 0; d < spec.sizes.size(); ++d)
    if (!spec.reduced[d])
      dims.push_back(d);
  dims.insert(whole.vectorReduced ? dims.end() : dims.begin(), -1);
  for (int d : dims) {
    second.sizes.push_back(d < 0 ? count : spec.sizes[d]);
    second.reduced.push_back(d < 0);
  }
  second.aliases = spec.aliases;
  second.owned = std::make_shared<Block>();
  for (const NestReduction &reduction : spec.reductions) {
    BufferUse buffer{BufferUse::Kind::workspace, plan.workspaceBytes};
    first.outputs.push_back({reduction.result, buffer, partial, false});
    Type element = ir::tensorType(reduction.result).getElementType();
    Value read = second.owned->addArgument(RankedTensorType::get({}, element),
                                           reduction.op->getLoc());
    Access access = inDims(partial, dims);
    for (auto [d, stride] : llvm::zip(dims, access.strides))
      stride = d < 0 ? chunks.stride : stride;
    second.inputs.push_back({read, buffer, access});
    second.reductions.push_back({reduction.op, read, reduction.result});
    plan.workspaceBytes +=
        llvm::alignTo(count * kept * (element.getIntOrFloatBitWidth() / 8), 64);
  }
  // What is known before the pass may be needed after it, too.
  for (auto [i, input] : llvm::enumerate(spec.inputs))
    if (whole.inputLevels[i].kind != NestLevel::element)
      second.inputs.push_back(
          {input.value, input.buffer, inDims(input.access, dims)});
  SmallVector<Operation *> before;
  for (Operation *op : first.ops)
    if (whole.levelOf(op->getResult(0)).kind != NestLevel::element)
      before.push_back(op);
  second.ops.insert(second.ops.begin(), before.begin(), before.end());
  for (const NestOutput &output : spec.outputs)
    second.outputs.push_back(
        {output.value, output.buffer, inDims(output.access, dims), false});
  // One chunk is a dimension, too: the function is the same for many.
  mergeDimensions(second, int(llvm::find(dims, -1) - dims.begin()));
  addPhase(plan, planNest(first, target, std::nullopt, chunks), target);
  addPhase(plan, planNest(second, target), target);
}

LogicalResult planReduce(ir::KernelOp op, const TargetInfo &target,
                         KernelPlan &plan) {
  NestSpec spec;
  if (failed(buildSpec(op, spec)))
    return failure();
  mergeDimensions(spec);
  std::shared_ptr<NestPlan> nest = planNest(spec, target);
  if (auto chunks = chooseChunks(*nest))
    planChunked(*nest, *chunks, target, plan);
  else
    addPhase(plan, nest, target);
  return success();
}

} // namespace needle::codegen
