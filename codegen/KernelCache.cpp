// KernelCache.cpp - machine code of kernels, shared by all Programs of a
// process. Compiled with exceptions: loading a blob throws, and no MLIR frame
// is below it.
#include "needle/codegen/KernelCache.h"

#include "needle/runtime/BuildId.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Log.h"

#include <dlfcn.h>
#include <filesystem>

namespace needle::codegen {

namespace {

/// Beside the library that this code is in, or in the libraries' folder beside
/// the tools'; the same in the build tree and when installed.
std::string archivePath() {
  namespace fs = std::filesystem;
  Dl_info info = {};
  dladdr(reinterpret_cast<void *>(&archivePath), &info);
  std::error_code error;
  std::string self = info.dli_fname ? info.dli_fname : "";
  // Of a program, this is what it was called by: a bare name came from PATH.
  if (self.find('/') == std::string::npos)
    self = "/proc/self/exe";
  fs::path folder = fs::canonical(self, error).parent_path();
  fs::path beside = folder / NEEDLE_KERNELS_FILE;
  if (fs::exists(beside, error))
    return beside.string();
  return (folder / NEEDLE_KERNELS_FOLDER / NEEDLE_KERNELS_FILE).string();
}

void warn(const Error &error) {
  runtime::log(runtime::LogLevel::warning,
               std::string(error.what()) +
                   "; kernels that ship with needle are compiled instead");
}

} // namespace

KernelCache &KernelCache::process() {
  static KernelCache cache;
  return cache;
}

KernelCache::KernelCache() {
  try {
    shipped = runtime::BlobArchive::open(archivePath(), runtime::buildId());
  } catch (const Error &error) {
    warn(error);
  }
}

std::shared_ptr<const runtime::Blob>
KernelCache::findShipped(llvm::StringRef key) {
  if (!shipped)
    return nullptr;
  try {
    if (auto code = shipped->find(key))
      return loaded.insert(key.str(), runtime::Blob::load(*code));
  } catch (const Error &error) {
    warn(error);
    shipped = nullptr;
  }
  return nullptr;
}

std::shared_ptr<const runtime::Blob> KernelCache::find(llvm::StringRef key) {
  if (auto blob = loaded.find(key.str()))
    return blob;
  std::lock_guard<std::mutex> lock(mutex);
  return findShipped(key);
}

std::shared_ptr<const runtime::Blob>
KernelCache::insert(llvm::StringRef key,
                    std::shared_ptr<const runtime::Blob> blob) {
  return loaded.insert(key.str(), std::move(blob));
}

std::shared_ptr<const runtime::Blob> loadBlob(const runtime::BlobCode &code,
                                              std::string &error) {
  try {
    return runtime::Blob::load(code);
  } catch (const Error &reason) {
    error = reason.what();
    return nullptr;
  }
}

} // namespace needle::codegen
