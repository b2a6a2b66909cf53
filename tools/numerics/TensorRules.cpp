// TensorRules.cpp - bounds of ops that compute by element, move elements, or
// loop; and of known integers, which the interpreter computes.
#include "TensorRules.h"
#include "ScalarBounds.h"

#include "needle/ir/Elementwise.h"
#include "needle/ir/Ops.h"

#include "mlir/IR/Builders.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using needle::codegen::reference::Plan;

namespace needle::numerics {

TensorBound emptyFor(Value value) {
  RankedTensorType type = ir::tensorType(value);
  TensorBound tensor{
      elementDType(type.getElementType()), type.getShape().vec(), {}};
  tensor.elements.resize(size_t(type.getNumElements()));
  return tensor;
}

int64_t elementsOf(const TensorBound &tensor) {
  return int64_t(tensor.elements.size());
}

static TensorPtr share(TensorBound &&tensor) {
  return std::make_shared<TensorBound>(std::move(tensor));
}

// ---- by element -------------------------------------------------------------

TensorRule elementwiseRule(Operation *op) {
  auto elementwise = dyn_cast<ir::ElementwiseOpInterface>(op);
  if (!elementwise)
    return {};
  Block body;
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&body);
  for (Value operand : op->getOperands())
    body.addArgument(ir::tensorType(operand).getElementType(), op->getLoc());
  Value value = ir::buildElement(b, elementwise, body.getArguments());
  FailureOr<ScalarBounds> made = ScalarBounds::make(body, value);
  if (failed(made))
    return {};
  auto scalar = std::make_shared<ScalarBounds>(std::move(*made));
  TensorBound empty = emptyFor(op->getResult(0));
  return [=](llvm::ArrayRef<TensorPtr> x, int64_t &undecided) -> Tensors {
    TensorBound result = empty;
    llvm::SmallVector<Bound> in(x.size());
    for (size_t i = 0; i < result.elements.size(); ++i) {
      for (size_t k = 0; k < x.size(); ++k)
        in[k] = x[k]->elements[i];
      result.elements[i] = scalar->run(in.data(), undecided);
    }
    return {share(std::move(result))};
  };
}

// ---- the interpreter on one op ----------------------------------------------

namespace {

/// A block that holds a copy of one op, of which chosen operands and all
/// results are integers when `asNumbers`.
std::shared_ptr<const Plan> planOf(Operation *op, bool asNumbers,
                                   int64_t movedOperands) {
  Block block;
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&block);
  auto retyped = [&](Type type) -> Type {
    auto tensor = cast<RankedTensorType>(type);
    return asNumbers ? RankedTensorType::get(tensor.getShape(), b.getI64Type())
                     : RankedTensorType::get(tensor.getShape(),
                                             tensor.getElementType());
  };
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    block.addArgument(int64_t(i) < movedOperands ? retyped(operand.getType())
                                                 : operand.getType(),
                      op->getLoc());
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(block.getArguments());
  for (Type type : op->getResultTypes())
    state.addTypes(retyped(type));
  state.addAttributes(op->getAttrs());
  Operation *copy = b.create(state);
  ir::YieldOp::create(b, op->getLoc(), copy->getResults());
  FailureOr<std::shared_ptr<const Plan>> plan = Plan::make(block);
  return succeeded(plan) ? *plan : nullptr;
}

HostArray pack(const TensorBound &tensor) {
  HostArray array{tensor.dtype, tensor.shape, {}};
  array.bytes.resize(tensor.elements.size() * byteSize(tensor.dtype));
  for (size_t i = 0; i < tensor.elements.size(); ++i) {
    Real x = tensor.elements[i].lo;
    withElement(tensor.dtype, [&](auto zero) {
      using T = decltype(zero);
      array.data<T>()[i] = tensor.dtype == DType::boolean ? T(x != 0) : T(x);
    });
  }
  return array;
}

bool isKnown(const TensorBound &tensor) {
  return llvm::all_of(tensor.elements,
                      [](const Bound &x) { return x.isPoint(); });
}

std::vector<HostArray> runPlan(const Plan &plan,
                               std::vector<HostArray> operands,
                               llvm::ArrayRef<TensorBound> results) {
  std::vector<HostArray> out;
  std::vector<void *> in, to;
  for (HostArray &operand : operands)
    in.push_back(operand.bytes.data());
  for (const TensorBound &result : results) {
    out.push_back({result.dtype, result.shape, {}});
    out.back().bytes.resize(result.elements.size() * byteSize(result.dtype));
  }
  for (HostArray &result : out)
    to.push_back(result.bytes.data());
  int64_t status = 0;
  plan.run(in.data(), to.data(), &status);
  return out;
}

} // namespace

TensorRule whenKnown(Operation *op, TensorRule otherwise) {
  bool hasFloats = llvm::any_of(op->getResults(), [](Value result) {
    return isFloating(emptyFor(result).dtype);
  });
  if (hasFloats && op->getNumOperands())
    return otherwise;
  std::shared_ptr<const Plan> plan = planOf(op, false, op->getNumOperands());
  if (!plan)
    return otherwise;
  llvm::SmallVector<TensorBound> results;
  for (Value result : op->getResults())
    results.push_back(emptyFor(result));
  return [=](llvm::ArrayRef<TensorPtr> x, int64_t &undecided) -> Tensors {
    std::vector<HostArray> operands;
    for (const TensorPtr &operand : x) {
      if (isFloating(operand->dtype) || !isKnown(*operand))
        return otherwise(x, undecided);
      operands.push_back(pack(*operand));
    }
    Tensors made;
    for (const HostArray &array : runPlan(*plan, operands, results))
      made.push_back(share(exactly(array)));
    return made;
  };
}

