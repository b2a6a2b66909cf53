// DiskCache.cpp - entries survive damage, crowding and dying writers.
#include "needle/runtime/DiskCache.h"

#include "needle/runtime/SealedFile.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace needle::runtime;
namespace fs = std::filesystem;

namespace {

class DiskCacheTest : public testing::Test {
protected:
  std::string folder =
      testing::TempDir() + "needle-cache-" + std::to_string(getpid()) + "-" +
      testing::UnitTest::GetInstance()->current_test_info()->name();

  void SetUp() override { fs::remove_all(folder); }
  void TearDown() override { fs::remove_all(folder); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const fs::directory_entry &entry : fs::directory_iterator(folder))
      found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string read(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const fs::path &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static size_t lines(const std::string &text) {
    return size_t(std::count(text.begin(), text.end(), '\n'));
  }
  static bool isWarning(const std::string &text) {
    return text.find("warning") != text.npos && text.find("cache") != text.npos;
  }
};
constexpr int64_t megabyte = 1 << 20;

TEST_F(DiskCacheTest, FindsWhatWasInserted) {
  DiskCache cache(folder, megabyte);
  ASSERT_TRUE(cache.isUsable());
  EXPECT_FALSE(cache.find("key"));
  std::string key("a\0b", 3), value("\0value\n", 7);
  cache.insert(key, value);
  cache.insert("empty", "");
  EXPECT_EQ(cache.find(key), value);
  EXPECT_EQ(cache.find("empty"), "");
  cache.insert(key, "another");
  EXPECT_EQ(DiskCache(folder, megabyte).find(key), "another");
}

TEST_F(DiskCacheTest, TheFolderIsPrivate) {
  DiskCache cache(folder + "/below/cache//", megabyte);
  cache.insert("key", "value");
  struct stat facts = {};
  ASSERT_EQ(stat((folder + "/below/cache").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  for (const fs::directory_entry &entry :
       fs::directory_iterator(folder + "/below/cache")) {
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u);
  }
}

TEST_F(DiskCacheTest, AFolderThatOthersCanWriteIsRefused) {
  fs::create_directories(folder);
  for (mode_t mode : {0722, 0702, 0770}) {
    chmod(folder.c_str(), mode);
    testing::internal::CaptureStderr();
    EXPECT_FALSE(DiskCache(folder, megabyte).isUsable());
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(isWarning(said)) << said;
    EXPECT_EQ(lines(said), 1u) << said;
  }
  chmod(folder.c_str(), 0755);
  EXPECT_TRUE(DiskCache(folder, megabyte).isUsable());
}

TEST_F(DiskCacheTest, AFolderThatCannotBeMadeIsAWarning) {
  for (const char *path : {"/dev/null/x", "/dev/null", "/proc/no/cache"}) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(DiskCache(path, megabyte).isUsable());
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(isWarning(said)) << said;
    EXPECT_NE(said.find(path), said.npos) << said;
    EXPECT_EQ(lines(said), 1u) << said;
  }
}

TEST_F(DiskCacheTest, EveryDamageIsAMissWithAWarningAndIsMended) {
  DiskCache cache(folder, megabyte);
  cache.insert("key", "value");
  ASSERT_EQ(files().size(), 1u);
  fs::path path = files()[0];
  std::string whole = read(path);
  std::vector<std::string> damaged = {"", whole + "x", "not an entry",
                                      seal(FileKind::step, "value")};
  for (size_t i = 0; i < whole.size(); ++i) {
    damaged.push_back(whole);
    damaged.back()[i] = char(whole[i] ^ 0x40);
    damaged.push_back(whole.substr(0, i));
  }
  for (const std::string &bytes : damaged) {
    write(path, bytes);
    testing::internal::CaptureStderr();
    EXPECT_FALSE(cache.find("key"));
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(isWarning(said)) << said;
    EXPECT_EQ(lines(said), 1u) << said;
    EXPECT_FALSE(fs::exists(path));
    cache.insert("key", "value");
    EXPECT_EQ(cache.find("key"), "value");
  }
}

TEST_F(DiskCacheTest, TheEntryOfAnotherKeyIsAMiss) {
  DiskCache cache(folder, megabyte);
  cache.insert("one", "value of one");
  fs::path one = files()[0];
  std::string whole = read(one);
  cache.insert("two", "value of two");
  fs::path two = files()[files()[0] == one];
  write(two, whole); // as if both keys had one hash
  testing::internal::CaptureStderr();
  EXPECT_FALSE(cache.find("two"));
  EXPECT_TRUE(isWarning(testing::internal::GetCapturedStderr()));
  EXPECT_EQ(cache.find("one"), "value of one");
}

TEST_F(DiskCacheTest, SomethingElseInPlaceOfAnEntryIsAMiss) {
  DiskCache cache(folder, megabyte);
  cache.insert("key", "value");
  fs::path path = files()[0];
  fs::remove(path);
  fs::create_directories(path / "full");
  testing::internal::CaptureStderr();
  EXPECT_FALSE(cache.find("key"));
  cache.insert("key", "value");
  EXPECT_TRUE(isWarning(testing::internal::GetCapturedStderr()));
  fs::remove_all(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  testing::internal::CaptureStderr();
  EXPECT_FALSE(cache.find("key")); // and does not wait for a writer
  EXPECT_TRUE(isWarning(testing::internal::GetCapturedStderr()));
}

TEST_F(DiskCacheTest, TheEntriesUsedLastStay) {
  constexpr int64_t capacity = 64 << 10;
  std::string value(1000, 'v');
  DiskCache cache(folder, capacity);
  cache.insert("first", value);
  for (int i = 0; i < 300; ++i) {
    cache.insert("other " + std::to_string(i), value);
    EXPECT_TRUE(cache.find("first")) << i; // used again and again
    int64_t bytes = 0;
    for (const fs::path &path : files())
      bytes += int64_t(fs::file_size(path));
    EXPECT_LE(bytes, capacity);
  }
  EXPECT_FALSE(cache.find("other 0"));
  EXPECT_TRUE(cache.find("other 299"));
  EXPECT_GT(files().size(), 50u); // no more than necessary went
}

TEST_F(DiskCacheTest, AVeryLargeEntryIsNotKept) {
  DiskCache cache(folder, 64 << 10);
  cache.insert("key", std::string(20 << 10, 'v'));
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskCacheTest, FilesOfOthersAreLeftAlone) {
  fs::create_directories(folder);
  write(folder + "/notes.entry", "mine");
  write(folder + "/0123456789abcdef.tmp", "mine");
  DiskCache cache(folder, 1024);
  for (int i = 0; i < 20; ++i)
    cache.insert(std::to_string(i), std::string(150, 'v'));
  EXPECT_EQ(read(folder + "/notes.entry"), "mine");
  EXPECT_EQ(read(folder + "/0123456789abcdef.tmp"), "mine");
}

// Runs `body` in a process of its own; its exit status.
template <class Body> int inChild(const Body &body) {
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(testing::Test::HasFailure());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(DiskCacheTest, AFullDiskIsOneWarning) {
  DiskCache cache(folder, megabyte);
  for (bool isIgnored : {true, false}) { // SIGXFSZ
    testing::internal::CaptureStderr();
    EXPECT_EQ(inChild([&] {
                signal(SIGXFSZ, isIgnored ? SIG_IGN : SIG_DFL);
                struct rlimit little = {4000, 4000}; // the warning fits
                setrlimit(RLIMIT_FSIZE, &little);
                cache.insert("one", std::string(5000, 'v'));
                cache.insert("two", std::string(5000, 'v'));
                EXPECT_FALSE(cache.find("one"));
              }),
              0);
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(isWarning(said)) << said;
    EXPECT_EQ(lines(said), 1u) << said;
    EXPECT_TRUE(files().empty());
  }
}

// ---- writers that die ------------------------------------------------------
// What a writer keeps for a key: of a size that follows from the key, so that a
// mixture of two is noticed.
std::string keyOf(uint32_t i) { return "key " + std::to_string(i); }
std::string valueOf(uint32_t i) {
  return std::string(1000 + size_t(i) * 3000, char('a' + i % 26));
}

[[noreturn]] void writeForEver(const std::string &folder, int64_t capacity,
                               unsigned seed) {
  std::mt19937 random(seed);
  DiskCache cache(folder, capacity);
  for (;;) {
    uint32_t i = random() % 40;
    if (auto value = cache.find(keyOf(i)); value && *value != valueOf(i))
      std::fprintf(stderr, "wrong value of key %u\n", i);
    if (random() % 2)
      cache.insert(keyOf(i), valueOf(i));
  }
}

TEST_F(DiskCacheTest, WorksWhenEightWritersAreKilledAHundredTimes) {
  constexpr int64_t capacity = megabyte;
  std::mt19937 random(7);
  testing::internal::CaptureStderr();
  std::vector<pid_t> writers(8);
  auto start = [&](pid_t &writer) {
    unsigned seed = random();
    writer = fork();
    if (writer == 0)
      writeForEver(folder, capacity, seed);
  };
  for (pid_t &writer : writers)
    start(writer);
  size_t found = 0, temporaries = 0;
  for (int round = 0; round < 100; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    pid_t &victim = writers[random() % writers.size()];
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
    for (const fs::path &path : files())
      temporaries += path.extension() == ".tmp";
    DiskCache cache(folder, capacity);
    for (uint32_t i = 0; i < 40; ++i)
      if (auto value = cache.find(keyOf(i))) {
        ++found;
        EXPECT_TRUE(*value == valueOf(i)) << i;
      }
    start(victim);
  }
  for (pid_t writer : writers) {
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
  }
  // Every find was right or a plain miss: nobody had to warn.
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(found, 100u);
  EXPECT_GT(temporaries, 0u); // the test does hit writers while they write
  DiskCache cache(folder, capacity);
  cache.insert("last", "value"); // cleans up
  int64_t bytes = 0;
  for (const fs::path &path : files()) {
    EXPECT_EQ(path.extension(), ".entry");
    bytes += int64_t(fs::file_size(path));
  }
  EXPECT_LE(bytes, capacity);
}

TEST_F(DiskCacheTest, TemporaryFilesOfTheLivingAreLeftAlone) {
  fs::create_directories(folder);
  std::string path = folder + "/" + hashText("key") + ".entry.1.2.3.tmp";
  write(path, "half of an");
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  pid_t writer = fork();
  if (writer == 0) {
    std::string command = "exec flock '" + path + "' sh -c 'echo; sleep 60'";
    dup2(pipes[1], 1);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(1);
  }
  close(pipes[1]);
  char ready = 0;
  ASSERT_EQ(::read(pipes[0], &ready, 1), 1);
  DiskCache(folder, megabyte).insert("one", "value");
  EXPECT_TRUE(fs::exists(path));
  kill(writer, SIGKILL);
  waitpid(writer, nullptr, 0);
  close(pipes[0]);
}

} // namespace
