// ProgramBuilder.cpp - a planned and lowered function to a runtime::Program.
// Walks the function once, in order. Where a value's memory is follows from
// PlanMemory's attributes: see its description in passes/Passes.td.
#include "needle/codegen/ProgramBuilder.h"

#include "needle/codegen/Places.h"
#include "needle/codegen/ProgramConstants.h"
#include "needle/codegen/ProgramInterface.h"
#include "needle/codegen/reference/Families.h"
#include "needle/ir/Ops.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace needle;
using namespace needle::codegen;
using runtime::Program;
using runtime::ProgramValue;
using Kind = runtime::ProgramValue::Kind;

namespace {

constexpr int64_t inResult = -1, inOperand = -2; // needle.offsets

int64_t bytesOf(Value value) { return reference::arrayType(value).bytes(); }

class ProgramBuilder {
public:
  ProgramBuilder(func::FuncOp function, const llvm::StringMap<int32_t> &kernels)
      : function(function), kernels(kernels),
        program(std::make_shared<Program>()), constants(program->constants) {}

  FailureOr<std::shared_ptr<Program>> build();

private:
  using Commands = std::vector<runtime::Command>;

  int32_t addValue(Kind kind, int32_t index, int64_t offset, int64_t bytes);
  /// A word of the arena that PlanMemory does not know of.
  int32_t addWord();
  FailureOr<int32_t> numberOf(Value value);
  int32_t statusValue();
  int64_t addStatus(Location loc, llvm::StringRef op);

  LogicalResult place(Operation *op);
  LogicalResult addBlock(Block &block, Commands &commands);
  LogicalResult addOp(Operation *op, Commands &commands);
  LogicalResult addLaunch(ir::LaunchOp op, Commands &commands);
  LogicalResult addHostCall(ir::KernelOp op, Commands &commands);
  LogicalResult addLoop(ir::ScanOp op, Commands &commands);
  LogicalResult addCopy(Value from, int32_t to, Commands &commands);
  LogicalResult addResults(func::ReturnOp op, Commands &commands);
  FailureOr<runtime::Call> makeCall(ir::LaunchOp op, ir::CallAttr call);

  func::FuncOp function;
  const llvm::StringMap<int32_t> &kernels;
  std::shared_ptr<Program> program;
  ProgramConstants constants;
  llvm::DenseMap<Value, int32_t> numbers;
  /// For values planned as "in a result": that result's memory.
  llvm::DenseMap<Value, int32_t> resultMemory;
};

int32_t ProgramBuilder::addValue(Kind kind, int32_t index, int64_t offset,
                                 int64_t bytes) {
  program->values.push_back({kind, index, offset, bytes});
  return int32_t(program->values.size()) - 1;
}

int32_t ProgramBuilder::addWord() {
  int64_t offset = program->arenaBytes;
  program->arenaBytes += 64;
  return addValue(Kind::arena, 0, offset, sizeof(int64_t));
}

// Constants get their bytes when something reads them.
FailureOr<int32_t> ProgramBuilder::numberOf(Value value) {
  auto known = numbers.find(value);
  if (known != numbers.end())
    return known->second;
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasTrait<OpTrait::ConstantLike>())
    return failure();
  FailureOr<int64_t> offset = constants.add(op);
  if (failed(offset))
    return failure();
  return numbers[value] = addValue(Kind::constant, 0, *offset, bytesOf(value));
}

int32_t ProgramBuilder::statusValue() {
  if (program->statusValue < 0)
    program->statusValue = addWord();
  return program->statusValue;
}

int64_t ProgramBuilder::addStatus(Location loc, llvm::StringRef op) {
  runtime::StatusEntry entry;
  entry.text = op.str() + ": index out of range";
  if (std::optional<FileLineColLoc> at = userPlace(loc)) {
    entry.text = placeText(loc) + ": " + entry.text;
    entry.file = at->getFilename().str();
    entry.line = int(at->getLine());
  }
  program->statuses.push_back(std::move(entry));
  return int64_t(program->statuses.size()) - 1;
}

