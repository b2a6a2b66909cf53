// Region.cpp - verifier of the ops that hold a sub-graph.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

using namespace mlir;

namespace needle::ir {

/// One slice of axis 0; null when there is no axis 0 or not of `length`.
static RankedTensorType sliceOf(RankedTensorType type, int64_t length) {
  if (type.getRank() == 0 || type.getDimSize(0) != length)
    return nullptr;
  return RankedTensorType::get(type.getShape().drop_front(),
                               type.getElementType(), type.getEncoding());
}

/// Compares the types of body arguments and what they get.
static LogicalResult verifyArguments(ScanOp op) {
  Block &body = op.getBody().front();
  if (body.getNumArguments() != op.getNumOperands() + 1)
    return op.emitOpError() << "body takes " << body.getNumArguments()
                            << " arguments, wanted the iteration and "
                            << op.getNumOperands() << " operands";
  auto iteration = dyn_cast<RankedTensorType>(body.getArgument(0).getType());
  if (!iteration || iteration.getRank() != 0 ||
      !iteration.getElementType().isInteger(64))
    return op.emitOpError()
           << "body argument #0, the iteration, is "
           << body.getArgument(0).getType() << ", wanted tensor<i64>";
  size_t firstSlice = op.getCarries();
  size_t firstCapture = firstSlice + op.getSlices();
  for (auto [number, operand] : llvm::enumerate(op.getOperands())) {
    RankedTensorType type = tensorType(operand);
    if (number >= firstSlice && number < firstCapture) {
      RankedTensorType slice = sliceOf(type, op.getLength());
      if (!slice)
        return op.emitOpError()
               << "operand #" << number << " is " << type << ", wanted "
               << op.getLength() << " slices along axis 0";
      type = slice;
    }
    Type argument = body.getArgument(number + 1).getType();
    if (argument != type)
      return op.emitOpError() << "body argument #" << number + 1 << " is "
                              << argument << ", wanted " << type;
  }
  return success();
}

/// Compares what the body yields with the carries and the results.
static LogicalResult verifyResults(ScanOp op) {
  auto yielded = op.getBody().front().getTerminator()->getOperands();
  if (yielded.size() != op.getNumResults())
    return op.emitOpError()
           << "body yields " << yielded.size() << " values for "
           << op.getNumResults() << " results";
  for (auto [number, value] : llvm::enumerate(yielded)) {
    RankedTensorType type = tensorType(value);
    auto result = cast<RankedTensorType>(op.getResult(number).getType());
    RankedTensorType wanted = result;
    if (number >= op.getCarries())
      wanted = sliceOf(result, op.getLength());
    else if (result != op.getOperand(number).getType())
      return op.emitOpError()
             << "result #" << number << " is " << result << ", the carry "
             << op.getOperand(number).getType();
    if (!wanted)
      return op.emitOpError()
             << "result #" << number << " is " << result << ", wanted "
             << op.getLength() << " values stacked along axis 0";
    if (type != wanted)
      return op.emitOpError() << "body yields " << type << " for result #"
                              << number << ", wanted " << wanted;
  }
  return success();
}

LogicalResult ScanOp::verify() {
  if (int64_t(getLength()) < 0)
    return emitOpError() << "length " << int64_t(getLength()) << " is negative";
  int64_t carries = getCarries(), slices = getSlices();
  int64_t operands = getNumOperands(), results = getNumResults();
  if (carries < 0 || carries > operands || slices < 0 ||
      slices > operands - carries || carries > results)
    return emitOpError() << "has " << operands << " operands and " << results
                         << " results, too few for " << carries
                         << " carries and " << slices << " slices";
  return success();
}

LogicalResult ScanOp::verifyRegions() {
  if (failed(verifyArguments(*this)))
    return failure();
  return verifyResults(*this);
}

} // namespace needle::ir
