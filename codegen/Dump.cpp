// Dump.cpp - the IR after each stage as files and text.
#include "needle/codegen/Dump.h"

#include "mlir/IR/OperationSupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace needle::codegen {

namespace {

constexpr int64_t largestConstant = 64; // elements that are written out

std::string print(ModuleOp module, bool pretty) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream,
               OpPrintingFlags()
                   .enableDebugInfo(/*enable=*/true, /*prettyForm=*/pretty)
                   .elideLargeElementsAttrs(largestConstant));
  stream << '\n';
  return text;
}

} // namespace

LogicalResult Dump::write(int number, llvm::StringRef name, ModuleOp module) {
  if (!wanted())
    return success();
  std::string text = print(module, /*pretty=*/false);
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, llvm::Twine(number < 10 ? "0" : "") +
                                    llvm::Twine(number) + "-" + name + ".mlir");
  if (text == last) {
    llvm::sys::fs::remove(path); // of an earlier dump into the same folder
    return success();
  }
  last = std::move(text);
  std::error_code error = llvm::sys::fs::create_directories(directory);
  if (!error) {
    llvm::raw_fd_ostream file(path, error);
    if (!error) {
      file << last;
      file.close();
      error = file.error();
      file.clear_error();
    }
  }
  if (error)
    return emitError(UnknownLoc::get(module.getContext()))
           << "cannot write " << path.str() << ": " << error.message();
  return success();
}

std::string printWithPlaces(ModuleOp module) {
  return print(module, /*pretty=*/true);
}

} // namespace needle::codegen