/// The value whose memory `value` is a view of, all of it.
Value wholeOrigin(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    auto offsets = op->getAttrOfType<DenseI64ArrayAttr>("needle.offsets");
    unsigned number = cast<OpResult>(value).getResultNumber();
    if (!offsets || offsets.size() <= number || offsets[number] != inOperand ||
        bytesOf(op->getOperand(0)) != bytesOf(value))
      break;
    value = op->getOperand(0);
  }
  return value;
}

// Gives the results of `op` their memory.
LogicalResult ProgramBuilder::place(Operation *op) {
  auto offsets = op->getAttrOfType<DenseI64ArrayAttr>("needle.offsets");
  if (!offsets || offsets.size() != op->getNumResults())
    return op->emitOpError("has no place in memory (needle.offsets)");
  for (auto [result, offset] :
       llvm::zip(op->getResults(), offsets.asArrayRef())) {
    int64_t bytes = bytesOf(result);
    if (offset >= 0) {
      numbers[result] = addValue(Kind::arena, 0, offset, bytes);
    } else if (offset == inOperand) {
      FailureOr<int32_t> base = numberOf(op->getOperand(0));
      if (failed(base))
        return op->emitOpError("has an operand without memory");
      auto start = op->getAttrOfType<IntegerAttr>("needle.view_offset");
      numbers[result] =
          addValue(Kind::derived, *base, start ? start.getInt() : 0, bytes);
    } else {
      auto memory = resultMemory.find(result);
      if (offset != inResult || memory == resultMemory.end())
        return op->emitOpError("is planned to lie in a result that it is not");
      numbers[result] = memory->second;
    }
  }
  return success();
}

LogicalResult ProgramBuilder::addCopy(Value from, int32_t to,
                                      Commands &commands) {
  FailureOr<int32_t> number = numberOf(from);
  if (failed(number))
    return emitError(from.getLoc(), "a result has no memory to copy from");
  const ProgramValue &a = program->values[size_t(*number)];
  const ProgramValue &b = program->values[size_t(to)];
  bool same =
      *number == to || (a.kind == b.kind && a.index == b.index &&
                        a.offset == b.offset && a.kind != Kind::derived);
  if (!same && bytesOf(from))
    commands.push_back({runtime::Copy{*number, to, bytesOf(from)}});
  return success();
}

FailureOr<runtime::Call> ProgramBuilder::makeCall(ir::LaunchOp op,
                                                  ir::CallAttr call) {
  runtime::Call made;
  auto kernel = kernels.find(call.getFunction().getValue());
  if (kernel == kernels.end())
    return op.emitOpError("calls an unknown function ") << call.getFunction();
  made.kernel = kernel->second;
  int64_t operands = int64_t(op.getInputs().size());
  for (int64_t buffer : call.getBuffers().asArrayRef()) {
    if (buffer == std::numeric_limits<int64_t>::min()) {
      made.buffers.push_back(statusValue());
    } else if (buffer < 0) {
      int64_t offset = -1 - buffer;
      made.buffers.push_back(addValue(Kind::workspace, 0, offset,
                                      int64_t(op.getWorkspace()) - offset));
    } else {
      Value value = buffer < operands
                        ? op.getInputs()[unsigned(buffer)]
                        : op.getResult(unsigned(buffer - operands));
      FailureOr<int32_t> number = numberOf(value);
      if (failed(number))
        return op.emitOpError("has an operand without memory");
      made.buffers.push_back(*number);
    }
  }
  llvm::ArrayRef<int64_t> scalars = call.getScalars();
  made.scalars.assign(scalars.begin(), scalars.end());
  if (call.getStatusScalar() >= 0) {
    auto ops = op->getAttrOfType<StringAttr>("needle.ops");
    made.scalars[size_t(call.getStatusScalar())] =
        addStatus(op.getLoc(), ops ? ops.getValue() : "kernel");
  }
  return made;
}

