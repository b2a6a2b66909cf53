// Compile.cpp - opens the compiler on first use; the program cache.
#include "needle/frontend/Compile.h"

#include "needle/runtime/Environment.h"
#include "needle/runtime/Error.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <list>
#include <mutex>
#include <unordered_map>

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

std::shared_ptr<const Compiled> compile(const Graph &graph) {
  static std::atomic<int> dumps{0};
  codegen::CompileOptions options;
  if (const std::string &folder = environment::dumpFolder(); !folder.empty()) {
    char number[16];
    std::snprintf(number, sizeof number, "%03d-", dumps++);
    options.dumpDirectory = folder + "/" + number + graph.name;
  }
  return std::make_shared<const Compiled>(compileFor(graph, options));
}

// ---- programs --------------------------------------------------------------
namespace {
struct Cached {
  std::vector<uint64_t> words;
  uint64_t hash;
  std::shared_ptr<const Compiled> compiled;
};
struct Cache {
  static constexpr size_t limit = 1024;
  std::mutex mutex;
  std::list<Cached> recent; // the last used first
  std::unordered_multimap<uint64_t, std::list<Cached>::iterator> byHash;
  int64_t compiled = 0;
};
Cache &cache() {
  static Cache *cache = new Cache;
  return *cache;
}
} // namespace

static uint64_t hashOf(const std::vector<uint64_t> &words) {
  uint64_t hash = words.size();
  for (uint64_t word : words) {
    __uint128_t product =
        __uint128_t(hash ^ 0x9e3779b97f4a7c15) * (word ^ 0xd1b54a32d192ed03);
    hash = uint64_t(product) ^ uint64_t(product >> 64);
  }
  return hash;
}

std::shared_ptr<const Compiled>
findProgram(const std::vector<uint64_t> &words) {
  uint64_t hash = hashOf(words);
  Cache &c = cache();
  std::lock_guard lock(c.mutex);
  auto [first, last] = c.byHash.equal_range(hash);
  for (auto it = first; it != last; ++it)
    if (it->second->words == words) {
      c.recent.splice(c.recent.begin(), c.recent, it->second);
      return it->second->compiled;
    }
  return nullptr;
}

void keepProgram(std::vector<uint64_t> words,
                 std::shared_ptr<const Compiled> compiled) {
  uint64_t hash = hashOf(words);
  Cache &c = cache();
  std::lock_guard lock(c.mutex);
  ++c.compiled;
  c.recent.push_front({std::move(words), hash, std::move(compiled)});
  c.byHash.emplace(hash, c.recent.begin());
  if (c.recent.size() <= Cache::limit)
    return;
  auto oldest = std::prev(c.recent.end());
  auto [first, end] = c.byHash.equal_range(oldest->hash);
  c.byHash.erase(std::find_if(
      first, end, [&](const auto &it) { return it.second == oldest; }));
  c.recent.pop_back();
}

int64_t compiledPrograms() {
  Cache &c = cache();
  std::lock_guard lock(c.mutex);
  return c.compiled;
}

} // namespace needle::detail
