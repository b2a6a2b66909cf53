// Compile.cpp - opens the compiler on first use; the programs of this process.
#include "needle/frontend/Compile.h"

#include "needle/frontend/DiskPrograms.h"
#include "needle/runtime/Environment.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/ProgramCache.h"

#include <atomic>
#include <cctype>
#include <cstdio>
#include <dlfcn.h>

namespace needle::detail {

// ---- the door --------------------------------------------------------------
// Beside the library that holds this very function. Not left to $ORIGIN: under
// a sanitizer dlopen's caller is libasan, whose RUNPATH counts.
static std::string compilerPath() {
  if (!environment::compilerPath().empty())
    return environment::compilerPath();
  Dl_info info;
  dladdr(reinterpret_cast<void *>(&compilerPath), &info);
  std::string self = info.dli_fname;
  return self.substr(0, self.find_last_of('/') + 1) + NEEDLE_COMPILER_FILE;
}

static codegen::CompileFunction *openCompiler() {
  std::string path = compilerPath();
  // Never closed: LLVM's static destructors do not survive dlclose.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library)
    throw Error("cannot open the compiler: " + std::string(dlerror()));
  void *symbol = dlsym(library, codegen::compileSymbol);
  if (!symbol)
    throw Error(path + " is another version of the compiler");
  return reinterpret_cast<codegen::CompileFunction *>(symbol);
}

codegen::CompileResult compileFor(const Graph &graph,
                                  const codegen::CompileOptions &options) {
  // A throw leaves `open` unset, so the next call tries again.
  static codegen::CompileFunction *open = openCompiler();
  codegen::CompileResult result;
  open(graph, options, result);
  return result;
}

codegen::CompileResult compileAndDump(const Graph &graph) {
  static std::atomic<int> dumps{0};
  codegen::CompileOptions options;
  if (const std::string &folder = environment::dumpFolder(); !folder.empty()) {
    char number[16];
    std::snprintf(number, sizeof number, "%03d-", dumps++);
    std::string name = graph.name; // of a folder, whatever the user wrote
    for (char &c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.')
        c = '_';
    options.dumpDirectory = folder + "/" + number + name;
  }
  return compileFor(graph, options);
}

// ---- programs --------------------------------------------------------------
static std::atomic<int64_t> compiledCount{0};
int64_t compiledPrograms() { return compiledCount; }

static runtime::ProgramCache<Compiled> &programs() {
  // Leaked on purpose: threads may realize while the process ends.
  static auto *programs = new runtime::ProgramCache<Compiled>(1024);
  return *programs;
}
std::shared_ptr<const Compiled>
findProgram(const std::vector<uint64_t> &words) {
  return programs().find(words);
}

static Compiled compile(const Graph &graph) {
  ++compiledCount;
  return Compiled(compileAndDump(graph));
}

static Compiled findOrCompile(runtime::DiskCache &cache, const Graph &graph) {
  std::optional<std::string> key = diskKey(graph);
  if (!key)
    return compile(graph);
  if (std::optional<Compiled> found = findOnDisk(cache, *key))
    return std::move(*found);
  ++compiledCount;
  codegen::CompileResult result = compileFor(graph, {});
  keepOnDisk(cache, *key, result);
  return Compiled(std::move(result));
}

std::shared_ptr<const Compiled> getProgram(const std::vector<uint64_t> &words,
                                           const Graph &graph) {
  return programs().get(words, [&] {
    // What is asked to be dumped has to be compiled.
    if (!environment::dumpFolder().empty())
      return compile(graph);
    runtime::DiskCache *cache = runtime::DiskCache::process();
    return cache ? findOrCompile(*cache, graph) : compile(graph);
  });
}

} // namespace needle::detail
