// Nest.cpp - settles a nest's structure: merged dimensions, levels of values,
// passes, caches, lanes and tiles.
#include "needle/codegen/kernels/Nest.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace needle::codegen {

// Elements per tile: small enough that 2 workers share a small kernel's work,
// large enough that claiming a tile costs nothing beside it.
static constexpr int64_t tileElements = 32 << 10;
// A row's cached values stay in the second-level cache.
static constexpr int64_t cacheBytes = 256 << 10;

StrideClass strideClass(int64_t stride) {
  if (stride == 0)
    return StrideClass::none;
  return stride == 1 ? StrideClass::unit : StrideClass::other;
}

void mergeDimensions(NestSpec &spec, int kept) {
  SmallVector<Access *> accesses;
  for (NestInput &input : spec.inputs)
    accesses.push_back(&input.access);
  for (NestOutput &output : spec.outputs)
    accesses.push_back(&output.access);

  SmallVector<int64_t> sizes;
  llvm::SmallBitVector reduced;
  SmallVector<SmallVector<int64_t>> strides(accesses.size());
  bool isApart = false; // the dimension before is kept
  for (size_t d = 0; d < spec.sizes.size(); ++d) {
    bool isKept = int(d) == kept;
    if (spec.sizes[d] == 1 && !isKept)
      continue;
    // (i, j) -> i * s + j * t is one dimension when s = t * size of j.
    bool merge = !sizes.empty() && !isKept && !isApart &&
                 reduced[sizes.size() - 1] == spec.reduced[d];
    isApart = isKept;
    for (auto [access, merged] : llvm::zip(accesses, strides))
      merge = merge && merged.back() == access->strides[d] * spec.sizes[d];
    if (merge) {
      sizes.back() *= spec.sizes[d];
    } else {
      sizes.push_back(spec.sizes[d]);
      reduced.push_back(spec.reduced[d]);
    }
    for (auto [access, merged] : llvm::zip(accesses, strides)) {
      if (merge)
        merged.back() = access->strides[d];
      else
        merged.push_back(access->strides[d]);
    }
  }
  if (sizes.empty()) {
    sizes.push_back(1);
    reduced.push_back(true);
    for (SmallVector<int64_t> &merged : strides)
      merged.push_back(0);
  }
  spec.sizes = sizes;
  spec.reduced = reduced;
  for (auto [access, merged] : llvm::zip(accesses, strides))
    access->strides = merged;
}

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

static void findDims(NestPlan &plan) {
  int last = plan.vectorDim();
  plan.vectorReduced = plan.spec.reduced[last];
  for (int d = 0; d < last; ++d)
    (plan.spec.reduced[d] ? plan.loopDims : plan.rowDims).push_back(d);
}

static NestLevel inputLevel(const NestPlan &plan, const NestInput &input) {
  ArrayRef<int64_t> strides = input.access.strides;
  NestLevel level;
  for (int d = 0; d <= plan.vectorDim(); ++d) {
    if (strides[d] == 0)
      continue;
    if (plan.spec.reduced[d])
      return {NestLevel::element, 0};
    level.kind = NestLevel::row;
  }
  return level;
}

static void findLevels(NestPlan &plan) {
  const NestSpec &spec = plan.spec;
  for (const NestInput &input : spec.inputs) {
    plan.inputLevels.push_back(inputLevel(plan, input));
    plan.levels[input.value] = plan.inputLevels.back();
  }
  // Reductions and ops are two lists in program order: merge them by need.
  auto *reduction = spec.reductions.begin();
  auto ready = [&](Value value) {
    return plan.levels.contains(spec.resolve(value));
  };
  auto reduce = [&] {
    for (; reduction != spec.reductions.end() && ready(reduction->operand);
         ++reduction)
      plan.levels[reduction->result] = {
          NestLevel::row, plan.levelOf(reduction->operand).pass + 1};
  };
  for (Operation *op : spec.ops) {
    if (!llvm::all_of(op->getOperands(), ready))
      reduce();
    NestLevel level;
    for (Value operand : op->getOperands()) {
      NestLevel of = plan.levelOf(operand);
      level.kind = std::max(level.kind, of.kind);
      level.pass = std::max(level.pass, of.pass);
    }
    plan.levels[op->getResult(0)] = level;
  }
  reduce();
}

