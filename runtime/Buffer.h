// Buffer.h - counted memory of one tensor.
#pragma once

#include "needle/runtime/Allocator.h"
#include "needle/runtime/Queue.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace needle::runtime {

class BufferPtr;

/// Memory of `bytes()` bytes, 64-byte aligned, in the machine's memory, where
/// both targets (cpu and reference) work. Elements are row-major and dense.
/// Small ones lie behind the object, in one block with it.
class Buffer {
public:
  /// Fresh memory, not initialised. Throws MemoryError.
  static BufferPtr allocate(size_t bytes);
  /// The same with a copy of `bytes` bytes from `data`.
  static BufferPtr copyOf(const void *data, size_t bytes);
  Buffer(const Buffer &) = delete;
  /// The class of the block that a buffer of so many bytes lies in with its
  /// elements; 0: they lie in another.
  static constexpr int classFor(size_t bytes) {
    return bytes <= ThreadCache::largest - headBytes
               ? ThreadCache::classOf(headBytes + bytes)
               : 0;
  }
  /// The same as allocate(), for a class that has been found before.
  static BufferPtr allocate(size_t bytes, int number);

  size_t bytes() const { return size; }
  /// Not null. Call `ready().join()` before reading what a program computed.
  void *data() { return elements; }
  const void *data() const { return elements; }
  template <class T> T *as() { return static_cast<T *>(elements); }
  template <class T> const T *as() const {
    return static_cast<const T *>(elements);
  }

  /// When the memory holds its value.
  const Event &ready() const { return event; }
  void setReady(Event when) { event = std::move(when); }

private:
  friend class BufferPtr;
  friend bool solelyOwned(const Buffer &buffer);
  // The elements behind the object are aligned as it is.
  static constexpr size_t headBytes = 64;
  Buffer(int number, size_t size)
      : number(number), elements(reinterpret_cast<char *>(this) + headBytes),
        size(size) {}
  ~Buffer() = default;
  void addElements();
  /// Of one whose elements lie elsewhere, or that has been waited for.
  static void destroy(Buffer *buffer) noexcept;

  std::atomic<uint32_t> references{1};
  int32_t number; // of the class of the block where this object lies
  void *elements;
  size_t size;
  Event event;
  size_t capacity = 0; // of the elements' block; 0: they lie in this one
};

/// A counted reference. Whoever holds one may read; the one and only holder may
/// write.
class BufferPtr {
public:
  BufferPtr() = default;
  BufferPtr(std::nullptr_t) {}
  BufferPtr(const BufferPtr &other) : BufferPtr(share(other.buffer)) {}
  BufferPtr(BufferPtr &&other) noexcept
      : buffer(std::exchange(other.buffer, nullptr)) {}
  BufferPtr &operator=(BufferPtr other) noexcept {
    std::swap(buffer, other.buffer);
    return *this;
  }
  ~BufferPtr() {
    if (buffer)
      release(buffer);
  }
  /// Another reference to what somebody else holds.
  static BufferPtr share(Buffer *buffer) {
    if (buffer)
      buffer->references.fetch_add(1, std::memory_order_relaxed);
    return BufferPtr(buffer);
  }

  Buffer *get() const { return buffer; }
  Buffer *operator->() const { return buffer; }
  Buffer &operator*() const { return *buffer; }
  explicit operator bool() const { return buffer; }
  void reset() { *this = nullptr; }
  friend bool operator==(const BufferPtr &, const BufferPtr &) = default;

private:
  friend class Buffer;
  explicit BufferPtr(Buffer *adopted) : buffer(adopted) {}
  static void release(Buffer *buffer) noexcept {
    // The only reference: no locked instruction is needed.
    if (buffer->references.load(std::memory_order_acquire) == 1 ||
        buffer->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      if (buffer->number > 0 && buffer->event.empty()) [[likely]]
        Allocator::freeSmall(buffer, buffer->number);
      else
        Buffer::destroy(buffer);
    }
  }
  Buffer *buffer = nullptr;
};

inline BufferPtr Buffer::allocate(size_t bytes, int number) {
  static_assert(sizeof(Buffer) <= headBytes);
  BufferPtr buffer(::new (Allocator::allocateSmall(number))
                       Buffer(number, bytes));
  if (number == 0) [[unlikely]]
    buffer->addElements();
  return buffer;
}

/// Is there one reference only? Then what other threads did with the memory
/// before they let go of it has happened.
inline bool solelyOwned(const Buffer &buffer) {
  return buffer.references.load(std::memory_order_acquire) == 1;
}

} // namespace needle::runtime