// ---- moves ------------------------------------------------------------------

/// Runs the op on the numbers of its operands' elements, counted from 1: an
/// element of the result that is 0 comes from none.
TensorRule moveRule(Operation *op) {
  if (!isa<ir::ViewOpInterface, ir::PadOp, ir::ConcatOp, ir::SplitOp,
           ir::TakeOp, ir::PinOp, ir::DetachOp, ir::ToOp>(op))
    return {};
  auto take = dyn_cast<ir::TakeOp>(op);
  int64_t moved = take ? 1 : op->getNumOperands();
  Bound filler = anything(DType::float64);
  OwningOpRef<Operation *> numbered = op->clone();
  if (auto pad = dyn_cast<ir::PadOp>(op)) {
    TensorBound to = emptyFor(pad.getResult());
    double value = pad.getValue().convertToDouble();
    filler = exactly(to.dtype == DType::boolean
                         ? Real(value != 0)
                         : withElement(to.dtype, [&](auto zero) {
                             return Real(decltype(zero)(value));
                           }));
    cast<ir::PadOp>(*numbered).setValue(APFloat(0.0));
  } else if (take) {
    bool isFloat = isFloating(emptyFor(take.getResult()).dtype);
    filler = exactly(isFloat ? Real(NAN) : Real(0));
  }
  std::shared_ptr<const Plan> plan = planOf(*numbered, true, moved);
  if (!plan)
    return {};
  llvm::SmallVector<TensorBound> results;
  for (Value result : op->getResults())
    results.push_back(emptyFor(result));
  return [=](llvm::ArrayRef<TensorPtr> x, int64_t &) -> Tensors {
    Tensors made;
    std::vector<HostArray> operands;
    llvm::SmallVector<const Bound *> sources;
    for (auto [i, operand] : llvm::enumerate(x)) {
      if (int64_t(i) >= moved) {
        if (!isKnown(*operand)) { // which elements is not known
          TensorBound any = results[0];
          std::fill(any.elements.begin(), any.elements.end(),
                    anything(any.dtype));
          return {share(std::move(any))};
        }
        operands.push_back(pack(*operand));
        continue;
      }
      HostArray numbers{DType::int64, operand->shape, {}};
      numbers.bytes.resize(operand->elements.size() * 8);
      for (size_t k = 0; k < operand->elements.size(); ++k) {
        sources.push_back(&operand->elements[k]);
        numbers.data<int64_t>()[k] = int64_t(sources.size());
      }
      operands.push_back(std::move(numbers));
    }
    llvm::SmallVector<TensorBound> numbers = results;
    for (TensorBound &each : numbers)
      each.dtype = DType::int64;
    auto places = runPlan(*plan, operands, numbers);
    for (auto [result, place] : llvm::zip(results, places)) {
      TensorBound tensor = result;
      for (size_t k = 0; k < tensor.elements.size(); ++k) {
        int64_t source = place.template data<int64_t>()[k];
        tensor.elements[k] = source ? *sources[size_t(source - 1)] : filler;
      }
      made.push_back(share(std::move(tensor)));
    }
    return made;
  };
}

// ---- loops ------------------------------------------------------------------

static TensorPtr sliceOf(const TensorBound &tensor, int64_t at) {
  TensorBound slice{
      tensor.dtype, {tensor.shape.begin() + 1, tensor.shape.end()}, {}};
  size_t size = tensor.elements.size() / size_t(tensor.shape[0]);
  auto first = tensor.elements.begin() + std::ptrdiff_t(size_t(at) * size);
  slice.elements.assign(first, first + std::ptrdiff_t(size));
  return share(std::move(slice));
}

TensorRule loopRule(Operation *op) {
  auto scan = dyn_cast<ir::ScanOp>(op);
  if (!scan)
    return {};
  auto made = BlockBounds::make(scan.getBody().front());
  if (failed(made))
    return {};
  size_t carries = size_t(scan.getCarries()), slices = size_t(scan.getSlices());
  int64_t length = scan.getLength();
  bool reverse = scan.getReverse();
  llvm::SmallVector<TensorBound> stacks;
  for (Value result : op->getResults().drop_front(carries))
    stacks.push_back(emptyFor(result));
  return [=, body = *made](llvm::ArrayRef<TensorPtr> x,
                           int64_t &undecided) -> Tensors {
    Tensors now(x.begin(), x.begin() + std::ptrdiff_t(carries));
    llvm::SmallVector<TensorBound> stacked = stacks;
    for (int64_t step = 0; step < length; ++step) {
      int64_t at = reverse ? length - 1 - step : step;
      TensorBound iteration{DType::int64, {}, {exactly(Real(at))}};
      Tensors in = {share(std::move(iteration))};
      in.append(now.begin(), now.end());
      for (size_t i = carries; i < carries + slices; ++i)
        in.push_back(sliceOf(*x[i], at));
      in.append(x.begin() + std::ptrdiff_t(carries + slices), x.end());
      Tensors out = body->run(in, undecided);
      now.assign(out.begin(), out.begin() + std::ptrdiff_t(carries));
      for (size_t i = 0; i < stacked.size(); ++i) {
        const std::vector<Bound> &row = out[carries + i]->elements;
        std::copy(row.begin(), row.end(),
                  stacked[i].elements.begin() +
                      std::ptrdiff_t(row.size() * size_t(at)));
      }
    }
    for (TensorBound &each : stacked)
      now.push_back(share(std::move(each)));
    return now;
  };
}

} // namespace needle::numerics
