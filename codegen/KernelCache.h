// KernelCache.h - machine code of kernels, shared by all Programs of a process.
#pragma once

#include "needle/runtime/Blob.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <mutex>

namespace needle::codegen {

/// Blobs by key, which says all that decides the code (instruction set
/// included). Any thread may use it. Blobs stay for the life of the process:
/// a few kilobytes each, and as many as there are shapes of kernels, not of
/// tensors.
class KernelCache {
public:
  static KernelCache &process();

  /// Null when there is none.
  std::shared_ptr<const runtime::Blob> find(llvm::StringRef key) const;
  /// Keeps `blob`, or the one that another thread has stored meanwhile, and
  /// returns what is kept.
  std::shared_ptr<const runtime::Blob>
  insert(llvm::StringRef key, std::shared_ptr<const runtime::Blob> blob);

private:
  mutable std::mutex mutex;
  llvm::StringMap<std::shared_ptr<const runtime::Blob>> blobs;
};

/// Blob::load for code that is compiled without exceptions: null, and `error`
/// says why, when memory can't be had.
std::shared_ptr<const runtime::Blob> loadBlob(const runtime::BlobCode &code,
                                              std::string &error);

} // namespace needle::codegen
