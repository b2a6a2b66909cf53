// Compile.h - the compiler behind its door, and programs already compiled.
#pragma once

#include "needle/codegen/Compiler.h"
#include "needle/runtime/Execution.h"

#include <memory>
#include <string>
#include <vector>

namespace needle::detail {

/// A program ready to run, and what the compiler said about it.
struct Compiled {
  explicit Compiled(codegen::CompileResult result)
      : executable(
            std::make_unique<runtime::Executable>(std::move(result.program))),
        report(result.report) {}
  std::unique_ptr<runtime::Executable> executable;
  runtime::Report report;
};

/// Opens libneedle-compiler at the first call. Throws CompileError with what
/// the compiler says, Error when it can't be opened.
codegen::CompileResult compileFor(const Graph &graph,
                                  const codegen::CompileOptions &options);
/// The same with a numbered folder of NEEDLE_DUMP.
codegen::CompileResult compileAndDump(const Graph &graph);

/// Programs of realized graphs by their canonical words.
std::shared_ptr<const Compiled> findProgram(const std::vector<uint64_t> &words);
std::shared_ptr<const Compiled> getProgram(const std::vector<uint64_t> &words,
                                           const Graph &graph);
/// How many of them have been compiled: a test hook.
int64_t compiledPrograms();

} // namespace needle::detail
