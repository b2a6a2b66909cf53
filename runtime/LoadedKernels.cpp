// LoadedKernels.cpp - one map behind one lock.
#include "needle/runtime/LoadedKernels.h"

namespace needle::runtime {

LoadedKernels &LoadedKernels::process() {
  // Leaked on purpose: static objects may hold Programs until the very end.
  static auto *kernels = new LoadedKernels;
  return *kernels;
}

std::string LoadedKernels::keyFor(std::string_view instructionSet,
                                  std::string_view kernel) {
  std::string key(instructionSet);
  return key.append(":").append(kernel);
}

std::shared_ptr<const Blob> LoadedKernels::find(const std::string &key) const {
  std::lock_guard lock(mutex);
  auto found = blobs.find(key);
  return found != blobs.end() ? found->second : nullptr;
}

std::shared_ptr<const Blob>
LoadedKernels::insert(const std::string &key,
                      std::shared_ptr<const Blob> blob) {
  std::lock_guard lock(mutex);
  return blobs.try_emplace(key, std::move(blob)).first->second;
}

} // namespace needle::runtime
