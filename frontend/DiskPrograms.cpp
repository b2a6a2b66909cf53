// DiskPrograms.cpp - a report and a program as one entry.
#include "needle/frontend/DiskPrograms.h"

#include "needle/runtime/Environment.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/GraphKey.h"
#include "needle/runtime/ProgramFile.h"

#include <chrono>
#include <new>
#include <sys/stat.h>

namespace needle::detail {

// Whose code it is when NEEDLE_COMPILER names another compiler than the one
// that was built with this library.
static std::string compilerIdentity() {
  const std::string &path = environment::compilerPath();
  struct stat facts = {};
  if (path.empty() || ::stat(path.c_str(), &facts))
    return path;
  return path + ":" + std::to_string(facts.st_size) + ":" +
         std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
}

std::optional<std::string> diskKey(const Graph &graph) {
  if (graph.target != "cpu") // the interpreter's programs are functions
    return std::nullopt;
  try {
    return runtime::programKey(graph, compilerIdentity());
  } catch (const TargetError &) { // the compiler says so better
    return std::nullopt;
  }
}

std::optional<Compiled> findOnDisk(runtime::DiskCache &cache,
                                   const std::string &key) {
  auto start = std::chrono::steady_clock::now();
  std::optional<std::string> entry = cache.find(key);
  if (!entry)
    return std::nullopt;
  try {
    runtime::ByteReader reader(*entry, cache.pathOf(key));
    codegen::CompileResult result;
    runtime::Report &report = result.report;
    for (int *count :
         {&report.tracedOps, &report.opsAfterAutodiff, &report.kernels})
      *count = reader.take<int32_t>();
    report.sumOfIntermediateBytes = reader.take<int64_t>();
    result.program =
        runtime::readProgram(reader, runtime::KernelsOf::thisBuild);
    reader.end();
    report.arenaBytes = result.program->arenaBytes;
    Compiled compiled(std::move(result), /*isFromDisk=*/true);
    std::chrono::duration<double, std::milli> time =
        std::chrono::steady_clock::now() - start;
    compiled.report.compileMs = time.count();
    return compiled;
  } catch (const std::exception &error) {
    cache.reject(key, error.what());
    return std::nullopt;
  }
}

void keepOnDisk(runtime::DiskCache &cache, const std::string &key,
                const codegen::CompileResult &result) {
  if (!runtime::whyNotStorable(*result.program).empty())
    return;
  const runtime::Report &report = result.report;
  try {
    runtime::ByteWriter entry;
    for (int count :
         {report.tracedOps, report.opsAfterAutodiff, report.kernels})
      entry.put(int32_t(count));
    entry.put(report.sumOfIntermediateBytes);
    runtime::writeProgram(entry, *result.program);
    cache.insert(key, entry.bytes);
  } catch (const std::bad_alloc &) {
    // Not kept: there may be memory enough to go on without it.
  }
}

} // namespace needle::detail
