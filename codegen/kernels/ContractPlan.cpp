// ContractPlan.cpp - the phases of a contraction kernel.
// Phases: elementwise ops on the operands, if any, into the workspace; packing
// of B where its layout is bad; then per tile the product and, on the hot
// tile, the epilogue. Block sizes depend on shapes and target only, never on
// the number of threads, so that results do not, either.
#include "needle/codegen/kernels/ContractBlocking.h"
#include "needle/codegen/kernels/Map.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace needle::codegen {

namespace {

using llvm::alignTo;
using llvm::divideCeil;

/// Where one operand of the matmul is.
struct Operand {
  BufferUse buffer;
  Access access; // over the operand's own dimensions
};

/// Builds the plan of one kernel.
class Planner {
public:
  Planner(ir::KernelOp kernel, const TargetInfo &target, KernelPlan &plan)
      : kernel(kernel), target(target), plan(plan),
        body(&kernel.getBody().front()) {}

  LogicalResult run() {
    auto products = body->getOps<ir::MatmulOp>();
    if (!llvm::hasSingleElement(products))
      return kernel.emitOpError("of kind \"contract\" must hold one matmul");
    matmul = *products.begin();
    if (ir::tensorType(matmul.getResult()).getNumElements() == 0)
      return success();
    FailureOr<Operand> lhs = operand(matmul.getLhs());
    FailureOr<Operand> rhs = operand(matmul.getRhs());
    if (failed(lhs) || failed(rhs))
      return failure();
    Type element = ir::tensorType(matmul.getResult()).getElementType();
    Problem p = problemOf(matmul, lhs->access, rhs->access);
    if (p.swapped)
      std::swap(*lhs, *rhs);
    Blocking blocking = chooseBlocking(p, element, target);
    if (blocking.packRhs)
      rhs->buffer = addPacking(p, blocking, rhs->buffer);
    addProduct(p, blocking, lhs->buffer, rhs->buffer);
    return addEpilogue(p, blocking);
  }

private:
  int64_t bytesOf(Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.getNumElements() *
           divideCeil(tensor.getElementTypeBitWidth(), 8);
  }

  BufferUse workspace(int64_t bytes) {
    BufferUse use = {BufferUse::Kind::workspace, plan.workspaceBytes};
    plan.workspaceBytes += alignTo(bytes, 64);
    return use;
  }

  FailureOr<Access> accessOfArgument(BlockArgument argument) {
    unsigned i = argument.getArgNumber();
    auto map = cast<AffineMapAttr>(kernel.getMaps()[i]).getValue();
    FailureOr<Access> access =
        accessOf(ir::tensorType(kernel.getInputs()[i]).getShape(), map);
    if (failed(access))
      return kernel.emitOpError("has an index map that is not linear");
    return access;
  }

  /// A body argument is read in place; what elementwise ops make of some goes
  /// to the workspace first.
  FailureOr<Operand> operand(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      FailureOr<Access> access = accessOfArgument(argument);
      if (failed(access))
        return failure();
      return Operand{{BufferUse::Kind::operand, argument.getArgNumber()},
                     *access};
    }
    MapSpec spec;
    spec.shape.assign(ir::tensorType(value).getShape());
    spec.body = body;
    BufferUse buffer = workspace(bytesOf(value.getType()));
    spec.outputs.push_back({value, buffer});
    if (failed(addInputs(spec)))
      return failure();
    KernelPhase phase;
    FailureOr<KernelCall> call = planMapCall(spec, target, phase.tiles);
    if (failed(call))
      return failure();
    phase.work = ir::tensorType(value).getNumElements();
    phase.calls.push_back(std::move(*call));
    plan.phases.push_back(std::move(phase));
    return Operand{buffer, denseAccess(spec.shape)};
  }

  static Access denseAccess(ArrayRef<int64_t> shape) {
    Access access;
    access.strides.assign(shape.size(), 0);
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
      access.strides[i] = stride;
    return access;
  }

