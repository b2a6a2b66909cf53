// GraphFile.h - opens a graph or IR for a tool; what may be hostile, it checks.
#pragma once

#include "llvm/Support/MemoryBuffer.h"

namespace needle {

struct GraphFile {
  std::unique_ptr<llvm::MemoryBuffer> text;
  bool isJson = false;
};

/// Opens `name` ("-": standard input). `text` is null, and `error` says why
/// with file and line, when it can't be read, has more than 1 GiB, or is
/// MLIR that its recursive parser, printer and walks should not be given.
GraphFile openGraphFile(llvm::StringRef name, std::string &error);

} // namespace needle
