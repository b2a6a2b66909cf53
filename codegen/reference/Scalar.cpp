// Scalar.cpp - turns a block of scalar ops into instructions, and runs them.
#include "needle/codegen/reference/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

#include <cstring>

using namespace mlir;

namespace needle::codegen::reference {

int columnBytes(Type type) {
  if (type.isIndex())
    return 8;
  if (type.isF80())
    return sizeof(long double);
  if (!type.isIntOrFloat())
    return 0;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
  case 8:
    return 1;
  case 16:
    return type.isInteger() || type.isBF16() ? 2 : 0;
  case 32:
    return 4;
  case 64:
    return 8;
  default:
    return 0;
  }
}

struct ScalarBuilder {
  ScalarBuilder(Block &block, ScalarProgram &program)
      : block(block), program(program) {}

  Block &block;
  ScalarProgram &program;
  llvm::DenseMap<Value, int> numbers;
  llvm::DenseMap<Value, Operation *> lastUse;
  llvm::SmallVector<int> unused;

  LogicalResult build(Value result);
  LogicalResult addConstant(arith::ConstantOp op);
  LogicalResult add(Operation &op);
  int takeColumn();
};

int ScalarBuilder::takeColumn() {
  if (unused.empty())
    return program.columns++;
  return unused.pop_back_val();
}

// Constants keep their columns: they are filled once per run.
LogicalResult ScalarBuilder::addConstant(arith::ConstantOp op) {
  int bytes = columnBytes(op.getType());
  APInt bits(1, 0);
  if (auto value = dyn_cast<IntegerAttr>(op.getValue()))
    bits = value.getValue();
  else if (auto value = dyn_cast<FloatAttr>(op.getValue()))
    bits = value.getValue().bitcastToAPInt();
  else
    bytes = 0;
  if (!bytes)
    return op.emitOpError("has a type that the interpreter does not know");
  ScalarProgram::Constant constant{program.columns++, bytes, {0, 0}};
  std::memcpy(constant.bits, bits.getRawData(),
              std::min<size_t>(bits.getNumWords() * 8, 16));
  program.constants.push_back(constant);
  numbers[op] = constant.column;
  return success();
}

LogicalResult ScalarBuilder::add(Operation &op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return addConstant(constant);
  ScalarProgram::Function function = scalarFunction(&op);
  if (!function)
    return op.emitOpError("is not known to the interpreter");
  ScalarProgram::Instruction instruction{function, {0, 0, 0}, 0};
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    auto number = numbers.find(operand);
    if (number == numbers.end())
      return op.emitOpError("uses a value from outside the scalar body");
    instruction.operands[i] = number->second;
  }
  // The result may take the column of an operand that dies here: instructions
  // read an element before they write it. But elements can differ in size.
  instruction.result = numbers[op.getResult(0)] = takeColumn();
  for (Value operand : op.getOperands())
    if (lastUse.lookup(operand) == &op &&
        !operand.getDefiningOp<arith::ConstantOp>() && numbers[operand] >= 0) {
      unused.push_back(numbers[operand]);
      lastUse.erase(operand);
    }
  program.instructions.push_back(instruction);
  return success();
}

LogicalResult ScalarBuilder::build(Value result) {
  for (BlockArgument argument : block.getArguments())
    numbers[argument] = -1 - int(argument.getArgNumber());
  for (Operation &op : block)
    for (Value operand : op.getOperands())
      lastUse[operand] = &op;
  lastUse.erase(result);
  for (Operation &op : block)
    if (failed(add(op)))
      return failure();
  program.returned = numbers.at(result);
  program.resultBytes = columnBytes(result.getType());
  return success();
}

FailureOr<ScalarProgram> ScalarProgram::make(Block &block, Value result) {
  ScalarProgram program;
  ScalarBuilder builder(block, program);
  if (failed(builder.build(result)))
    return failure();
  return program;
}

ScalarProgram::Registers::Registers(const ScalarProgram &program)
    : memory(size_t(program.columns) * stride) {
  for (const Constant &constant : program.constants) {
    char *to = static_cast<char *>(column(constant.column));
    for (int64_t i = 0; i < columnSize; ++i)
      std::memcpy(to + i * constant.bytes, constant.bits,
                  size_t(std::min(constant.bytes, 16)));
  }
}

void ScalarProgram::run(Registers &registers, const void *const *inputs,
                        void *out, int64_t count) const {
  auto address = [&](int number) -> const void * {
    return number < 0 ? inputs[-1 - number] : registers.column(number);
  };
  for (const Instruction &instruction : instructions) {
    const void *in[3];
    for (int i = 0; i < 3; ++i)
      in[i] = address(instruction.operands[i]);
    instruction.function(in, registers.column(instruction.result), count);
  }
  std::memcpy(out, address(returned), size_t(count * resultBytes));
}

} // namespace needle::codegen::reference
