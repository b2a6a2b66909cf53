// TemporaryFile.cpp - create, lock, write, rename.
#include "needle/runtime/TemporaryFile.h"

#include "needle/runtime/Error.h"
#include "needle/runtime/Faults.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace needle::runtime {

/// A test makes this system call fail.
static bool isRefused() {
  if (!faults::strikes(faults::Kind::systemCall))
    return false;
  errno = EIO;
  return true;
}

TemporaryFile::TemporaryFile(std::string given, int mode)
    : path(std::move(given)),
      number(isRefused()
                 ? -1
                 : ::open(path.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                          mode)) {
  if (number >= 0)
    ::flock(number, LOCK_EX | LOCK_NB);
}

TemporaryFile::~TemporaryFile() {
  if (number < 0)
    return;
  if (!path.empty())
    ::unlink(path.c_str());
  ::close(number); // the lock goes last
}

bool TemporaryFile::write(std::string_view bytes) {
  // Else the process would get SIGXFSZ, and end.
  struct rlimit limit = {};
  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < bytes.size()) {
    errno = EFBIG;
    return false;
  }
  while (!bytes.empty()) {
    ssize_t done =
        isRefused() ? -1 : ::write(number, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return false;
    bytes.remove_prefix(size_t(done));
  }
  return true;
}

bool TemporaryFile::flush() { return !isRefused() && !::fsync(number); }

bool TemporaryFile::rename(const std::string &to) {
  if (isRefused() || ::rename(path.c_str(), to.c_str()))
    return false;
  path.clear();
  return true;
}

std::string TemporaryFile::nameFor(const std::string &path) {
  static std::atomic<uint64_t> count{0};
  auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return path + "." + std::to_string(getpid()) + "." + std::to_string(now) +
         "." + std::to_string(count++);
}

void writeWholeFile(const std::string &path, std::string_view bytes) {
  auto fail = [&](const char *reason) {
    throw Error("cannot write " + path + ": " + reason);
  };
  struct stat facts = {};
  if (!::stat(path.c_str(), &facts) && !S_ISREG(facts.st_mode))
    fail("it is no regular file"); // renaming would do away with it
  TemporaryFile file(TemporaryFile::nameFor(path) + ".tmp", 0666);
  if (!file.isOpen() || !file.write(bytes) || !file.flush() ||
      !file.rename(path))
    fail(strerror(errno));
}

} // namespace needle::runtime
