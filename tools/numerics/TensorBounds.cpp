// TensorBounds.cpp - bounds through the ops of a function, block by block.
#include "TensorRules.h"

#include "needle/codegen/Pipeline.h"
#include "needle/ir/Ops.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/DenseMap.h"

#include <cmath>

using namespace mlir;

namespace needle::numerics {

Real elementAt(const void *data, DType dtype, int64_t i) {
  return withElement(dtype, [&](auto zero) {
    return Real(static_cast<const decltype(zero) *>(data)[i]);
  });
}

TensorBound exactly(const HostArray &array) {
  TensorBound bound{array.dtype, array.shape, {}};
  for (int64_t i = 0; i < array.elements(); ++i)
    bound.elements.push_back(
        exactly(elementAt(array.bytes.data(), array.dtype, i)));
  return bound;
}

FailureOr<OwningOpRef<ModuleOp>> primitiveForm(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager passes(module.getContext());
  for (const codegen::Stage &stage : codegen::stages()) {
    if (stage.name == "simplify")
      break;
    stage.addPasses(passes);
  }
  if (failed(passes.run(*copy)))
    return failure();
  return copy;
}

// ---- blocks -----------------------------------------------------------------

static TensorRule ruleOf(Operation *op) {
  for (auto family : {elementwiseRule, moveRule, reductionRule, contractionRule,
                      scatterRule, loopRule})
    if (TensorRule rule = family(op))
      return isa<ir::ScanOp>(op) ? rule : whenKnown(op, rule);
  return op->getNumOperands() ? TensorRule() : whenKnown(op, {});
}

FailureOr<std::shared_ptr<const BlockBounds>> BlockBounds::make(Block &block) {
  auto made = std::make_shared<BlockBounds>();
  llvm::DenseMap<Value, int> numbers;
  auto number = [&](Value value) {
    return numbers[value] = int(made->values++);
  };
  for (BlockArgument argument : block.getArguments())
    number(argument);
  for (Operation &op : block.without_terminator()) {
    Step step{ruleOf(&op), {}, {}, {}};
    if (!step.rule)
      return op.emitOpError("has no bounds");
    for (Value operand : op.getOperands())
      step.in.push_back(numbers.at(operand));
    for (Value result : op.getResults())
      step.out.push_back(number(result));
    made->steps.push_back(std::move(step));
  }
  std::vector<bool> isLive(made->values);
  for (Value value : block.getTerminator()->getOperands()) {
    made->returned.push_back(numbers.at(value));
    isLive[size_t(numbers.at(value))] = true;
  }
  for (Step &step : llvm::reverse(made->steps))
    for (auto *list : {&step.out, &step.in})
      for (int value : *list) {
        if (!isLive[size_t(value)])
          step.dead.push_back(value);
        isLive[size_t(value)] = true;
      }
  return std::shared_ptr<const BlockBounds>(std::move(made));
}

Tensors BlockBounds::run(llvm::ArrayRef<TensorPtr> arguments,
                         int64_t &undecided) const {
  std::vector<TensorPtr> tensors(arguments.begin(), arguments.end());
  tensors.resize(values);
  for (const Step &step : steps) {
    Tensors in;
    for (int value : step.in)
      in.push_back(tensors[size_t(value)]);
    Tensors out = step.rule(in, undecided);
    for (auto [value, tensor] : llvm::zip(step.out, out))
      tensors[size_t(value)] = tensor;
    for (int value : step.dead)
      tensors[size_t(value)].reset();
  }
  Tensors results;
  for (int value : returned)
    results.push_back(tensors[size_t(value)]);
  return results;
}

FailureOr<FunctionBounds> boundResults(func::FuncOp function,
                                       llvm::ArrayRef<TensorBound> arguments) {
  Block &block = function.getBody().front();
  if (arguments.size() != block.getNumArguments())
    return function.emitError("takes ")
           << block.getNumArguments() << " arguments, not " << arguments.size();
  Tensors in;
  for (auto [given, argument] : llvm::zip(arguments, block.getArguments())) {
    TensorBound wanted = emptyFor(argument);
    if (given.dtype != wanted.dtype || given.shape != wanted.shape)
      return function.emitError("an argument is of another type");
    in.push_back(std::make_shared<TensorBound>(given));
  }
  auto made = BlockBounds::make(block);
  if (failed(made))
    return failure();
  FunctionBounds bounds;
  for (const TensorPtr &result : (*made)->run(in, bounds.undecided))
    bounds.results.push_back(*result);
  return bounds;
}

// ---- comparison -------------------------------------------------------------

Violation findViolation(llvm::ArrayRef<TensorBound> bounds,
                        llvm::ArrayRef<HostArray> results) {
  Violation worst;
  for (size_t r = 0; r < bounds.size(); ++r)
    for (int64_t i = 0; i < results[r].elements(); ++i) {
      const Bound &wanted = bounds[r].elements[size_t(i)];
      Real got = elementAt(results[r].bytes.data(), results[r].dtype, i);
      if (wanted.contains(got))
        continue;
      Real distance = got < wanted.lo ? wanted.lo - got : got - wanted.hi;
      if (wanted.isEmpty() || std::isnan(distance))
        distance = INFINITY;
      if (worst.element < 0 || distance > worst.distance)
        worst = {r, i, got, wanted, distance};
    }
  return worst;
}

std::string describe(const Violation &violation,
                     llvm::ArrayRef<TensorBound> bounds) {
  const std::vector<int64_t> &shape = bounds[violation.result].shape;
  std::string place;
  int64_t rest = violation.element;
  for (size_t axis = shape.size(); axis-- > 0;) {
    place = std::to_string(rest % shape[axis]) + (place.empty() ? "" : ", ") +
            place;
    rest /= shape[axis];
  }
  return "result " + std::to_string(violation.result) + ", element [" + place +
         "]: " + toString(exactly(violation.got)) + " where only " +
         toString(violation.wanted) + " is right";
}

} // namespace needle::numerics
