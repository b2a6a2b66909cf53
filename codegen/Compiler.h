// Compiler.h - the only door into libneedle-compiler; names no MLIR, no LLVM.
#pragma once

#include "needle/runtime/Program.h"

#include <memory>
#include <string>

namespace needle::codegen {

struct CompileOptions {
  /// Not empty: `traced.json` and the IR after each stage are written there.
  std::string dumpDirectory;
  /// Not empty: CompileResult::ir gets the IR after this stage.
  std::string stage;
};

struct CompileResult {
  std::shared_ptr<const runtime::Program> program;
  runtime::Report report;
  std::string ir;
};

/// Compiles a graph for its target; throws CompileError with all diagnostics.
using CompileFunction = void(const Graph &graph, const CompileOptions &options,
                             CompileResult &result);

/// The name dlsym asks for; the number grows with any change of this header or
/// of the structs it names.
inline constexpr const char *compileSymbol = "needleCompile_2";

} // namespace needle::codegen
