// BlobArchive.cpp - the file format of shipped kernels.
// Header, build id, entries sorted by key, then keys and code. Numbers are
// little-endian; the header's checksum covers all but the code, which has its
// own, so that opening an archive reads no code.
#include "needle/runtime/BlobArchive.h"

#include "needle/runtime/Error.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

namespace needle::runtime {

namespace {

constexpr char magic[8] = {'n', 'e', 'e', 'd', 'l', 'e', 'K', '1'};

struct Header {
  char magic[8];
  uint64_t checksum; // of all between it and the code
  uint64_t buildIdSize;
  uint64_t count;
  uint64_t codeStart;
};
constexpr size_t checked = offsetof(Header, buildIdSize);

struct Entry {
  uint64_t keyOffset, keySize, codeOffset, codeSize, entry, checksum;
};

} // namespace

void BlobArchive::damaged(const std::string &how) const {
  throw FormatError(path + ": " + how);
}

std::string_view BlobArchive::text(uint64_t offset, uint64_t size) const {
  if (offset > bytes || size > bytes - offset)
    damaged("a damaged archive of kernels: an entry lies outside of the file");
  return {memory + offset, size_t(size)};
}

std::shared_ptr<const BlobArchive> BlobArchive::open(const std::string &path,
                                                     std::string_view buildId) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw Error("cannot open " + path + ": " + strerror(errno));
  std::shared_ptr<BlobArchive> archive(new BlobArchive);
  archive->path = path;
  struct stat facts = {};
  int reason = fstat(file, &facts) ? errno : 0;
  if (!reason && size_t(facts.st_size) >= sizeof(Header)) {
    void *memory =
        mmap(nullptr, size_t(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED)
      reason = errno;
    else {
      archive->memory = static_cast<const char *>(memory);
      archive->bytes = size_t(facts.st_size);
    }
  }
  ::close(file);
  if (reason)
    throw Error("cannot read " + path + ": " + strerror(reason));
  Header header;
  if (!archive->memory)
    archive->damaged("not an archive of kernels");
  std::memcpy(&header, archive->memory, sizeof header);
  if (std::memcmp(header.magic, magic, sizeof magic))
    archive->damaged("not an archive of kernels");
  if (header.codeStart < sizeof header)
    archive->damaged("a damaged archive of kernels: its index is empty");
  std::string_view index = archive->text(checked, header.codeStart - checked);
  if (XXH3_64bits(index.data(), index.size()) != header.checksum)
    archive->damaged("a damaged archive of kernels: wrong checksum");
  if (archive->text(sizeof header, header.buildIdSize) != buildId)
    archive->damaged("the kernels of another build of needle");
  archive->entries = sizeof header + header.buildIdSize;
  archive->count = header.count;
  if (header.count > archive->bytes / sizeof(Entry))
    archive->damaged("a damaged archive of kernels: wrong count");
  archive->text(archive->entries, header.count * sizeof(Entry));
  return archive;
}

BlobArchive::~BlobArchive() {
  if (memory)
    munmap(const_cast<char *>(memory), bytes);
}

std::optional<BlobCode> BlobArchive::find(std::string_view key) const {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    Entry at;
    std::memcpy(&at, memory + entries + middle * sizeof at, sizeof at);
    int order = text(at.keyOffset, at.keySize).compare(key);
    if (order == 0) {
      std::string_view code = text(at.codeOffset, at.codeSize);
      if (XXH3_64bits(code.data(), code.size()) != at.checksum)
        damaged("damaged code of kernel '" + std::string(key) + "'");
      return BlobCode{{code.begin(), code.end()}, at.entry};
    }
    (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
  }
  return std::nullopt;
}

void writeBlobArchive(const std::string &path, std::string_view buildId,
                      const std::map<std::string, BlobCode> &blobs) {
  std::string keys, code;
  std::vector<Entry> entries;
  uint64_t keyStart =
      sizeof(Header) + buildId.size() + blobs.size() * sizeof(Entry);
  for (auto &[key, blob] : blobs) {
    entries.push_back({keyStart + keys.size(), key.size(), code.size(),
                       blob.bytes.size(), blob.entry,
                       XXH3_64bits(blob.bytes.data(), blob.bytes.size())});
    keys += key;
    code.append(blob.bytes.begin(), blob.bytes.end());
  }
  Header header = {{}, 0, buildId.size(), blobs.size(), keyStart + keys.size()};
  std::memcpy(header.magic, magic, sizeof magic);
  std::string index(reinterpret_cast<const char *>(&header), sizeof header);
  index += buildId;
  for (Entry &entry : entries) {
    entry.codeOffset += header.codeStart;
    index.append(reinterpret_cast<const char *>(&entry), sizeof entry);
  }
  index += keys;
  header.checksum = XXH3_64bits(index.data() + checked, index.size() - checked);
  std::memcpy(index.data(), &header, sizeof header);

  std::string unfinished = path + ".new";
  std::ofstream file(unfinished, std::ios::binary);
  file << index << code << std::flush;
  std::error_code error;
  if (file)
    std::filesystem::rename(unfinished, path, error);
  if (!file || error)
    throw Error("cannot write " + path +
                (error ? ": " + error.message() : std::string()));
}

} // namespace needle::runtime
