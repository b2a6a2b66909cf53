// Elementwise.cpp - runs an op's own scalar body on columns of elements.
#include "needle/ir/Elementwise.h"
#include "needle/codegen/reference/Families.h"
#include "needle/codegen/reference/Scalar.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace needle::codegen::reference {

Evaluate prepareElementwise(ir::ElementwiseOpInterface op) {
  Block body;
  OpBuilder b(op->getContext());
  b.setInsertionPointToEnd(&body);
  llvm::SmallVector<int64_t> inputBytes;
  for (Value operand : op->getOperands()) {
    body.addArgument(ir::tensorType(operand).getElementType(), op.getLoc());
    inputBytes.push_back(int64_t(byteSize(arrayType(operand).dtype)));
  }
  Value value = ir::buildElement(b, op, body.getArguments());
  FailureOr<ScalarProgram> program = ScalarProgram::make(body, value);
  if (failed(program))
    return {};
  ArrayType type = arrayType(op->getResult(0));
  return [=, program = std::move(*program)](const Operands &operands) {
    ScalarProgram::Registers registers(program);
    llvm::SmallVector<const void *> in(inputBytes.size());
    int64_t total = type.elements();
    for (int64_t at = 0; at < total; at += ScalarProgram::columnSize) {
      for (size_t i = 0; i < in.size(); ++i)
        in[i] = static_cast<char *>(operands.in[i]) + at * inputBytes[i];
      program.run(registers, in.data(),
                  static_cast<char *>(operands.out[0]) +
                      at * int64_t(byteSize(type.dtype)),
                  std::min(total - at, ScalarProgram::columnSize));
    }
  };
}

} // namespace needle::codegen::reference
