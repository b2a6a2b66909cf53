// Buffer.cpp - counted memory of one tensor.
#include "needle/runtime/Buffer.h"

#include <cstring>

namespace needle::runtime {

Buffer::Buffer(size_t bytes)
    : block(Allocator::process().allocate(bytes)), size(bytes) {}

Buffer::~Buffer() {
  event.join(); // nobody writes to memory that is given back
  Allocator::process().free(block);
}

BufferPtr Buffer::allocate(size_t bytes) {
  return std::make_shared<Buffer>(bytes);
}

BufferPtr Buffer::copyOf(const void *data, size_t bytes) {
  BufferPtr buffer = allocate(bytes);
  if (bytes)
    std::memcpy(buffer->data(), data, bytes);
  return buffer;
}

bool solelyOwned(const BufferPtr &buffer) {
  if (buffer.use_count() != 1)
    return false;
  // use_count() orders nothing. Counting up and down does: it is a
  // read-modify-write after the last other owner's, with acquire.
  BufferPtr another = buffer;
  return another.use_count() == 2;
}

} // namespace needle::runtime
