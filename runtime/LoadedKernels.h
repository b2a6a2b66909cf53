// LoadedKernels.h - machine code of kernels, shared by all Programs of a
// process, whether it was compiled here or came from disk.
#pragma once

#include "needle/runtime/Blob.h"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace needle::runtime {

/// Blobs by key, from this build of needle only. Any thread may use it. They
/// stay for the life of the process: a few kilobytes each, and as many as there
/// are shapes of kernels, not of tensors.
class LoadedKernels {
public:
  static LoadedKernels &process();
  /// Says all that decides the code.
  static std::string keyFor(std::string_view instructionSet,
                            std::string_view kernel);

  /// Null when there is none.
  std::shared_ptr<const Blob> find(const std::string &key) const;
  /// Keeps `blob`, or the one that another thread has stored meanwhile, and
  /// returns what is kept.
  std::shared_ptr<const Blob> insert(const std::string &key,
                                     std::shared_ptr<const Blob> blob);

private:
  mutable std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<const Blob>> blobs;
};

} // namespace needle::runtime