/// "matmul add relu (train.cpp:14)"
std::string profileName(llvm::StringRef ops, Location loc) {
  std::string place = placeText(loc);
  return place.empty() ? ops.str() : (ops + " (" + place + ")").str();
}

LogicalResult ProgramBuilder::addLaunch(ir::LaunchOp op, Commands &commands) {
  if (failed(place(op)))
    return failure();
  runtime::Launch launch;
  auto ops = op->getAttrOfType<StringAttr>("needle.ops");
  launch.name = profileName(ops ? ops.getValue() : "kernel", op.getLoc());
  launch.workspaceBytes = int64_t(op.getWorkspace());
  program->workspaceBytes =
      std::max(program->workspaceBytes, launch.workspaceBytes);
  for (auto attribute : op.getPhases().getAsRange<ir::PhaseAttr>()) {
    runtime::Phase phase;
    phase.tiles = attribute.getTiles();
    phase.scratchBytes = attribute.getScratch();
    phase.work = attribute.getWork();
    for (auto call : attribute.getCalls().getAsRange<ir::CallAttr>()) {
      FailureOr<runtime::Call> made = makeCall(op, call);
      if (failed(made))
        return failure();
      phase.calls.push_back(std::move(*made));
    }
    launch.phases.push_back(std::move(phase));
  }
  commands.push_back({std::move(launch)});
  return success();
}

LogicalResult ProgramBuilder::addHostCall(ir::KernelOp op, Commands &commands) {
  if (failed(place(op)))
    return failure();
  size_t statuses = program->statuses.size();
  reference::Evaluate evaluate =
      reference::prepare(op, [&](Operation *indexing) {
        return addStatus(indexing->getLoc(), opName(indexing));
      });
  if (!evaluate)
    return failure();
  runtime::HostCall call;
  call.name = "host: " + profileName(describeOps(op.getBody()), op.getLoc());
  for (Value operand : op.getInputs()) {
    FailureOr<int32_t> number = numberOf(operand);
    if (failed(number))
      return op.emitOpError("has an operand without memory");
    call.values.push_back(*number);
  }
  for (Value result : op.getResults())
    call.values.push_back(numbers.lookup(result));
  size_t operands = op.getInputs().size(), all = call.values.size();
  bool reports = program->statuses.size() > statuses;
  if (reports)
    call.values.push_back(statusValue());
  call.function = std::make_shared<const std::function<void(void *const *)>>(
      [=, evaluate = std::move(evaluate)](void *const *values) {
        evaluate({values, values + operands,
                  reports ? static_cast<int64_t *>(values[all]) : nullptr});
      });
  commands.push_back({std::move(call)});
  return success();
}

// Carries live in the loop's results; slices and stacks move along axis 0.
LogicalResult ProgramBuilder::addLoop(ir::ScanOp op, Commands &commands) {
  if (failed(place(op)))
    return failure();
  Block &body = op.getBody().front();
  unsigned carries = unsigned(op.getCarries());
  unsigned slices = unsigned(op.getSlices());
  runtime::Loop loop;
  loop.count = int64_t(op.getLength());
  loop.reverse = op.getReverse();
  loop.name = profileName("scan", op.getLoc());

  for (unsigned i = 0; i < carries; ++i)
    if (failed(addCopy(op.getOperand(i), numbers.lookup(op.getResult(i)),
                       commands)))
      return failure();
  if (loop.count == 0)
    return success();
  if (!body.getArgument(0).use_empty())
    numbers[body.getArgument(0)] = loop.induction = addWord();
  auto addMoving = [&](int32_t base, int64_t bytes) {
    int32_t number = addValue(Kind::derived, base, 0, bytes);
    loop.moving.push_back({number, bytes});
    return number;
  };
  for (unsigned i = 0; i < op.getNumOperands(); ++i) {
    BlockArgument argument = body.getArgument(1 + i);
    if (i < carries) {
      numbers[argument] = numbers.lookup(op.getResult(i));
      continue;
    }
    FailureOr<int32_t> number = numberOf(op.getOperand(i));
    if (failed(number))
      return op.emitOpError("has an operand without memory");
    numbers[argument] =
        i < carries + slices ? addMoving(*number, bytesOf(argument)) : *number;
  }
  // Where each yielded value is to be, and who writes there directly.
  Operation *yield = body.getTerminator();
  llvm::SmallVector<int32_t> destinations;
  for (OpOperand &operand : yield->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    int32_t memory = numbers.lookup(op.getResult(i));
    if (i >= carries)
      memory = addMoving(memory, bytesOf(operand.get()));
    destinations.push_back(memory);
    resultMemory.try_emplace(wholeOrigin(operand.get()), memory);
  }
  if (failed(addBlock(body, loop.body)))
    return failure();
  // Stacks first: they may show the old carries.
  for (bool wantStacks : {true, false})
    for (OpOperand &operand : yield->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      if ((i >= carries) == wantStacks &&
          failed(addCopy(operand.get(), destinations[i], loop.body)))
        return failure();
    }
  commands.push_back({std::move(loop)});
  return success();
}

