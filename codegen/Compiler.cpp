// Compiler.cpp - graph in, program out; turns diagnostics into needle::Error.
// The one file of the compiler that throws, when no MLIR frame is below it.
#include "needle/codegen/Compiler.h"

#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Diagnostics.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Import.h"
#include "needle/runtime/Error.h"

#include "llvm/Support/ErrorHandling.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>

using namespace needle;

namespace {

// LLVM ends the process after this: say whose fault it is.
void reportFatalError(void *, const char *reason, bool) {
  std::fprintf(stderr, "needle: internal error in code generation: %s\n",
               reason);
}

void installFatalErrorHandler() {
  static std::once_flag once;
  std::call_once(once,
                 [] { llvm::install_fatal_error_handler(reportFatalError); });
}

void dumpGraph(const Graph &graph, const std::string &directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::string path =
      (std::filesystem::path(directory) / "traced.json").string();
  std::ofstream file(path, std::ios::binary);
  file << toJson(graph) << std::flush;
  if (!file)
    throw Error("cannot write " + path + (error ? ": " + error.message() : ""));
}

// Without exceptions in reach: everything of MLIR lives and dies in here.
bool compile(const Graph &graph, const codegen::TargetInfo &target,
             const codegen::CompileOptions &options,
             codegen::CompileResult &result, codegen::Diagnostics::Text &said,
             std::string &stage) {
  std::unique_ptr<mlir::MLIRContext> context = codegen::makeContext();
  codegen::Diagnostics diagnostics(context.get(), said);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      ir::importGraph(context.get(), graph, target.attribute(context.get()));
  return module && mlir::succeeded(
                       codegen::compileModule(*module, options, result, stage));
}

} // namespace

extern "C" __attribute__((visibility("default"))) void
needleCompile_2(const Graph &graph, const codegen::CompileOptions &options,
                codegen::CompileResult &result) {
  auto start = std::chrono::steady_clock::now();
  installFatalErrorHandler();
  std::string error;
  mlir::FailureOr<codegen::TargetInfo> target =
      codegen::TargetInfo::host(graph.target, error);
  if (mlir::failed(target))
    throw TargetError(error);
  if (!options.dumpDirectory.empty())
    dumpGraph(graph, options.dumpDirectory);
  codegen::Diagnostics::Text said;
  std::string stage;
  if (!compile(graph, *target, options, result, said, stage)) {
    if (said.text.empty())
      said.text = "cannot be compiled (stage " + stage + ")";
    Where where{said.file.empty() ? "" : internFile(said.file), said.line};
    if (stage == "autodiff")
      throw GradientError(where, said.text);
    throw CompileError(where, said.text);
  }
  std::chrono::duration<double, std::milli> time =
      std::chrono::steady_clock::now() - start;
  result.report.compileMs = time.count();
}
