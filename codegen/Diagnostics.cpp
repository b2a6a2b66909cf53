// Diagnostics.cpp - collects what MLIR says, with the user's places.
#include "needle/codegen/Diagnostics.h"

#include "needle/codegen/Places.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace needle::codegen {

/// A user's place, or what a graph without places says: "node 3".
static std::string placeOf(Location loc) {
  std::string place = placeText(loc);
  auto name = dyn_cast<NameLoc>(loc);
  return place.empty() && name ? name.getName().str() : place;
}

static void append(Diagnostics::Text &to, const Diagnostic &diagnostic) {
  std::string place = placeOf(diagnostic.getLocation());
  if (to.text.empty()) {
    if (std::optional<FileLineColLoc> at =
            userPlace(diagnostic.getLocation())) {
      to.file = at->getFilename().str();
      to.line = int(at->getLine());
    } else if (!place.empty()) {
      to.text = place + ": ";
    }
  } else {
    to.text += "\n" + (place.empty() ? "" : place + ": ");
  }
  // Names from a file may hold any byte.
  for (char c : diagnostic.str())
    to.text += c == '\n' || uint8_t(c) >= ' ' ? c : '?';
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
