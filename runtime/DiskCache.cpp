// DiskCache.cpp - entries as sealed files: written aside, then renamed.
// No fsync: after a power cut an entry may be torn, which its checksum tells.
// A writer holds a lock (flock) on its temporary file, so that one whose lock
// is free was left behind by a process that died.
#include "needle/runtime/DiskCache.h"

#include "needle/runtime/Bytes.h"
#include "needle/runtime/Environment.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Log.h"
#include "needle/runtime/SealedFile.h"
#include "needle/runtime/TemporaryFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace needle::runtime {

static constexpr std::string_view entryEnd = ".entry", temporaryEnd = ".tmp";

static void warn(const std::string &text) {
  log(LogLevel::warning, "cache: " + text);
}

// ---- where it is -----------------------------------------------------------
// Empty, and a reason, when there is no place for it.
static std::string usualFolder(std::string &reason) {
  const char *cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache == '/') // others are to be ignored, says the standard
    return std::string(cache) + "/needle";
  const char *home = std::getenv("HOME");
  if (home && *home)
    return std::string(home) + "/.cache/needle";
  reason = "off: neither NEEDLE_CACHE, XDG_CACHE_HOME nor HOME is set";
  return {};
}

DiskCache *DiskCache::process() {
  // Leaked on purpose: threads may compile while the process ends.
  static DiskCache *cache = []() -> DiskCache * {
    std::string folder = environment::cache(), reason;
    if (folder == "off")
      return nullptr;
    if (folder.empty())
      folder = usualFolder(reason);
    if (folder.empty()) {
      warn(reason);
      return nullptr;
    }
    auto made = std::make_unique<DiskCache>(folder, usualCapacity);
    return made->isUsable() ? made.release() : nullptr;
  }();
  return cache;
}

DiskCache::DiskCache(std::string given, int64_t capacityBytes)
    : folder(std::move(given)), capacity(capacityBytes),
      writtenSinceTrim(capacityBytes) {
  std::error_code error; // the program may change its folder
  if (auto absolute = std::filesystem::absolute(folder, error); !error)
    folder = absolute.string();
  while (folder.size() > 1 && folder.back() == '/') // would hide its name
    folder.pop_back();
  std::string reason;
  usable = makeFolder(reason);
  if (!usable)
    warn("off: " + reason);
}

bool DiskCache::makeFolder(std::string &reason) {
  std::filesystem::path path(folder);
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (!error && ::mkdir(folder.c_str(), 0700) && errno != EEXIST)
    error.assign(errno, std::generic_category());
  struct stat facts = {};
  if (!error && ::stat(folder.c_str(), &facts))
    error.assign(errno, std::generic_category());
  if (!error && !S_ISDIR(facts.st_mode))
    error.assign(ENOTDIR, std::generic_category());
  if (!error && ::access(folder.c_str(), R_OK | W_OK | X_OK))
    error.assign(errno, std::generic_category());
  if (error)
    reason = "cannot use " + folder + ": " + error.message();
  else if (facts.st_uid != geteuid())
    reason = folder + " belongs to another user, and holds machine code";
  else if (facts.st_mode & (S_IWGRP | S_IWOTH))
    reason = folder +
             " can be written by other users, and holds machine code: "
             "chmod go-w " +
             folder;
  return reason.empty();
}

std::string DiskCache::pathOf(std::string_view key) const {
  return folder + "/" + hashText(key) + std::string(entryEnd);
}

// ---- reading ---------------------------------------------------------------
std::optional<std::string> DiskCache::find(std::string_view key) {
  std::string path = pathOf(key);
  try {
    std::optional<std::string> file = readFile(path, uint64_t(capacity));
    if (!file && errno == ENOENT)
      return std::nullopt;
    if (!file)
      throw Error("cannot read " + path + ": " + strerror(errno));
    std::string_view body = unseal(FileKind::cacheEntry, *file, path);
    ByteReader reader(body, path);
    if (reader.text() != key)
      throw FormatError(path + ": is the entry of another key");
    std::string_view value = reader.text();
    reader.end();
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); // used last
    return std::string(value);
  } catch (const std::exception &error) {
    reject(key, error.what());
    return std::nullopt;
  }
}

void DiskCache::reject(std::string_view key, const std::string &what) {
  warn(what + "; it is compiled again");
  std::error_code ignored; // a folder, say: it can't be replaced by an entry
  std::filesystem::remove(pathOf(key), ignored);
}

// ---- writing ---------------------------------------------------------------
void DiskCache::insert(std::string_view key, std::string_view value) {
  ByteWriter entry;
  entry.text(key);
  entry.text(value);
  // A large one would push out all others.
  if (!isWritable || int64_t(entry.bytes.size()) > capacity / 4)
    return;
  try {
    write(pathOf(key), seal(FileKind::cacheEntry, entry.bytes));
  } catch (const std::exception &error) { // no memory for its copy
    warn(error.what());
  }
}

void DiskCache::write(const std::string &path, std::string_view bytes) {
  {
    std::lock_guard lock(mutex);
    writtenSinceTrim += int64_t(bytes.size());
    if (writtenSinceTrim > capacity / 16) {
      trim();
      writtenSinceTrim = int64_t(bytes.size());
    }
  }
  TemporaryFile file(TemporaryFile::nameFor(path) + std::string(temporaryEnd),
                     0600);
  bool isWritten = file.isOpen() && file.write(bytes);
  if (isWritten && file.rename(path))
    return;
  // Another process may have taken the file for one left behind.
  if ((!isWritten || errno != ENOENT) && isWritable.exchange(false))
    warn("nothing more is kept: cannot write " + path + ": " + strerror(errno));
}

// ---- trimming --------------------------------------------------------------
namespace {
struct Found {
  std::string path;
  int64_t bytes;
  struct timespec used;
};
} // namespace

// Nobody writes to it any more.
static bool isLeftBehind(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0)
    return false;
  bool isFree = !::flock(file, LOCK_EX | LOCK_NB);
  ::close(file);
  return isFree;
}

// Only what this class has written: a user may name a folder that holds more.
static bool isOurs(std::string_view name, std::string_view end) {
  return name.size() >= 32 + end.size() && name.ends_with(end) &&
         name.substr(0, 32).find_first_not_of("0123456789abcdef") ==
             std::string_view::npos;
}

void DiskCache::trim() {
  std::unique_ptr<DIR, int (*)(DIR *)> list(opendir(folder.c_str()), closedir);
  if (!list)
    return;
  std::vector<Found> entries;
  int64_t bytes = 0;
  while (const dirent *next = readdir(list.get())) {
    std::string path = folder + "/" + next->d_name;
    struct stat facts = {};
    if (isOurs(next->d_name, temporaryEnd)) {
      if (isLeftBehind(path))
        ::unlink(path.c_str());
    } else if (isOurs(next->d_name, entryEnd) &&
               !::stat(path.c_str(), &facts)) {
      entries.push_back({path, facts.st_size, facts.st_mtim});
      bytes += facts.st_size;
    }
  }
  std::ranges::sort(entries, [](const Found &a, const Found &b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) <
           std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  // What is written until the next trimming has room, too.
  for (const Found &oldest : entries) {
    if (bytes <= capacity - capacity / 16)
      break;
    ::unlink(oldest.path.c_str());
    bytes -= oldest.bytes;
  }
}

} // namespace needle::runtime
