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
  explicit Compiled(codegen::CompileResult result, bool isFromDisk = false)
      : executable(
            std::make_unique<runtime::Executable>(std::move(result.program))),
        report(result.report), isFromDisk(isFromDisk) {}
  std::unique_ptr<runtime::Executable> executable;
  runtime::Report report;
  bool isFromDisk;
};

/// Opens libneedle-compiler at the first call. Throws CompileError with what
/// the compiler says, Error when it can't be opened.
codegen::CompileResult compileFor(const Graph &graph,
                                  const codegen::CompileOptions &options);
/// The same with a numbered folder of NEEDLE_DUMP.
codegen::CompileResult compileAndDump(const Graph &graph);

/// Programs of this process by their canonical words.
std::shared_ptr<const Compiled> findProgram(const std::vector<uint64_t> &words);
/// One that is new here comes from the cache on disk, else from the compiler.
std::shared_ptr<const Compiled> getProgram(const std::vector<uint64_t> &words,
                                           const Graph &graph);
/// How many of them have been compiled: a test hook.
int64_t compiledPrograms();

} // namespace needle::detail
