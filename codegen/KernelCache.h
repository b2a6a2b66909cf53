// KernelCache.h - machine code of kernels, shared by all Programs of a process.
#pragma once

#include "needle/runtime/Blob.h"
#include "needle/runtime/BlobArchive.h"
#include "needle/runtime/LoadedKernels.h"

#include "llvm/ADT/StringRef.h"

#include <memory>
#include <mutex>

namespace needle::codegen {

/// Blobs by key: those that this process has loaded and those that shipped with
/// needle. Any thread may use it.
class KernelCache {
public:
  static KernelCache &process();
  /// Says all that decides the code.
  static std::string keyFor(llvm::StringRef isa, llvm::StringRef kernel) {
    return runtime::LoadedKernels::keyFor(isa, kernel);
  }

  /// Null when there is none.
  std::shared_ptr<const runtime::Blob> find(llvm::StringRef key);
  /// Keeps `blob`, or the one that another thread has stored meanwhile, and
  /// returns what is kept.
  std::shared_ptr<const runtime::Blob>
  insert(llvm::StringRef key, std::shared_ptr<const runtime::Blob> blob);

private:
  KernelCache();
  /// Null, and says why once, when it can't be used.
  std::shared_ptr<const runtime::Blob> findShipped(llvm::StringRef key);

  runtime::LoadedKernels &loaded = runtime::LoadedKernels::process();
  std::mutex mutex; // of `shipped`
  std::shared_ptr<const runtime::BlobArchive> shipped;
};

/// Blob::load for code that is compiled without exceptions: null, and `error`
/// says why, when memory can't be had.
std::shared_ptr<const runtime::Blob> loadBlob(const runtime::BlobCode &code,
                                              std::string &error);

} // namespace needle::codegen
