// BlobArchive.cpp - shipped kernels: found by key, refused when damaged.
#include "needle/runtime/BlobArchive.h"
#include "needle/runtime/Error.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>

using namespace needle;
using namespace needle::runtime;

namespace {

class BlobArchiveTest : public testing::Test {
protected:
  std::string path =
      testing::TempDir() + "needle-archive-" + std::to_string(getpid()) + "-" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::map<std::string, BlobCode> blobs = {
      {"avx2:add", {{1, 2, 3}, 1}},
      {"avx2:mul", {{4, 5}, 0}},
      {"sse2:add", {std::vector<uint8_t>(200, 7), 64}}};

  void SetUp() override { writeBlobArchive(path, "this build", blobs); }
  void TearDown() override { std::filesystem::remove(path); }

  std::string read() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  std::string refusal() {
    try {
      auto archive = BlobArchive::open(path, "this build");
      for (auto &[key, blob] : blobs)
        archive->find(key);
    } catch (const Error &error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(BlobArchiveTest, FindsWhatWasWritten) {
  auto archive = BlobArchive::open(path, "this build");
  EXPECT_EQ(archive->size(), 3u);
  for (auto &[key, blob] : blobs) {
    auto found = archive->find(key);
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(found->bytes, blob.bytes);
    EXPECT_EQ(found->entry, blob.entry);
  }
  EXPECT_FALSE(archive->find("avx2:sub"));
  EXPECT_FALSE(archive->find(""));
}

TEST_F(BlobArchiveTest, AnArchiveMayBeEmpty) {
  writeBlobArchive(path, "this build", {});
  EXPECT_FALSE(BlobArchive::open(path, "this build")->find("avx2:add"));
}

TEST_F(BlobArchiveTest, AnotherBuildsCodeIsRefused) {
  EXPECT_THROW(BlobArchive::open(path, "that build"), FormatError);
  EXPECT_THROW(BlobArchive::open(path, ""), FormatError);
}

TEST_F(BlobArchiveTest, EveryTruncationIsRefused) {
  std::string whole = read();
  for (size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_NE(refusal(), "") << size;
  }
}

TEST_F(BlobArchiveTest, EveryChangedByteIsNoticed) {
  std::string whole = read();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = char(changed[i] ^ 0x10);
    write(changed);
    EXPECT_NE(refusal().find(path), std::string::npos) << i;
  }
}

TEST_F(BlobArchiveTest, AMissingFileIsNamed) {
  std::filesystem::remove(path);
  EXPECT_NE(refusal().find("cannot open " + path), std::string::npos);
}

TEST_F(BlobArchiveTest, AFolderThatIsMissingIsNamed) {
  try {
    writeBlobArchive("/no/such/folder/x", "", blobs);
    FAIL() << "nothing was thrown";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find("cannot write /no/such/folder/x"),
              std::string::npos)
        << error.what();
  }
}

} // namespace
