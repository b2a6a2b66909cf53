// Faults.cpp - every system call of a written file fails once.
#include "needle/runtime/Faults.h"
#include "needle/runtime/Blob.h"
#include "needle/runtime/DiskCache.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Npy.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace needle;
namespace faults = needle::runtime::faults;

namespace {

std::filesystem::path freshFolder() {
  const auto *test = testing::UnitTest::GetInstance()->current_test_info();
  std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) /
      (std::string("faults-") + test->name() + "-" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

size_t files(const std::filesystem::path &folder) {
  return size_t(std::distance(std::filesystem::directory_iterator(folder),
                              std::filesystem::directory_iterator()));
}

std::string contents(const std::filesystem::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Calls `operation` with its n-th system call failing, for each n there is;
/// `after(n)` says what must hold then. How many there are.
template <class Operation, class After>
int64_t failEach(const Operation &operation, const After &after) {
  for (int64_t n = 1;; ++n) {
    faults::failNth(faults::Kind::systemCall, n);
    operation(n);
    bool isStruck = faults::hasStruck(faults::Kind::systemCall);
    faults::failNth(faults::Kind::systemCall, 0);
    if (!isStruck)
      return n - 1;
    after(n);
  }
}

} // namespace

TEST(Faults, NpyIsWholeOrAsItWas) {
  std::filesystem::path folder = freshFolder();
  std::string path = (folder / "x.npy").string();
  float before = 1, next = 2;
  writeNpy(path, DType::float32, {}, &before);
  std::string old = contents(path);
  int64_t calls = failEach(
      [&](int64_t) {
        try {
          writeNpy(path, DType::float32, {}, &next);
        } catch (const Error &error) {
          EXPECT_NE(std::string(error.what()).find("x.npy"), std::string::npos);
        }
      },
      [&](int64_t n) {
        EXPECT_EQ(contents(path), old) << "system call " << n;
        EXPECT_EQ(files(folder), 1u) << "system call " << n;
      });
  EXPECT_GE(calls, 4); // open, write, fsync, rename
  EXPECT_NE(contents(path), old);
}

TEST(Faults, CacheMissesAndGoesOn) {
  std::filesystem::path folder = freshFolder();
  int64_t calls = failEach(
      [&](int64_t n) {
        testing::internal::CaptureStderr();
        runtime::DiskCache cache((folder / "cache").string(), 1 << 20);
        cache.insert("key " + std::to_string(n), "value");
        bool isStruck = faults::hasStruck(faults::Kind::systemCall);
        std::string said = testing::internal::GetCapturedStderr();
        EXPECT_EQ(said.find("warning") != std::string::npos, isStruck) << said;
      },
      [&](int64_t n) {
        runtime::DiskCache cache((folder / "cache").string(), 1 << 20);
        std::string key = "key " + std::to_string(n);
        EXPECT_FALSE(cache.find(key).has_value()) << "system call " << n;
        EXPECT_EQ(files(folder / "cache"), size_t(n - 1)) << n;
        cache.insert(key, "value");
        EXPECT_EQ(cache.find(key), "value") << "system call " << n;
      });
  EXPECT_GE(calls, 3); // open, write, rename
}

TEST(Faults, NoMemoryForCodeIsAMemoryError) {
  runtime::BlobCode code{std::vector<uint8_t>(64, 0xc3), 0};
  faults::failNth(faults::Kind::allocation, 1);
  EXPECT_THROW(runtime::Blob::load(code), MemoryError);
  EXPECT_TRUE(runtime::Blob::load(code));
  faults::failNth(faults::Kind::allocation, 0);
}
