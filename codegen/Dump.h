// Dump.h - the IR after each stage as files and text.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace needle::codegen {

/// Writes numbered files: `00-traced.mlir`, `01-autodiff.mlir`, ... An empty
/// directory name: writes nothing.
class Dump {
public:
  explicit Dump(std::string directory) : directory(std::move(directory)) {}
  bool wanted() const { return !directory.empty(); }
  /// Writes what `name` left; when that is what its predecessor left, removes
  /// what an earlier dump left in the file's place. Large
  /// constants are elided. Fails with a diagnostic when it can't be written.
  mlir::LogicalResult write(int number, llvm::StringRef name,
                            mlir::ModuleOp module);

private:
  std::string directory, last;
};

/// The IR for people: the user's file and line after each op.
std::string printWithPlaces(mlir::ModuleOp module);

} // namespace needle::codegen