LogicalResult ProgramBuilder::addOp(Operation *op, Commands &commands) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ir::LaunchOp launch) { return addLaunch(launch, commands); })
      .Case([&](ir::ScanOp scan) { return addLoop(scan, commands); })
      .Case([&](ir::KernelOp kernel) -> LogicalResult {
        if (kernel.getKind() != "host")
          return op->emitOpError("is not lowered to loops");
        return addHostCall(kernel, commands);
      })
      .Default([&](Operation *op) -> LogicalResult {
        if (op->hasTrait<OpTrait::ConstantLike>())
          return success();
        auto offsets = op->getAttrOfType<DenseI64ArrayAttr>("needle.offsets");
        if (offsets && llvm::all_of(offsets.asArrayRef(), [](int64_t offset) {
              return offset == inOperand;
            }))
          return place(op);
        return op->emitOpError("is not in a kernel, so nothing can run it");
      });
}

LogicalResult ProgramBuilder::addBlock(Block &block, Commands &commands) {
  for (Operation &op : block.without_terminator())
    if (failed(addOp(&op, commands)))
      return failure();
  return success();
}

LogicalResult ProgramBuilder::addResults(func::ReturnOp op,
                                         Commands &commands) {
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    runtime::ProgramResult &result = program->results[i];
    // An argument, unchanged: the caller shares its buffer.
    if (auto argument = dyn_cast<BlockArgument>(wholeOrigin(operand.get()))) {
      result.sameAs = int32_t(argument.getArgNumber());
      result.inPlaceOf = -1;
    } else if (failed(addCopy(operand.get(),
                              int32_t(program->arguments.size() + i),
                              commands))) {
      return failure();
    }
  }
  return success();
}

FailureOr<std::shared_ptr<Program>> ProgramBuilder::build() {
  program->name = function.getName().str();
  auto arena = function->getAttrOfType<IntegerAttr>("needle.arena_bytes");
  program->arenaBytes = arena ? arena.getInt() : 0;
  // Arguments are the first values, results the next ones.
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    program->arguments.push_back(describeArgument(function, i));
    numbers[argument] =
        addValue(Kind::argument, int32_t(i), 0, bytesOf(argument));
  }
  auto returned =
      dyn_cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (!returned)
    return function.emitError("does not end with func.return");
  for (OpOperand &operand : returned->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    program->results.push_back(describeResult(function, i));
    int32_t memory =
        addValue(Kind::result, int32_t(i), 0, bytesOf(operand.get()));
    resultMemory.try_emplace(wholeOrigin(operand.get()), memory);
  }
  if (failed(addBlock(function.getBody().front(), program->commands)) ||
      failed(addResults(returned, program->commands)))
    return failure();
  return program;
}

} // namespace

FailureOr<std::shared_ptr<Program>>
codegen::buildProgram(func::FuncOp function,
                      const llvm::StringMap<int32_t> &kernels) {
  return ProgramBuilder(function, kernels).build();
}
