// Diagnostics.cpp - collects what MLIR says, with the user's places.
#include "needle/codegen/Diagnostics.h"

#include "needle/codegen/Places.h"

using namespace mlir;

namespace needle::codegen {

static void append(Diagnostics::Text &to, const Diagnostic &diagnostic) {
  std::string place = placeText(diagnostic.getLocation());
  if (to.text.empty()) {
    if (std::optional<FileLineColLoc> at =
            userPlace(diagnostic.getLocation())) {
      to.file = at->getFilename().str();
      to.line = int(at->getLine());
    }
  } else {
    to.text += "\n" + (place.empty() ? "" : place + ": ");
  }
  to.text += diagnostic.str();
  for (const Diagnostic &note : diagnostic.getNotes())
    append(to, note);
}

Diagnostics::Diagnostics(MLIRContext *context, Text &text)
    : handler(context, [&text](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          append(text, diagnostic);
        return success();
      }) {}

} // namespace needle::codegen
