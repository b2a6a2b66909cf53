// Data.cpp - IDX files, datasets, the loader.
#include <needle/needle.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

using namespace needle;

namespace {

std::string write(const std::string &bytes) {
  std::string path =
      testing::TempDir() + "needle-idx-" + std::to_string(::getpid());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// Rank 2, 2 x 3, elements 0 ... 5: written by hand from the format's page.
const std::string small("\0\0\x08\x02\0\0\0\x02\0\0\0\x03\0\1\2\3\4\5", 18);

std::string refusal(const std::string &bytes) {
  std::string path = write(bytes);
  try {
    data::readIdx(path);
  } catch (const FormatError &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST(Idx, ReadsPlainFile) {
  data::Idx idx = data::readIdx(write(small));
  EXPECT_EQ(idx.shape, (Shape{2, 3}));
  EXPECT_EQ(idx.bytes, (std::vector<uint8_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Idx, RefusesEveryTruncation) {
  for (size_t size = 0; size < small.size(); ++size)
    EXPECT_NE(refusal(small.substr(0, size)).find("truncated"),
              std::string::npos)
        << size;
}

TEST(Idx, RefusesWhatIsNotIdx) {
  EXPECT_NE(refusal("PK\3\4 something else").find("not an IDX file"),
            std::string::npos);
  EXPECT_NE(refusal(small + "x").find("longer"), std::string::npos);
  EXPECT_NE(refusal(std::string("\0\0\x0d\x01\0\0\0\1....", 12)).find("13"),
            std::string::npos);
  EXPECT_NE(refusal(std::string("\0\0\x08\x09", 4)).find("rank 9"),
            std::string::npos);
  std::string huge("\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", 12);
  EXPECT_NE(refusal(huge).find("2^31"), std::string::npos);
}

TEST(Idx, NamesTheMissingFile) {
  try {
    data::readIdx("/nowhere/train");
    FAIL();
  } catch (const FormatError &error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/train"),
              std::string::npos);
  }
}

TEST(Idx, RefusesDamagedGzip) {
  std::ifstream file(std::string(NEEDLE_TEST_DATA) +
                         "/mnist/t10k-labels-idx1-ubyte.gz",
                     std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(bytes.size(), 100u);
  bytes[bytes.size() / 2] ^= 0x55;
  EXPECT_NE(refusal(bytes), "");
}

TEST(Idx, RefusesGzipWithoutItsChecksum) {
  // gzip of `small`, by Python; its last 8 bytes are checksum and size.
  const std::string whole(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\xe0\x60\x62\x60\x60"
      "\x00\x61\x66\x06\x46\x26\x66\x16\x56\x00\x26\x2c\x23\x54\x12\x00\x00"
      "\x00",
      35);
  EXPECT_EQ(refusal(whole), "");
  for (size_t missing = 1; missing <= 8; ++missing)
    EXPECT_NE(refusal(whole.substr(0, whole.size() - missing)), "");
}

TEST(Idx, ASizeOfZeroHidesNoOther) {
  std::string bytes("\0\0\x08\x03\0\0\0\0", 8);
  bytes += std::string(8, '\xff');
  EXPECT_NE(refusal(bytes).find("more than 2^31 elements"), std::string::npos);
}

TEST(Npy, KeepsEveryDtypeThroughAFile) {
  std::string path =
      testing::TempDir() + "needle-npy-" + std::to_string(::getpid());
  for (DType dtype : {float32, float64, int32, int64, boolean}) {
    Tensor x = convert(tensor({{0, 1, -2}, {3, 0, 5}}), dtype);
    io::saveNpy(path, x);
    Tensor read = io::loadNpy(path);
    EXPECT_EQ(read.dtype(), dtype);
    EXPECT_EQ(read.shape(), x.shape());
    EXPECT_EQ(convert(read, float64).toVector<double>(),
              convert(x, float64).toVector<double>());
  }
}

TEST(Npy, ErrorsNameFileAndLine) {
  try {
    (void)io::loadNpy("no/such.npy");
    FAIL() << "no error";
  } catch (const FormatError &error) {
    EXPECT_EQ(error.where().line, __LINE__ - 3);
    EXPECT_NE(std::string(error.what()).find("no/such.npy"), std::string::npos);
  }
  EXPECT_THROW(io::saveNpy("no/such.npy", zeros({2})), Error);
}

TEST(Mnist, ReadsBundledDigits) {
  data::Mnist test(std::string(NEEDLE_TEST_DATA) + "/mnist", data::Split::test);
  EXPECT_EQ(test.size(), 1000);
  std::vector<int64_t> first{0, 1, 2, 3, 4};
  auto [images, labels] = test.batch(first);
  EXPECT_EQ(images.shape(), (Shape{5, 784}));
  // The labels that open the published test set.
  EXPECT_EQ(labels.toVector<int64_t>(), (std::vector<int64_t>{7, 2, 1, 0, 4}));
  for (float pixel : images.toVector<float>()) {
    EXPECT_GE(pixel, 0);
    EXPECT_LE(pixel, 1);
  }
  EXPECT_THROW(test[1000], IndexError);
}

namespace {
struct Numbers {
  int64_t size() const { return 10; }
  std::pair<Tensor, int64_t> operator[](int64_t i) const {
    return {tensor({double(i), double(i) * 2}), i};
  }
};
} // namespace

TEST(DataLoader, CollatesItemsInOrder) {
  data::DataLoader loader(Numbers{}, {.batchSize = 4});
  EXPECT_EQ(loader.size(), 3);
  std::vector<int64_t> seen;
  std::vector<Shape> shapes;
  for (const auto &[x, y] : loader) {
    shapes.push_back(x.shape());
    for (int64_t label : y.toVector<int64_t>())
      seen.push_back(label);
  }
  EXPECT_EQ(shapes, (std::vector<Shape>{{4, 2}, {4, 2}, {2, 2}}));
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(DataLoader, ShufflesEachEpochAnewAndRepeatablyFromItsSeed) {
  auto epochs = [](uint64_t seed) {
    data::DataLoader loader(Numbers{},
                            {.batchSize = 10, .shuffle = true, .seed = seed});
    std::vector<std::vector<int64_t>> orders;
    for (int epoch = 0; epoch < 2; ++epoch)
      for (const auto &[x, y] : loader)
        orders.push_back(y.toVector<int64_t>());
    return orders;
  };
  auto orders = epochs(1);
  for (const auto &order : orders)
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 10u);
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_EQ(orders, epochs(1));
  EXPECT_NE(orders, epochs(2));
}

TEST(DataLoader, DropsALastBatchThatIsNotFull) {
  data::DataLoader loader(Numbers{}, {.batchSize = 4, .dropLast = true});
  int batches = 0;
  for (const auto &batch : loader)
    batches += batch.first.dim(0) == 4;
  EXPECT_EQ(batches, 2);
}

TEST(DataLoader, RefusesABatchSizeOfZero) {
  try {
    data::DataLoader loader(Numbers{}, {.batchSize = 0});
    FAIL();
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find("Data.cpp:"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("batchSize is 0"),
              std::string::npos);
  }
}

TEST(TensorDataset, CutsTensorsAlongAxis0) {
  data::TensorDataset pairs(reshape(arange(12), {6, 2}), arange(6));
  data::DataLoader loader(pairs, {.batchSize = 4});
  std::vector<double> sums;
  for (const auto &[x, y] : loader)
    sums.push_back(sum(convert(x, float64)).item<double>());
  EXPECT_EQ(sums, (std::vector<double>{28, 38}));
  EXPECT_THROW(data::TensorDataset(arange(3), arange(4)), ShapeError);
}
