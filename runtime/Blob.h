// Blob.h - position-independent machine code without external symbols.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace needle::runtime {

/// One tile of a kernel phase. `buffers` are addresses of elements, `scalars`
/// the phase's sizes and strides, `scratch` this worker's own memory.
using TileFunction = void(void *const *buffers, const int64_t *scalars,
                          int64_t tile, void *scratch);

/// Machine code as the code generator made it; `entry` is the offset of a
/// TileFunction. Serialisable: no addresses inside.
struct BlobCode {
  std::vector<uint8_t> bytes;
  uint64_t entry = 0;
};

/// A blob in executable memory. Immutable, shared by Programs; the memory is
/// returned when the last one goes.
class Blob {
public:
  /// Copies `code` to fresh pages and makes them executable, never writable
  /// and executable at once. Throws Error when memory can't be had.
  static std::shared_ptr<const Blob> load(const BlobCode &code);
  /// A function of this process as a blob (tests; size 0).
  static std::shared_ptr<const Blob> wrap(TileFunction *function);
  ~Blob();
  Blob(const Blob &) = delete;
  TileFunction *entry() const { return function; }
  size_t size() const { return bytes; }
  /// The machine code as it was given, to be stored; empty for a function of
  /// this process.
  std::span<const uint8_t> code() const {
    return {static_cast<const uint8_t *>(memory), codeBytes};
  }
  uint64_t entryOffset() const { return offset; }

private:
  Blob() = default;
  void *memory = nullptr;
  size_t bytes = 0, codeBytes = 0;
  uint64_t offset = 0;
  TileFunction *function = nullptr;
};

} // namespace needle::runtime
