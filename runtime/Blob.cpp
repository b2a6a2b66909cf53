// Blob.cpp - machine code in executable pages.
#include "needle/runtime/Blob.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Faults.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace needle::runtime {

std::shared_ptr<const Blob> Blob::load(const BlobCode &code) {
  if (code.entry >= code.bytes.size())
    throw Error("machine code: entry " + std::to_string(code.entry) +
                " is outside of its " + std::to_string(code.bytes.size()) +
                " bytes");
  size_t page = size_t(sysconf(_SC_PAGESIZE));
  std::shared_ptr<Blob> blob(new Blob);
  size_t bytes = (code.bytes.size() + page - 1) / page * page;
  void *memory = faults::strikes(faults::Kind::allocation)
                     ? (errno = ENOMEM, MAP_FAILED)
                     : mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw MemoryError("no memory for " + std::to_string(bytes) +
                " bytes of machine code: " + strerror(errno));
  blob->memory = memory; // from here on the destructor returns it
  blob->bytes = bytes;
  blob->codeBytes = code.bytes.size();
  blob->offset = code.entry;
  std::memcpy(memory, code.bytes.data(), code.bytes.size());
  if (mprotect(memory, bytes, PROT_READ | PROT_EXEC))
    throw Error(std::string("cannot make machine code executable: ") +
                strerror(errno));
  auto *start = static_cast<char *>(memory);
  __builtin___clear_cache(start, start + bytes);
  blob->function = reinterpret_cast<TileFunction *>(start + code.entry);
  return blob;
}

std::shared_ptr<const Blob> Blob::wrap(TileFunction *function) {
  std::shared_ptr<Blob> blob(new Blob);
  blob->function = function;
  return blob;
}

Blob::~Blob() {
  if (memory)
    munmap(memory, bytes);
}

} // namespace needle::runtime
