// Places.cpp - what a location says about the user's program.
#include "needle/codegen/Places.h"

#include "mlir/IR/Operation.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace needle::codegen {

std::optional<FileLineColLoc> userPlace(Location loc) {
  std::optional<FileLineColLoc> place;
  loc->walk([&](Location part) {
    if (auto file = dyn_cast<FileLineColLoc>(part)) {
      place = file;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return place;
}

std::string placeText(Location loc) {
  std::optional<FileLineColLoc> place = userPlace(loc);
  if (!place)
    return "";
  return (llvm::sys::path::filename(place->getFilename().getValue()) + ":" +
          llvm::Twine(place->getLine()))
      .str();
}

llvm::StringRef opName(Operation *op) { return op->getName().stripDialect(); }

std::string describeOps(Region &body) {
  std::string text;
  int count = 0;
  for (Operation &op : body.front().without_terminator()) {
    if (++count > 5)
      return text + " ...";
    text += (text.empty() ? "" : " ") + opName(&op).str();
  }
  return text.empty() ? "copy" : text;
}

} // namespace needle::codegen
