// Allocator.cpp - alignment, reuse, bounds and statistics; Buffer's ownership.
#include "needle/runtime/Allocator.h"
#include "needle/runtime/Buffer.h"
#include "needle/runtime/Error.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>

using namespace needle;
using namespace needle::runtime;

static bool aligned(const Block &block, size_t bytes) {
  return reinterpret_cast<uintptr_t>(block.data) % bytes == 0;
}

TEST(Allocator, BlocksHoldWhatWasAskedForAndAreAligned) {
  Allocator allocator(0);
  for (size_t bytes = 0; bytes < 70000; bytes = bytes * 5 / 4 + 1) {
    Block block = allocator.allocate(bytes);
    ASSERT_NE(block.data, nullptr);
    EXPECT_GE(block.capacity, bytes);
    EXPECT_LE(block.capacity, std::max<size_t>(64 + bytes, bytes * 5 / 4 + 1));
    EXPECT_TRUE(aligned(block, 64));
    std::memset(block.data, 1, block.capacity);
    allocator.free(block);
  }
  EXPECT_EQ(allocator.statistics().liveBytes, 0);
}

TEST(Allocator, LargeBlocksLieOnHugePages) {
  Allocator allocator(0);
  for (size_t bytes : {size_t(1) << 20, size_t(5) << 20, size_t(3000001)}) {
    Block block = allocator.allocate(bytes);
    EXPECT_TRUE(aligned(block, size_t(2) << 20));
    std::memset(block.data, 1, bytes);
    allocator.free(block);
  }
}

TEST(Allocator, ReusesFreedBlockOfSameClass) {
  Allocator allocator(1 << 20);
  Block first = allocator.allocate(1000);
  allocator.free(first);
  Block other = allocator.allocate(5000);
  Block second = allocator.allocate(1010);
  EXPECT_EQ(second.data, first.data);
  EXPECT_NE(other.data, first.data);
  EXPECT_EQ(allocator.statistics().reused, 1);
  EXPECT_EQ(allocator.statistics().fresh, 2);
  allocator.free(second);
  allocator.free(other);
}

TEST(Allocator, CacheStaysBelowItsBoundAndDropsTheOldest) {
  Allocator allocator(4096);
  Block a = allocator.allocate(2048), b = allocator.allocate(1024),
        c = allocator.allocate(2048), d = allocator.allocate(8192);
  allocator.free(a);
  allocator.free(b);
  allocator.free(c); // a goes
  EXPECT_EQ(allocator.statistics().cachedBytes, 1024 + 2048);
  allocator.free(d); // larger than the bound: not kept
  EXPECT_EQ(allocator.statistics().cachedBytes, 1024 + 2048);
  allocator.free(allocator.allocate(1024));
  EXPECT_EQ(allocator.statistics().reused, 1);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().cachedBytes, 0);
}

TEST(Allocator, CountsLiveAndPeakBytes) {
  Allocator allocator(0);
  Block a = allocator.allocate(4096), b = allocator.allocate(8192);
  EXPECT_EQ(allocator.statistics().liveBytes, 4096 + 8192);
  allocator.free(b);
  EXPECT_EQ(allocator.statistics().liveBytes, 4096);
  EXPECT_EQ(allocator.statistics().peakBytes, 4096 + 8192);
  allocator.free(a);
}

TEST(Allocator, OutOfMemoryIsATypedErrorAndTheNextCallWorks) {
  Allocator allocator(0);
  EXPECT_THROW(allocator.allocate(size_t(1) << 47), MemoryError);
  EXPECT_THROW(allocator.allocate(SIZE_MAX), MemoryError);
  allocator.free(allocator.allocate(100));
}

TEST(Allocator, ServesManyThreads) {
  Allocator allocator(1 << 20);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        Block block = allocator.allocate(size_t(64 + i * 7));
        std::memset(block.data, t, block.capacity);
        auto *bytes = static_cast<char *>(block.data);
        EXPECT_EQ(bytes[block.capacity - 1], t);
        allocator.free(block);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(allocator.statistics().liveBytes, 0);
}

