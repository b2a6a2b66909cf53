// Buffer.cpp - counted memory of one tensor.
#include "needle/runtime/Buffer.h"

#include <cstring>

namespace needle::runtime {

BufferPtr Buffer::allocate(size_t bytes) {
  return allocate(bytes, classFor(bytes));
}

void Buffer::addElements() {
  Block block = Allocator::process().allocate(size);
  elements = block.data;
  capacity = block.capacity;
}

BufferPtr Buffer::copyOf(const void *data, size_t bytes) {
  BufferPtr buffer = allocate(bytes);
  if (bytes)
    std::memcpy(buffer->data(), data, bytes);
  return buffer;
}

void Buffer::destroy(Buffer *buffer) noexcept {
  buffer->event.join(); // nobody writes to memory that is given back
  int number = buffer->number;
  Block block;
  if (buffer->capacity) [[unlikely]]
    block = {buffer->elements, buffer->capacity};
  buffer->~Buffer();
  Allocator::freeSmall(buffer, number);
  if (block.data)
    Allocator::process().free(block);
}

} // namespace needle::runtime
