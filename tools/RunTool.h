// RunTool.h - how a tool runs: room for nested IR, and one line for any error.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"

namespace needle {

/// Runs `body` with a large stack and returns its exit status. An exception, a
/// fatal error of LLVM and a lack of memory are "NAME: error: ..." on stderr
/// and exit status 1.
int runTool(const char *name, llvm::function_ref<int()> body);

} // namespace needle
