// ProgramConstants.cpp - the constants section of a Program.
#include "needle/codegen/ProgramConstants.h"

#include "needle/codegen/reference/Families.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace needle::codegen {

// The interpreter knows how constants look in memory.
FailureOr<int64_t> ProgramConstants::add(Operation *op) {
  reference::Evaluate evaluate =
      llvm::TypeSwitch<Operation *, reference::Evaluate>(op)
          .Case<ir::ConstantOp, ir::FullOp>(
              [](auto op) { return reference::prepare(op); })
          .Default([](Operation *op) -> reference::Evaluate {
            op->emitOpError("is no constant that can lie in memory");
            return {};
          });
  if (!evaluate)
    return failure();
  std::pair<Attribute, Type> key(op->getAttr("value"),
                                 op->getResult(0).getType());
  auto known = offsets.find(key);
  if (known != offsets.end())
    return known->second;
  size_t offset = (section.size() + 63) / 64 * 64;
  section.resize(offset +
                 size_t(reference::arrayType(op->getResult(0)).bytes()));
  void *to = section.data() + offset;
  evaluate({nullptr, &to, nullptr});
  return offsets[key] = int64_t(offset);
}

} // namespace needle::codegen