  /// The body arguments that the outputs of `spec` depend on; the product is
  /// an input of its own.
  LogicalResult addInputs(MapSpec &spec) {
    llvm::SetVector<Value> reached;
    for (const MapOutput &output : spec.outputs)
      reached.insert(output.value);
    for (size_t i = 0; i < reached.size(); ++i) {
      Value value = reached[i];
      if (value == matmul.getResult()) {
        spec.inputs.push_back({value, product, denseAccess(spec.shape)});
      } else if (auto argument = dyn_cast<BlockArgument>(value)) {
        FailureOr<Access> access = accessOfArgument(argument);
        if (failed(access))
          return failure();
        spec.inputs.push_back(
            {value,
             {BufferUse::Kind::operand, argument.getArgNumber()},
             *access});
      } else {
        for (Value operand : value.getDefiningOp()->getOperands())
          reached.insert(operand);
      }
    }
    return success();
  }

  void addBatch(const Problem &p, SmallVectorImpl<int64_t> &scalars,
                bool withLhs, ArrayRef<int64_t> rhsStrides) {
    for (auto [dimension, rhs] : llvm::zip(p.batch, rhsStrides)) {
      scalars.push_back(dimension.size);
      if (withLhs)
        scalars.push_back(dimension.lhs);
      scalars.push_back(rhs);
    }
  }

  int64_t packedColumns(const Problem &p, const Blocking &blocking) {
    return alignTo(p.n, blocking.contract.lanes);
  }

  /// A B that all groups share is packed once.
  bool sharesRhs(const Problem &p) {
    return llvm::all_of(p.batch, [](const BatchDimension &dimension) {
      return dimension.rhs == 0;
    });
  }

  BufferUse addPacking(const Problem &p, const Blocking &blocking,
                       BufferUse from) {
    PackClass pack;
    pack.element = blocking.contract.element;
    pack.lanes = blocking.contract.lanes;
    pack.widths = blocking.contract.widths;
    pack.rhs = blocking.rhs;
    bool shared = sharesRhs(p);
    pack.batchRank = shared ? 1 : p.batch.size();
    int64_t bytes = target.vectorBytes / pack.lanes;
    int64_t groups = shared ? 1 : p.groups();
    int64_t size = p.k * packedColumns(p, blocking);
    int64_t rows =
        alignTo(std::min<int64_t>(std::max<int64_t>(p.k, 1), 128), pack.lanes);
    KernelCall call;
    BufferUse to = workspace(groups * size * bytes);
    call.key = pack.key();
    call.emit = [pack](OpBuilder &b, Location loc, StringRef name) {
      return emitPack(b, loc, name, pack);
    };
    call.buffers = {from, to};
    call.scalars = {p.n,         p.k,    blocking.blockN, rows,
                    p.rhsOffset, p.rhsK, p.rhsN,          size};
    if (shared) {
      call.scalars.append({1, 0});
    } else {
      SmallVector<int64_t> strides;
      for (const BatchDimension &dimension : p.batch)
        strides.push_back(dimension.rhs);
      addBatch(p, call.scalars, /*withLhs=*/false, strides);
    }
    KernelPhase phase;
    phase.tiles =
        groups * divideCeil(p.n, blocking.blockN) * divideCeil(p.k, rows);
    phase.work = groups * size;
    phase.calls.push_back(std::move(call));
    plan.phases.push_back(std::move(phase));
    return to;
  }

  /// Strides of B's groups once it is packed.
  SmallVector<int64_t> packedStrides(const Problem &p,
                                     const Blocking &blocking) {
    SmallVector<int64_t> strides(p.batch.size(), 0);
    if (sharesRhs(p))
      return strides;
    int64_t stride = p.k * packedColumns(p, blocking);
    for (size_t d = p.batch.size(); d-- > 0; stride *= p.batch[d].size)
      strides[d] = stride;
    return strides;
  }

