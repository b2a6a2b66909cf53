// Npy.cpp - the .npy reader and writer. Bytes are as NumPy 1.24 writes them.
#include "needle/runtime/Npy.h"

#include "needle/runtime/Error.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>

using namespace needle;

namespace {

std::string file(const std::string &header, const std::string &elements) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += char(header.size());
  text += '\0';
  return text + header + elements;
}

template <class T> std::string bytes(std::initializer_list<T> values) {
  std::string text(values.size() * sizeof(T), '\0');
  std::memcpy(text.data(), std::data(values), text.size());
  return text;
}

std::string errorOf(const std::string &contents) {
  try {
    parseNpy(contents, "x.npy");
  } catch (const FormatError &error) {
    return error.what();
  }
  return "no error";
}

const std::string header =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }    \n";

TEST(Npy, ReadsWhatNumpyWrites) {
  NpyArray array =
      parseNpy(file(header, bytes<float>({1, 2, 3, 4, 5, 6})), "x.npy");
  EXPECT_EQ(array.dtype, DType::float32);
  EXPECT_EQ(array.shape, Shape({2, 3}));
  float last;
  std::memcpy(&last, &array.bytes[20], 4);
  EXPECT_EQ(last, 6);
}

TEST(Npy, PutsFortranOrderInRowMajorOrder) {
  NpyArray array = parseNpy(
      file("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }\n",
           bytes<int32_t>({0, 3, 1, 4, 2, 5})),
      "x.npy");
  for (int32_t i = 0; i < 6; ++i)
    EXPECT_EQ(std::memcmp(&array.bytes[size_t(i) * 4], &i, 4), 0) << i;
}

TEST(Npy, RoundTripsEveryDtypeAndRank) {
  const double elements[6] = {};
  for (DType dtype : dtypes)
    for (const Shape &shape :
         {Shape(), Shape({6}), Shape({1, 2, 3}), Shape({0, 4})}) {
      NpyArray array = parseNpy(formatNpy(dtype, shape, elements), "x.npy");
      EXPECT_EQ(array.dtype, dtype);
      EXPECT_EQ(array.shape, shape);
    }
}

// ml_dtypes 0.5 writes <V2; NumPy, which then reads it as void, |V2.
TEST(Npy, TwoBytesOfAnythingAreBfloat16) {
  for (std::string descr : {"<V2", "|V2"}) {
    NpyArray array =
        parseNpy(file("{'descr': '" + descr +
                          "', 'fortran_order': False, 'shape': (2,), }\n",
                      bytes<uint16_t>({0x3f80, 0xc040})),
                 "x.npy");
    EXPECT_EQ(array.dtype, DType::bfloat16);
    BFloat16 elements[2];
    std::memcpy(static_cast<void *>(elements), array.bytes.data(), 4);
    EXPECT_EQ(float(elements[0]), 1);
    EXPECT_EQ(float(elements[1]), -3);
  }
  BFloat16 one(1);
  EXPECT_NE(formatNpy(DType::bfloat16, {1}, &one).find("'descr': '<V2'"),
            std::string::npos);
}

TEST(Npy, BooleansAreZeroOrOne) {
  NpyArray array =
      parseNpy(file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }",
                    std::string("\0\7", 2)),
               "x.npy");
  EXPECT_EQ(array.bytes[1], std::byte(1));
}

TEST(Npy, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf("PK"), "x.npy: not an .npy file");
  EXPECT_EQ(errorOf(file(header, "").substr(0, 40)),
            "x.npy: the file ends within its header");
  EXPECT_EQ(errorOf(file(header, "1234")),
            "x.npy: has 4 bytes of elements, its header says 24");
  EXPECT_EQ(
      errorOf(file("{'descr': '>f4', 'fortran_order': False, "
                   "'shape': (1,), }",
                   "1234")),
      "x.npy: dtype '>f4' is not one of <f4, <f8, <i4, <i8, |b1, <V2, |V2");
  EXPECT_EQ(errorOf(file("{'descr': '<f4'}", "")),
            "x.npy: the header lacks descr, fortran_order or shape");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, "
                         "'shape': (-1,), }",
                         "")),
            "no error");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, "
                         "'shape': (99999999999, 99999999999), }",
                         "")),
            "no error");
  EXPECT_NE(errorOf(file("{'descr': '<f4', ", "")), "no error");
}

TEST(Npy, AFolderIsNoFile) {
  try {
    readNpy("/");
    FAIL() << "no error";
  } catch (const FormatError &error) {
    EXPECT_STREQ(error.what(), "/: cannot be read: Is a directory");
  }
}

TEST(Npy, MissingFileIsNamed) {
  EXPECT_THROW(readNpy("no/such.npy"), FormatError);
  EXPECT_THROW(writeNpy("no/such.npy", DType::int32, Shape({0}), nullptr),
               Error);
}

} // namespace
