// Idx.cpp - tensors from IDX, gzipped or not: as many bytes as the shape says,
// and the same when they are read from a plain file.
#include "Fuzz.h"

#include "needle/frontend/data/Idx.h"

#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace needle;

namespace {

/// A file that is in memory only.
class MemoryFile {
public:
  explicit MemoryFile(std::string_view bytes)
      : number(memfd_create("fuzz.idx", MFD_CLOEXEC)) {
    fuzz::require(number >= 0 && ::write(number, bytes.data(), bytes.size()) ==
                                     ssize_t(bytes.size()),
                  "no file in memory");
  }
  ~MemoryFile() { ::close(number); }
  MemoryFile(const MemoryFile &) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(number); }

private:
  int number;
};

} // namespace

static data::Idx read(std::string_view bytes) {
  MemoryFile file(bytes);
  return data::readIdx(file.path());
}

static std::string plainFile(const data::Idx &idx) {
  std::string file{'\0', '\0', '\x08', char(idx.shape.rank())};
  for (int64_t size : idx.shape)
    for (int shift = 24; shift >= 0; shift -= 8)
      file += char(size >> shift);
  return file.append(idx.bytes.begin(), idx.bytes.end());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  data::Idx idx;
  if (!fuzz::survives([&] { idx = read(fuzz::textOf(data, size)); }))
    return 0;
  ++fuzz::accepted;
  fuzz::require(int64_t(idx.bytes.size()) == idx.shape.elements(),
                "bytes and shape differ");
  data::Idx again = read(plainFile(idx));
  fuzz::require(again.shape == idx.shape && again.bytes == idx.bytes,
                "the tensor differs when read again");
  return 0;
}
