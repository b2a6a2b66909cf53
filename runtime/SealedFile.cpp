// SealedFile.cpp - headers of stored programs and steps, made and checked.
#include "needle/runtime/SealedFile.h"

#include "needle/runtime/Bytes.h"
#include "needle/runtime/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

namespace needle::runtime {

static constexpr std::string_view magic = "needle\r\n"; // text mode breaks it

static std::string_view checksum(std::string_view body,
                                 XXH128_canonical_t &buffer) {
  XXH128_canonicalFromHash(&buffer, XXH3_128bits(body.data(), body.size()));
  return {reinterpret_cast<const char *>(buffer.digest), sizeof buffer.digest};
}

static const char *nameOf(uint32_t kind) {
  switch (FileKind(kind)) {
  case FileKind::cacheEntry:
    return "an entry of needle's cache";
  case FileKind::step:
    return "a step saved by needle";
  }
  return "a file of needle's";
}

std::string seal(FileKind kind, std::string_view body) {
  XXH128_canonical_t buffer;
  ByteWriter header;
  header.bytes = magic;
  header.put(uint32_t(kind));
  header.put(fileVersion);
  header.put(uint64_t(body.size()));
  header.bytes += checksum(body, buffer);
  return header.bytes.append(body);
}

std::string_view unseal(FileKind kind, std::string_view file,
                        const std::string &name) {
  if (!file.starts_with(magic))
    throw FormatError(name + ": is not " + nameOf(uint32_t(kind)));
  ByteReader reader(file.substr(magic.size()), name);
  auto foundKind = reader.take<uint32_t>();
  if (foundKind != uint32_t(kind))
    throw FormatError(name + ": is " + nameOf(foundKind) + ", not " +
                      nameOf(uint32_t(kind)));
  auto version = reader.take<uint32_t>();
  if (version != fileVersion)
    throw FormatError(name + ": has version " + std::to_string(version) +
                      " of the format; this needle reads version " +
                      std::to_string(fileVersion));
  auto size = reader.take<uint64_t>();
  std::string_view stored = reader.raw(sizeof(XXH128_canonical_t));
  std::string_view body = reader.raw(size);
  reader.end();
  XXH128_canonical_t buffer;
  if (stored != checksum(body, buffer))
    reader.fail("wrong checksum");
  return body;
}

std::string hashText(std::string_view bytes) {
  XXH128_canonical_t buffer;
  std::string text;
  for (char byte : checksum(bytes, buffer))
    for (int shift : {4, 0})
      text += "0123456789abcdef"[uint8_t(byte) >> shift & 15];
  return text;
}

namespace {
struct OpenFile {
  explicit OpenFile(const std::string &path)
      : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (number >= 0)
      ::close(number);
  }
  OpenFile(const OpenFile &) = delete;
  int number;
};
} // namespace

std::optional<std::string> readFile(const std::string &path, uint64_t limit) {
  auto fail = [](int reason) {
    errno = reason;
    return std::nullopt;
  };
  OpenFile file(path);
  struct stat facts = {};
  if (file.number < 0 || fstat(file.number, &facts))
    return fail(errno);
  if (!S_ISREG(facts.st_mode)) // of no known size, perhaps without an end
    return fail(S_ISDIR(facts.st_mode) ? EISDIR : EINVAL);
  if (uint64_t(facts.st_size) > limit)
    return fail(EFBIG);
  std::string bytes(size_t(facts.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t got = ::read(file.number, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fail(errno);
    if (got == 0)
      break; // cut short meanwhile: its size is wrong
    done += size_t(got);
  }
  bytes.resize(done);
  return bytes;
}

} // namespace needle::runtime
