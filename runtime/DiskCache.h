// DiskCache.h - bytes by key in a folder, for the next process.
// Nothing here throws or fails a program: what can't be read is a miss, what
// can't be written is not kept, and a warning says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace needle::runtime {

/// A folder with one file per entry, named by the hash of its key, which the
/// entry holds in full. Any number of processes and threads may use it, and die
/// at any point: an entry appears as a whole, under its name, or not at all.
/// The entries hold machine code, so the folder must belong to this user and be
/// writable by nobody else.
class DiskCache {
public:
  /// NEEDLE_CACHE, else $XDG_CACHE_HOME/needle, else ~/.cache/needle; null when
  /// it is off or, after a warning, can't be used.
  static DiskCache *process();
  static constexpr int64_t usualCapacity = int64_t(256) << 20;

  /// Makes the folder, and those above it, when it is missing. About
  /// `capacityBytes` are kept, those of the entries used last.
  DiskCache(std::string folder, int64_t capacityBytes);
  DiskCache(const DiskCache &) = delete;
  /// False, after a warning, when the folder can't be used.
  bool isUsable() const { return usable; }

  /// What insert() was given for `key`; nothing if there is no such entry. One
  /// that is damaged is removed, after a warning.
  std::optional<std::string> find(std::string_view key);
  void insert(std::string_view key, std::string_view value);
  /// The entry of `key` is no good, for the reason `what`: as if damaged.
  void reject(std::string_view key, const std::string &what);

  /// Where the entry of `key` is or would be.
  std::string pathOf(std::string_view key) const;

private:
  bool makeFolder(std::string &reason);
  void write(const std::string &path, std::string_view bytes);
  /// Removes the oldest entries while there are too many bytes, and what
  /// writers have left that died.
  void trim();

  std::string folder;
  int64_t capacity;
  bool usable = false;
  std::atomic<bool> isWritable{true};
  std::mutex mutex; // of the trimming
  int64_t writtenSinceTrim;
};

} // namespace needle::runtime
