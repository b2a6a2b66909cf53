// Buffer.h - counted memory of one tensor.
#pragma once

#include "needle/runtime/Allocator.h"
#include "needle/runtime/Queue.h"

#include <memory>

namespace needle::runtime {

class Buffer;
/// Whoever holds one may read; the one and only holder may write.
using BufferPtr = std::shared_ptr<Buffer>;

/// Memory of `bytes()` bytes, 64-byte aligned, in the machine's memory, where
/// both targets (cpu and reference) work. Elements are row-major and dense.
class Buffer {
public:
  /// Fresh memory, not initialised. Throws MemoryError.
  static BufferPtr allocate(size_t bytes);
  /// The same with a copy of `bytes` bytes from `data`.
  static BufferPtr copyOf(const void *data, size_t bytes);
  Buffer(size_t bytes);
  ~Buffer();
  Buffer(const Buffer &) = delete;

  size_t bytes() const { return size; }
  /// Not null. Call `ready().join()` before reading what a program computed.
  void *data() { return block.data; }
  const void *data() const { return block.data; }
  template <class T> T *as() { return static_cast<T *>(block.data); }
  template <class T> const T *as() const {
    return static_cast<const T *>(block.data);
  }

  /// When the memory holds its value.
  const Event &ready() const { return event; }
  void setReady(Event when) { event = std::move(when); }

private:
  Block block;
  size_t size;
  Event event;
};

/// Is `buffer` the only reference? Then what other threads did with the memory
/// before they let go of it has happened.
bool solelyOwned(const BufferPtr &buffer);

} // namespace needle::runtime
