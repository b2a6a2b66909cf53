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
  Compiled(codegen::CompileResult result)
      : executable(std::move(result.program)), report(result.report),
        ir(std::move(result.ir)) {}
  runtime::Executable executable;
  runtime::Report report;
  std::string ir;
};

/// Opens libneedle-compiler at the first call. Throws CompileError with what
/// the compiler says, Error when it can't be opened. NEEDLE_DUMP is obeyed.
std::shared_ptr<const Compiled> compile(const Graph &graph);
/// The same for a look inside: nothing is dumped but what `options` ask for.
codegen::CompileResult compileFor(const Graph &graph,
                                  const codegen::CompileOptions &options);

/// Programs of realized graphs by their words, compared in full; the longest
/// unused go first when there are many.
std::shared_ptr<const Compiled> findProgram(const std::vector<uint64_t> &words);
void keepProgram(std::vector<uint64_t> words,
                 std::shared_ptr<const Compiled> compiled);
/// How many programs realizations have compiled, for tests.
int64_t compiledPrograms();

} // namespace needle::detail