TEST(Allocator, AThreadKeepsItsSmallBlocks) {
  Allocator &allocator = Allocator::process();
  allocator.free(allocator.allocate(300));
  Block first = allocator.allocate(300);
  EXPECT_EQ(first.capacity, 320u);
  EXPECT_TRUE(aligned(first, 64));
  Allocator::Statistics before = allocator.statistics();
  allocator.free(first);
  EXPECT_EQ(allocator.statistics().liveBytes, before.liveBytes - 320);
  EXPECT_EQ(allocator.statistics().cachedBytes, before.cachedBytes + 320);
  Block second = allocator.allocate(257); // of the same class
  EXPECT_EQ(second.data, first.data);
  EXPECT_EQ(allocator.statistics().liveBytes, before.liveBytes);
  allocator.free(second);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().cachedBytes, 0);
}

TEST(Allocator, WhatAThreadKeepsIsBounded) {
  Allocator &allocator = Allocator::process();
  std::vector<Block> blocks;
  for (int i = 0; i < 4000; ++i)
    blocks.push_back(allocator.allocate(100));
  int64_t live = allocator.statistics().liveBytes;
  for (Block block : blocks)
    allocator.free(block);
  EXPECT_EQ(allocator.statistics().liveBytes, live - 4000 * 128);
  // All but those that this thread keeps can be had by another.
  int64_t fresh = allocator.statistics().fresh;
  std::thread([&] {
    std::vector<Block> own;
    for (int i = 0; i < 4000 - int(ThreadCache::mostBytes / 128); ++i)
      own.push_back(allocator.allocate(100));
    for (Block block : own)
      allocator.free(block);
  }).join();
  EXPECT_EQ(allocator.statistics().fresh, fresh);
}

TEST(Allocator, AThreadsSmallBlocksGoBackWhenItEnds) {
  Allocator &allocator = Allocator::process();
  allocator.trim();
  Allocator::Statistics before = allocator.statistics();
  std::thread([&] {
    std::vector<Block> blocks;
    for (int i = 0; i < 100; ++i)
      blocks.push_back(allocator.allocate(448));
    for (Block block : blocks)
      allocator.free(block);
  }).join();
  EXPECT_EQ(allocator.statistics().liveBytes, before.liveBytes);
  EXPECT_EQ(allocator.statistics().cachedBytes, before.cachedBytes + 100 * 448);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().cachedBytes, before.cachedBytes);
}

TEST(Allocator, SmallBlocksWanderBetweenThreads) {
  Allocator &allocator = Allocator::process();
  int64_t live = allocator.statistics().liveBytes;
  std::vector<std::vector<Block>> hands(4);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    for (size_t t = 0; t < hands.size(); ++t)
      threads.emplace_back([&, t] {
        for (Block block : hands[t]) {
          EXPECT_EQ(*static_cast<char *>(block.data), char(t));
          allocator.free(block);
        }
        hands[t].clear();
        for (int i = 0; i < 300; ++i) {
          hands[t].push_back(allocator.allocate(size_t(i + 1)));
          // For the one whose turn is next.
          std::memset(hands[t].back().data, int(t + 3) % 4,
                      hands[t].back().capacity);
        }
      });
    for (std::thread &thread : threads)
      thread.join();
    std::rotate(hands.begin(), hands.begin() + 1, hands.end());
  }
  for (std::vector<Block> &hand : hands)
    for (Block block : hand)
      allocator.free(block);
  EXPECT_EQ(allocator.statistics().liveBytes, live);
}

TEST(Buffer, KnowsItsSoleOwner) {
  BufferPtr buffer = Buffer::copyOf("abc", 3);
  EXPECT_EQ(buffer->bytes(), 3u);
  EXPECT_EQ(buffer->as<char>()[2], 'c');
  EXPECT_TRUE(solelyOwned(*buffer));
  BufferPtr other = buffer;
  EXPECT_FALSE(solelyOwned(*buffer));
  other.reset();
  EXPECT_TRUE(solelyOwned(*buffer));
  EXPECT_NE(Buffer::allocate(0)->data(), nullptr);
}

TEST(Buffer, ASoleOwnerSeesWhatOthersDidBefore) {
  // Under TSan: reads by a thread that let go happen before our writes.
  for (int i = 0; i < 100; ++i) {
    BufferPtr buffer = Buffer::allocate(sizeof(int));
    *buffer->as<int>() = 1;
    std::thread reader([copy = buffer]() mutable {
      EXPECT_EQ(*copy->as<int>(), 1);
      copy.reset();
    });
    while (!solelyOwned(*buffer))
      std::this_thread::yield();
    *buffer->as<int>() = 2;
    reader.join();
  }
}
