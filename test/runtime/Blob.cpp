// Blob.cpp - code that is copied to executable pages.
#include "needle/runtime/Blob.h"
#include "needle/runtime/Error.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace needle::runtime;

#ifdef __x86_64__
TEST(Blob, RunsFromItsOwnPages) {
  // nop; mov rax, [rdi]; mov [rax], rdx; ret: stores the tile in buffer 0.
  BlobCode code{{0x90, 0x48, 0x8b, 0x07, 0x48, 0x89, 0x10, 0xc3}, 1};
  std::shared_ptr<const Blob> blob = Blob::load(code);
  EXPECT_GE(blob->size(), code.bytes.size());
  int64_t stored = 0;
  void *buffers[] = {&stored};
  blob->entry()(buffers, nullptr, 42, nullptr);
  EXPECT_EQ(stored, 42);
}
#endif

TEST(Blob, AnEntryOutsideOfTheCodeIsAnError) {
  EXPECT_THROW(Blob::load({{0xc3}, 1}), needle::Error);
  EXPECT_THROW(Blob::load({}), needle::Error);
}