// Values whose computation holds an op that is dear to repeat.
static llvm::DenseSet<Value> findDear(const NestPlan &plan) {
  llvm::DenseSet<Value> dear;
  for (Operation *op : plan.spec.ops) {
    if (plan.levelOf(op->getResult(0)).kind != NestLevel::element)
      continue;
    auto elementwise = dyn_cast<ir::ElementwiseOpInterface>(op);
    bool any = elementwise && !elementwise.isCheap();
    for (Value operand : op->getOperands())
      any = any || dear.contains(plan.spec.resolve(operand));
    if (any)
      dear.insert(op->getResult(0));
  }
  return dear;
}

// Lists what each pass does. The last pass goes first, because it says what
// earlier ones must save.
static void findPasses(NestPlan &plan, bool cache) {
  const NestSpec &spec = plan.spec;
  int count = 0;
  for (const NestReduction &reduction : spec.reductions)
    count = std::max(count, plan.levelOf(reduction.operand).pass + 1);
  for (const NestOutput &output : spec.outputs)
    if (output.whole)
      count = std::max(count, plan.levelOf(output.value).pass + 1);
  plan.passes.resize(count);

  llvm::DenseSet<Value> dear = findDear(plan);
  llvm::DenseMap<Value, int> inputs;
  for (auto [i, input] : llvm::enumerate(spec.inputs))
    inputs[input.value] = i;
  auto mayCache = [&](Value value) {
    Type type = computeTypeOf(value);
    return cache && dear.contains(value) && !type.isInteger(1) &&
           (plan.caches.empty() || computeTypeOf(plan.caches[0]) == type);
  };
  for (int p = count; p-- > 0;) {
    NestPass &pass = plan.passes[p];
    SmallVector<Value> wanted;
    for (auto [i, reduction] : llvm::enumerate(spec.reductions))
      if (plan.levelOf(reduction.operand).pass == p) {
        pass.reductions.push_back(i);
        wanted.push_back(reduction.operand);
      }
    for (auto [i, output] : llvm::enumerate(spec.outputs))
      if (output.whole && plan.levelOf(output.value).pass == p) {
        pass.outputs.push_back(i);
        wanted.push_back(output.value);
      }
    for (auto [i, value] : llvm::enumerate(plan.caches))
      if (plan.levelOf(value).pass == p) {
        pass.saved.push_back(i);
        wanted.push_back(value);
      }
    llvm::DenseSet<Value> seen;
    while (!wanted.empty()) {
      Value value = spec.resolve(wanted.pop_back_val());
      NestLevel level = plan.levelOf(value);
      if (level.kind != NestLevel::element || !seen.insert(value).second)
        continue;
      if (auto it = inputs.find(value); it != inputs.end()) {
        pass.loads.push_back(it->second);
        continue;
      }
      if (level.pass < p && mayCache(value)) {
        auto *it = llvm::find(plan.caches, value);
        pass.restored.push_back(it - plan.caches.begin());
        if (it == plan.caches.end())
          plan.caches.push_back(value);
        continue;
      }
      pass.ops.push_back(value.getDefiningOp());
      llvm::append_range(wanted, value.getDefiningOp()->getOperands());
    }
    llvm::sort(pass.loads);
    llvm::sort(pass.ops, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
  }
}

// How much work the ops are per element; a dear one counts as eight.
static int64_t costOf(const NestSpec &spec) {
  int64_t cost = 0;
  for (Operation *op : spec.ops) {
    auto elementwise = dyn_cast<ir::ElementwiseOpInterface>(op);
    cost += elementwise && !elementwise.isCheap() ? 8 : 1;
  }
  for (const NestReduction &reduction : spec.reductions)
    cost += isArgReduction(reduction.op) ? 8 : 1;
  return cost;
}

static void chooseLanes(NestPlan &plan, const TargetInfo &target) {
  // The narrowest type fills a register; wider ones take several.
  int64_t narrow = 0, wide = 1;
  auto see = [&](Value value) {
    Type type = computeTypeOf(value);
    if (type.isInteger(1))
      return;
    int64_t bytes = type.getIntOrFloatBitWidth() / 8;
    narrow = narrow ? std::min(narrow, bytes) : bytes;
    wide = std::max(wide, bytes);
  };
  for (const NestInput &input : plan.spec.inputs)
    see(input.value);
  for (Operation *op : plan.spec.ops)
    see(op->getResult(0));
  for (const NestReduction &reduction : plan.spec.reductions) {
    see(reduction.result);
    if (isArgReduction(reduction.op))
      wide = 8; // positions
  }
  plan.lanes = target.vectorBytes / std::max<int64_t>(narrow, 1);
  // Independent steps hide the latency of each other. Measured on a chain of
  // tanh: four vectors take half the time per element with 32 registers, and
  // with 16, where constants come from memory, even less.
  constexpr int64_t vectors = 4;
  plan.unroll = std::max<int64_t>(1, vectors * narrow / wide);
}

static void chooseTiles(NestPlan &plan, std::optional<MapTiling> tiling,
                        std::optional<NestChunks> chunks) {
  const NestSpec &spec = plan.spec;
  int64_t rows = 1, loops = 1, columns = spec.sizes.back();
  for (int d : plan.rowDims)
    rows *= spec.sizes[d];
  for (int d : plan.loopDims)
    loops *= spec.sizes[d];
  int64_t group = rows, rowBlock = 1, columnBlock = columns, loopBlock = loops;
  int64_t step = plan.wideLanes();
  if (chunks && chunks->loopBlock)
    loopBlock = chunks->loopBlock;
  int64_t perColumn = plan.vectorReduced ? 1 : std::max<int64_t>(loopBlock, 1);
  if (tiling) {
    group = tiling->rowsPerGroup;
    rowBlock = tiling->rowBlock;
    columnBlock = tiling->columnBlock;
  } else {
    bool cut = !plan.vectorReduced || spec.reductions.empty();
    if (cut && columns * perColumn > tileElements)
      columnBlock = std::min<int64_t>(
          columns,
          llvm::alignTo(std::max<int64_t>(tileElements / perColumn, 1), step));
    // A tile of a transposed read walks 16 lines of the source at a time.
    bool transposed = llvm::any_of(spec.inputs, [&](const NestInput &input) {
      return input.buffer &&
             strideClass(input.access.strides.back()) == StrideClass::other;
    });
    if (cut && transposed && rows > 1)
      columnBlock = std::min(columnBlock, std::max<int64_t>(plan.lanes, 16));
    int64_t perRow =
        std::max<int64_t>(columnBlock * std::max<int64_t>(loopBlock, 1), 1);
    rowBlock = std::max<int64_t>(1, tileElements / perRow);
  }
  plan.chunked = chunks.has_value();
  if (chunks && chunks->vectorBlock)
    columnBlock = chunks->vectorBlock;

  auto blocks = [](int64_t size, int64_t block) {
    return std::max<int64_t>(1, block ? llvm::divideCeil(size, block) : 0);
  };
  auto push = [&](int64_t value) {
    plan.scalars.push_back(value);
    return int(plan.scalars.size() - 1);
  };
  int64_t columnBlocks = blocks(columns, columnBlock);
  int64_t rowBlocks = blocks(group, rowBlock);
  int64_t loopBlocks = blocks(loops, loopBlock);
  plan.at.rowsPerGroup = push(group);
  plan.at.rowBlock = push(rowBlock);
  plan.at.rowBlocks = push(rowBlocks);
  plan.at.columns = push(columns);
  plan.at.columnBlock = push(columnBlock);
  plan.at.columnBlocks = push(columnBlocks);
  plan.at.loopCount = push(loops);
  plan.at.loopBlock = push(loopBlock);
  plan.at.loopBlocks = push(loopBlocks);
  plan.at.chunkStride = push(chunks ? chunks->stride : 0);

  // Results of reductions may have elements when what is reduced has none.
  int64_t reduced = rows * (plan.vectorReduced ? 1 : columns);
  bool empty = llvm::all_of(spec.outputs, [&](const NestOutput &output) {
    return (output.whole ? rows * loops * columns : reduced) == 0;
  });
  int64_t groups = group ? rows / group : 0;
  plan.tiles = empty ? 0 : groups * rowBlocks * columnBlocks * loopBlocks;
  plan.work = rows * loops * columns * std::max<int64_t>(1, costOf(spec) / 4);
}

// Whether a splat is an argument: numbers such as 1 / rows of a mean, which
// would make a function per shape. Not so the few that code depends on.
static bool isArgument(Operation *op) {
  if (op->getNumOperands() != 0)
    return false;
  auto number = dyn_cast<FloatAttr>(splatOf(op));
  if (!number || !number.getValue().isFinite())
    return false;
  double value = std::fabs(number.getValueAsDouble());
  return value != 0 && value != 0.5 && value != 1 && value != 2;
}

static void listArguments(NestPlan &plan) {
  NestSpec &spec = plan.spec;
  auto push = [&](int64_t value) {
    plan.scalars.push_back(value);
    return int(plan.scalars.size() - 1);
  };
  auto pushAccess = [&](const Access &access) {
    int first = push(access.offset);
    for (int64_t stride : access.strides)
      push(stride);
    return first;
  };
  auto buffer = [&](Value value, BufferUse use) {
    plan.buffers.push_back(elementOf(value));
    plan.bufferUses.push_back(use);
    return int(plan.buffers.size() - 1);
  };
  for (int64_t size : spec.sizes)
    plan.at.sizes.push_back(push(size));
  for (NestInput &input : spec.inputs) {
    plan.at.inputs.push_back(pushAccess(input.access));
    plan.inputBuffers.push_back(
        input.buffer ? buffer(input.value, *input.buffer) : -1);
  }
  for (NestOutput &output : spec.outputs) {
    plan.at.outputs.push_back(pushAccess(output.access));
    buffer(output.value, output.buffer);
  }
  for (Operation *op : spec.ops)
    if (isArgument(op))
      plan.at.splats[op] = push(int64_t(cast<FloatAttr>(splatOf(op))
                                            .getValue()
                                            .bitcastToAPInt()
                                            .getZExtValue()));
}

std::shared_ptr<NestPlan> planNest(NestSpec spec, const TargetInfo &target,
                                   std::optional<MapTiling> tiling,
                                   std::optional<NestChunks> chunks) {
  auto plan = std::make_shared<NestPlan>();
  plan->spec = std::move(spec);
  findDims(*plan);
  findLevels(*plan);
  int64_t row = plan->spec.sizes.back();
  for (int d : plan->loopDims)
    row *= plan->spec.sizes[d];
  chooseLanes(*plan, target);
  plan->oneVector = plan->vectorReduced && plan->loopDims.empty() && !chunks &&
                    !plan->spec.reductions.empty() && row <= plan->lanes;
  findPasses(*plan, plan->vectorReduced && !plan->oneVector &&
                        row * 8 * 2 <= cacheBytes);
  if (!plan->caches.empty())
    plan->scratchBytes =
        row * plan->caches.size() *
        (computeTypeOf(plan->caches[0]).getIntOrFloatBitWidth() / 8);
  chooseTiles(*plan, tiling, chunks);
  listArguments(*plan);
  return plan;
}

} // namespace needle::codegen
