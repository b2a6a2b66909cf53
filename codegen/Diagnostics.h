// Diagnostics.h - collects what MLIR says, with the user's places.
#pragma once

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace needle::codegen {

/// For the life of this, errors go to `text` instead of stderr.
class Diagnostics {
public:
  struct Text {
    /// The user's place of the first error; line 0: unknown.
    std::string file;
    int line = 0;
    /// All errors and notes, one a line. The first one is without its place.
    std::string text;
  };
  Diagnostics(mlir::MLIRContext *context, Text &text);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace needle::codegen