  void addProduct(const Problem &p, const Blocking &blocking, BufferUse lhs,
                  BufferUse rhs) {
    const ContractClass &contract = blocking.contract;
    product = chooseProductBuffer();
    KernelCall call;
    call.key = contract.key();
    call.emit = [contract](OpBuilder &b, Location loc, StringRef name) {
      return emitContract(b, loc, name, contract);
    };
    call.buffers = {lhs, rhs, product};
    call.scalars.assign(contractScalars, 0);
    call.scalars[sizeM] = p.m;
    call.scalars[sizeN] = p.n;
    call.scalars[sizeK] = p.k;
    call.scalars[blockM] = blocking.blockM;
    call.scalars[blockN] = blocking.blockN;
    call.scalars[blockK] = blocking.blockK;
    call.scalars[lhsOffset] = p.lhsOffset;
    call.scalars[lhsStrideM] = p.lhsM;
    call.scalars[lhsStrideK] = p.lhsK;
    call.scalars[rhsOffset] = p.rhsOffset;
    call.scalars[rhsStrideK] = p.rhsK;
    call.scalars[packLhs] = blocking.packLhs;
    call.scalars[packedRhs] = blocking.packRhs;
    SmallVector<int64_t> strides;
    for (const BatchDimension &dimension : p.batch)
      strides.push_back(dimension.rhs);
    if (blocking.packRhs)
      strides = packedStrides(p, blocking);
    addBatch(p, call.scalars, /*withLhs=*/true, strides);

    KernelPhase phase;
    phase.tiles = p.groups() * divideCeil(p.m, blocking.blockM) *
                  divideCeil(p.n, blocking.blockN);
    phase.scratchBytes = contractScratch(contract, blocking.blockM,
                                         blocking.blockK, blocking.packLhs) *
                         (target.vectorBytes / contract.lanes);
    phase.work = p.groups() * p.m * p.n * std::max<int64_t>(p.k, 1);
    phase.calls.push_back(std::move(call));
    plan.phases.push_back(std::move(phase));
  }

  /// Where the product goes before its epilogue: the result that it is, else a
  /// result of equal type, unless that one is an operand's memory (an update in
  /// place), which the epilogue is still to read.
  BufferUse chooseProductBuffer() {
    auto inPlace = kernel->getAttrOfType<DenseI64ArrayAttr>("needle.in_place");
    auto yielded = body->getTerminator()->getOperands();
    auto isFree = [&](size_t i) { return !inPlace || inPlace[i] < 0; };
    for (auto [i, value] : llvm::enumerate(yielded))
      if (value == matmul.getResult() && isFree(i))
        return {BufferUse::Kind::result, int64_t(i)};
    for (auto [i, value] : llvm::enumerate(yielded))
      if (value.getType() == matmul.getResult().getType() && isFree(i))
        return {BufferUse::Kind::result, int64_t(i)};
    return workspace(bytesOf(matmul.getResult().getType()));
  }

  LogicalResult addEpilogue(const Problem &p, const Blocking &blocking) {
    MapSpec spec;
    spec.shape.assign(ir::tensorType(matmul.getResult()).getShape());
    spec.body = body;
    for (auto [i, value] :
         llvm::enumerate(body->getTerminator()->getOperands())) {
      BufferUse result = {BufferUse::Kind::result, int64_t(i)};
      if (value == matmul.getResult() && product.kind == result.kind &&
          product.number == result.number)
        continue;
      spec.outputs.push_back({value, result});
    }
    if (spec.outputs.empty())
      return success();
    if (failed(addInputs(spec)))
      return failure();
    spec.tiling = p.swapped ? MapTiling{p.n, blocking.blockN, 1}
                            : MapTiling{p.m, blocking.blockM, blocking.blockN};
    KernelPhase &phase = plan.phases.back();
    int64_t tiles = 0;
    FailureOr<KernelCall> call = planMapCall(spec, target, tiles);
    if (failed(call))
      return failure();
    if (tiles != phase.tiles)
      return kernel.emitOpError("epilogue has ")
             << tiles << " tiles, its product " << phase.tiles;
    phase.calls.push_back(std::move(*call));
    return success();
  }

  ir::KernelOp kernel;
  const TargetInfo &target;
  KernelPlan &plan;
  Block *body;
  ir::MatmulOp matmul;
  BufferUse product;
};

} // namespace

LogicalResult planContract(ir::KernelOp op, const TargetInfo &target,
                           KernelPlan &plan) {
  return Planner(op, target, plan).run();
}

} // namespace needle::codegen
