// BlobArchive.h - machine code by key in one file: kernels that ship with
// needle instead of being compiled by every process.
#pragma once

#include "needle/runtime/Blob.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace needle::runtime {

/// A file of blobs, mapped read-only. Immutable: any thread may use it.
class BlobArchive {
public:
  /// Throws FormatError (damaged, or not an archive) or Error (cannot be read)
  /// with the path. `buildId` says whose code it must be: another build's is a
  /// FormatError, too.
  static std::shared_ptr<const BlobArchive> open(const std::string &path,
                                                 std::string_view buildId);
  ~BlobArchive();
  BlobArchive(const BlobArchive &) = delete;

  /// Nothing when `key` is not in it. Throws FormatError when the checksum of
  /// its code is wrong.
  std::optional<BlobCode> find(std::string_view key) const;
  size_t size() const { return count; }

private:
  BlobArchive() = default;
  [[noreturn]] void damaged(const std::string &how) const;
  std::string_view text(uint64_t offset, uint64_t size) const;

  std::string path;
  const char *memory = nullptr;
  size_t bytes = 0, entries = 0, count = 0;
};

/// Writes an archive; throws Error when the file can't be written. The file is
/// whole or absent: it is written under another name first.
void writeBlobArchive(const std::string &path, std::string_view buildId,
                      const std::map<std::string, BlobCode> &blobs);

} // namespace needle::runtime
