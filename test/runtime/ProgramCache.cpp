// ProgramCache.cpp - made once, kept by last use, compared in full.
#include "needle/runtime/ProgramCache.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <thread>

using namespace needle::runtime;
using Key = std::vector<uint64_t>;

TEST(ProgramCache, MakesAValueOnce) {
  ProgramCache<std::string> cache(4);
  int made = 0;
  auto make = [&] { return std::to_string(++made); };
  auto first = cache.get(Key{1, 2}, make);
  EXPECT_EQ(cache.get(Key{1, 2}, make), first);
  EXPECT_EQ(*cache.get(Key{2, 1}, make), "2");
  EXPECT_EQ(*cache.get(Key{}, make), "3");
  EXPECT_EQ(made, 3);
}

TEST(ProgramCache, DropsTheLongestUnused) {
  ProgramCache<int> cache(2);
  int made = 0;
  auto make = [&] { return ++made; };
  auto one = cache.get(Key{1}, make);
  cache.get(Key{2}, make);
  cache.get(Key{1}, make);
  cache.get(Key{3}, make); // 2 goes
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.get(Key{1}, make), one);
  EXPECT_EQ(*cache.get(Key{2}, make), 4);
  cache.clear();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(*one, 1); // who holds a value keeps it
}

TEST(ProgramCache, AThrowLeavesNothingBehind) {
  ProgramCache<int> cache(2);
  auto fail = []() -> int { throw std::runtime_error("no"); };
  EXPECT_THROW(cache.get(Key{1}, fail), std::runtime_error);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(*cache.get(Key{1}, [] { return 7; }), 7);
}

TEST(ProgramCache, ThreadsThatWantTheSameValueWaitForIt) {
  ProgramCache<uint64_t> cache(8);
  std::atomic<int> made = 0, failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < 8; ++i) {
        auto make = [&] {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
          if (failures++ == 0)
            throw std::runtime_error("the first one fails");
          ++made;
          return i * i;
        };
        try {
          EXPECT_EQ(*cache.get(Key{i, 5}, make), i * i);
        } catch (const std::runtime_error &) {
          EXPECT_EQ(*cache.get(Key{i, 5}, make), i * i);
        }
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(made, 8);
}
