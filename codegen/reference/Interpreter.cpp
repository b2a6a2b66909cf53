// Interpreter.cpp - prepares the ops of a block and runs them in order.
#include "needle/codegen/reference/Interpreter.h"

#include "needle/codegen/reference/Families.h"
#include "needle/ir/ElementTypes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>

using namespace mlir;

namespace needle::codegen::reference {

int64_t product(llvm::ArrayRef<int64_t> sizes) {
  int64_t all = 1;
  for (int64_t size : sizes)
    all *= size;
  return all;
}

Sizes stridesOf(llvm::ArrayRef<int64_t> shape) {
  Sizes strides(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

ArrayType arrayType(Value value) {
  RankedTensorType type = ir::tensorType(value);
  return {*ir::dtypeOf(type.getElementType()), Sizes(type.getShape())};
}
int64_t ArrayType::elements() const { return product(shape); }

int64_t HostArray::elements() const { return product(shape); }

HostArray HostArray::zeros(RankedTensorType type) {
  HostArray array{
      *ir::dtypeOf(type.getElementType()), type.getShape().vec(), {}};
  array.bytes.resize(size_t(array.elements()) * byteSize(array.dtype));
  return array;
}

namespace {

Evaluate prepareOp(Operation *op, StatusEntry entry) {
  if (auto elementwise = dyn_cast<ir::ElementwiseOpInterface>(op))
    return prepareElementwise(elementwise);
  if (auto reduction = dyn_cast<ir::ReductionOpInterface>(op))
    return prepareReduction(reduction);
  return llvm::TypeSwitch<Operation *, Evaluate>(op)
      .Case<ir::MeanOp, ir::ArgmaxOp, ir::ArgminOp, ir::SoftmaxOp,
            ir::LogSoftmaxOp, ir::LogsumexpOp>(
          [](auto op) { return prepare(op); })
      .Case<ir::ReshapeOp, ir::BroadcastToOp, ir::TransposeOp, ir::SliceOp,
            ir::PadOp, ir::ConcatOp, ir::SplitOp>(
          [](auto op) { return prepare(op); })
      .Case<ir::ConstantOp, ir::FullOp, ir::IotaOp, ir::LinearIndexOp>(
          [](auto op) { return prepare(op); })
      .Case<ir::FoldInOp, ir::SplitKeyOp, ir::RandomBitsOp, ir::UniformOp,
            ir::NormalOp, ir::BernoulliOp>([](auto op) { return prepare(op); })
      .Case<ir::MatmulOp, ir::AttentionOp, ir::OneHotOp>(
          [](auto op) { return prepare(op); })
      .Case<ir::TakeOp, ir::ScatterAddOp>(
          [&](auto op) { return prepare(op, entry(op)); })
      .Case<ir::ScanOp, ir::KernelOp>(
          [&](auto op) { return prepare(op, entry); })
      .Case<ir::PinOp, ir::DetachOp, ir::ToOp>(
          [&](auto) { return prepareCopy(op); })
      .Default([](Operation *op) -> Evaluate {
        op->emitOpError("is not known to the interpreter");
        return {};
      });
}

struct Slot {
  int64_t bytes = 0;
  int argument = -1; // whose memory this is
  int result = -1;   // whose memory this is
};

class BlockPlan : public Plan {
public:
  LogicalResult prepare(Block &block, StatusEntry entry);
  void run(void *const *arguments, void *const *results,
           int64_t *status) const override;

private:
  struct Step {
    Evaluate evaluate;
    llvm::SmallVector<int, 3> in, out;
    llvm::SmallVector<int, 2> dead; // slots that no later step reads
  };
  struct ResultCopy {
    int slot, result;
  };
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::vector<ResultCopy> copies;
};

LogicalResult BlockPlan::prepare(Block &block, StatusEntry entry) {
  llvm::DenseMap<Value, int> numbers;
  auto add = [&](Value value, int argument) {
    numbers[value] = int(slots.size());
    slots.push_back({arrayType(value).bytes(), argument, -1});
  };
  for (BlockArgument argument : block.getArguments())
    add(argument, int(argument.getArgNumber()));
  for (Operation &op : block.without_terminator()) {
    Step step;
    step.evaluate = prepareOp(&op, entry);
    if (!step.evaluate)
      return failure();
    for (Value operand : op.getOperands()) {
      auto number = numbers.find(operand);
      if (number == numbers.end())
        return op.emitOpError("uses a value from outside its block");
      step.in.push_back(number->second);
    }
    for (Value result : op.getResults()) {
      add(result, -1);
      step.out.push_back(numbers[result]);
    }
    steps.push_back(std::move(step));
  }
  for (OpOperand &operand : block.getTerminator()->getOpOperands()) {
    int result = int(operand.getOperandNumber());
    Slot &slot = slots[size_t(numbers.at(operand.get()))];
    if (slot.argument < 0 && slot.result < 0)
      slot.result = result;
    else
      copies.push_back({numbers.at(operand.get()), result});
  }
  std::vector<bool> seen(slots.size());
  for (Step &step : llvm::reverse(steps))
    for (auto *list : {&step.out, &step.in})
      for (int number : *list) {
        const Slot &slot = slots[size_t(number)];
        if (!seen[size_t(number)] && slot.argument < 0 && slot.result < 0)
          step.dead.push_back(number);
        seen[size_t(number)] = true;
      }
  return success();
}

void BlockPlan::run(void *const *arguments, void *const *results,
                    int64_t *status) const {
  std::vector<std::unique_ptr<std::byte[]>> owned(slots.size());
  std::vector<void *> addresses(slots.size(), nullptr);
  for (size_t i = 0; i < slots.size(); ++i)
    if (slots[i].argument >= 0)
      addresses[i] = arguments[slots[i].argument];
    else if (slots[i].result >= 0)
      addresses[i] = results[slots[i].result];
  llvm::SmallVector<void *> in, out;
  for (const Step &step : steps) {
    in.clear(), out.clear();
    for (int number : step.in)
      in.push_back(addresses[size_t(number)]);
    for (int number : step.out) {
      size_t i = size_t(number);
      if (slots[i].argument < 0 && slots[i].result < 0) {
        owned[i].reset(new std::byte[size_t(slots[i].bytes)]);
        addresses[i] = owned[i].get();
      }
      out.push_back(addresses[i]);
    }
    step.evaluate({in.data(), out.data(), status});
    for (int number : step.dead)
      owned[size_t(number)].reset();
  }
  for (auto [slot, result] : copies)
    if (size_t bytes = size_t(slots[size_t(slot)].bytes))
      std::memcpy(results[result], addresses[size_t(slot)], bytes);
}

} // namespace

FailureOr<std::shared_ptr<const Plan>> Plan::make(Block &block,
                                                  StatusEntry entry) {
  auto plan = std::make_shared<BlockPlan>();
  if (failed(plan->prepare(block, entry)))
    return failure();
  return std::shared_ptr<const Plan>(std::move(plan));
}

LogicalResult interpret(func::FuncOp function,
                        llvm::ArrayRef<HostArray> arguments,
                        llvm::SmallVectorImpl<HostArray> &results) {
  if (arguments.size() != function.getNumArguments())
    return function.emitError("takes ")
           << function.getNumArguments() << " arguments, not "
           << arguments.size();
  std::vector<void *> in, out;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    ArrayType type = arrayType(function.getArgument(unsigned(i)));
    if (argument.dtype != type.dtype ||
        llvm::ArrayRef(argument.shape) != llvm::ArrayRef(type.shape))
      return function.emitError("argument ") << i << " is of another type";
    in.push_back(const_cast<std::byte *>(argument.bytes.data()));
  }
  std::vector<Operation *> entries;
  FailureOr<std::shared_ptr<const Plan>> plan =
      Plan::make(function.getBody().front(), [&](Operation *op) {
        entries.push_back(op);
        return int64_t(entries.size()) - 1;
      });
  if (failed(plan))
    return failure();
  results.clear();
  for (Type type : function.getResultTypes())
    results.push_back(HostArray::zeros(cast<RankedTensorType>(type)));
  for (HostArray &result : results)
    out.push_back(result.bytes.data());
  int64_t status = 0;
  (*plan)->run(in.data(), out.data(), &status);
  if (status)
    return entries[size_t(status - 1)]->emitOpError(
        "has an index out of range");
  return success();
}

} // namespace needle::codegen::reference
