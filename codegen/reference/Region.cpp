// Region.cpp - ops that hold a sub-graph: loops and kernels.
#include "needle/codegen/reference/Families.h"

#include <cstring>

using namespace mlir;

namespace needle::codegen::reference {

Evaluate prepare(ir::ScanOp op, StatusEntry entry) {
  FailureOr<std::shared_ptr<const Plan>> made =
      Plan::make(op.getBody().front(), entry);
  if (failed(made))
    return {};
  int64_t length = op.getLength();
  size_t carries = size_t(op.getCarries()), slices = size_t(op.getSlices());
  bool reverse = op.getReverse();
  Block &body = op.getBody().front();
  std::vector<int64_t> argumentBytes, yieldedBytes;
  for (Value argument : body.getArguments())
    argumentBytes.push_back(arrayType(argument).bytes());
  for (Value yielded : body.getTerminator()->getOperands())
    yieldedBytes.push_back(arrayType(yielded).bytes());
  return [=, plan = *made](const Operands &operands) {
    // Carries alternate between two buffers: an iteration reads one set and
    // writes the other.
    std::vector<std::vector<std::byte>> now(carries), next(carries);
    for (size_t i = 0; i < carries; ++i) {
      auto from = static_cast<const std::byte *>(operands.in[i]);
      now[i].assign(from, from + yieldedBytes[i]);
      next[i].resize(now[i].size());
    }
    std::vector<void *> in(argumentBytes.size()), out(yieldedBytes.size());
    for (size_t i = 1 + carries; i < in.size(); ++i)
      in[i] = operands.in[i - 1];
    for (int64_t step = 0; step < length; ++step) {
      int64_t iteration = reverse ? length - 1 - step : step;
      in[0] = &iteration;
      for (size_t i = 0; i < carries; ++i) {
        in[1 + i] = now[i].data();
        out[i] = next[i].data();
      }
      for (size_t i = 1 + carries; i < 1 + carries + slices; ++i)
        in[i] = static_cast<std::byte *>(operands.in[i - 1]) +
                iteration * argumentBytes[i];
      for (size_t i = carries; i < out.size(); ++i)
        out[i] = static_cast<std::byte *>(operands.out[i]) +
                 iteration * yieldedBytes[i];
      plan->run(in.data(), out.data(), operands.status);
      now.swap(next);
    }
    for (size_t i = 0; i < carries; ++i)
      std::copy(now[i].begin(), now[i].end(),
                static_cast<std::byte *>(operands.out[i]));
  };
}

Evaluate prepare(ir::KernelOp op, StatusEntry entry) {
  Block &body = op.getBody().front();
  FailureOr<std::shared_ptr<const Plan>> made = Plan::make(body, entry);
  if (failed(made))
    return {};
  // Operands that are not read as they lie are gathered first.
  std::vector<Evaluate> views(op.getInputs().size());
  std::vector<int64_t> bytes;
  for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
    AffineMap map = cast<AffineMapAttr>(op.getMaps()[i]).getValue();
    ArrayType from = arrayType(op.getInputs()[i]), to = arrayType(argument);
    bytes.push_back(to.bytes());
    if (map.isIdentity() && from.shape == to.shape)
      continue;
    views[i] = prepareView(from, to, map, op);
    if (!views[i])
      return {};
  }
  return [=, plan = *made](const Operands &operands) {
    std::vector<void *> in(operands.in, operands.in + views.size());
    std::vector<std::vector<std::byte>> gathered(views.size());
    for (size_t i = 0; i < views.size(); ++i) {
      if (!views[i])
        continue;
      gathered[i].resize(size_t(bytes[i]));
      in[i] = gathered[i].data();
      views[i]({&operands.in[i], &in[i], operands.status});
    }
    plan->run(in.data(), operands.out, operands.status);
  };
}

} // namespace needle::codegen::reference
