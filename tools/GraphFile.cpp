// GraphFile.cpp - opens a graph or IR for a tool; what may be hostile, it
// checks.
#include "GraphFile.h"

#include "MlirText.h"

#include "mlir/Support/FileUtilities.h"

using llvm::StringRef;

namespace needle {

static constexpr size_t maxText = size_t(1) << 30;

GraphFile openGraphFile(StringRef name, std::string &error) {
  GraphFile file;
  file.text = mlir::openInputFile(name, &error);
  if (!file.text)
    return file;
  StringRef text = file.text->getBuffer(), start = text.ltrim();
  // A file of MLIR may start with its resources: {-# ... #-}.
  file.isJson = name.ends_with(".json") ||
                (start.starts_with("{") && !start.starts_with("{-#"));
  std::string reason;
  if (text.size() > maxText)
    error = (name + ": more than " + llvm::Twine(maxText >> 20) + " MiB").str();
  else if (!file.isJson && !(reason = whyRefused(text)).empty())
    error = (name + ":" + reason).str();
  else
    return file;
  file.text.reset();
  return file;
}

} // namespace needle
