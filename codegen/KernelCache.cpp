// KernelCache.cpp - machine code of kernels, shared by all Programs of a
// process. Compiled with exceptions: Blob::load throws, and no MLIR frame is
// below it.
#include "needle/codegen/KernelCache.h"

#include "needle/runtime/Error.h"

namespace needle::codegen {

KernelCache &KernelCache::process() {
  static KernelCache cache;
  return cache;
}

std::shared_ptr<const runtime::Blob>
KernelCache::find(llvm::StringRef key) const {
  std::lock_guard<std::mutex> lock(mutex);
  return blobs.lookup(key);
}

std::shared_ptr<const runtime::Blob>
KernelCache::insert(llvm::StringRef key,
                    std::shared_ptr<const runtime::Blob> blob) {
  std::lock_guard<std::mutex> lock(mutex);
  return blobs.try_emplace(key, std::move(blob)).first->second;
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
