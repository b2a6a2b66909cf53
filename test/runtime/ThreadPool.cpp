// ThreadPool.cpp - every tile once, by whatever threads there are.
#include "needle/runtime/ThreadPool.h"
#include "needle/runtime/Error.h"

#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <mutex>
#include <set>

using namespace needle::runtime;

constexpr int64_t worth = ThreadPool::serialWork;

/// Runs a grid and checks that each tile ran once.
static void runAndCheck(ThreadPool &pool, int64_t tiles, int64_t work,
                        int64_t scratchBytes = 0) {
  std::vector<int> times(size_t(tiles), 0); // a race here is one of the pool
  pool.run({tiles, scratchBytes, work}, [&](int64_t tile, void *scratch) {
    if (scratchBytes)
      std::memset(scratch, int(tile), size_t(scratchBytes));
    ++times[size_t(tile)];
  });
  for (int time : times)
    ASSERT_EQ(time, 1);
}

TEST(ThreadPool, RunsEachTileOnce) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (int64_t tiles : {0, 1, 2, 3, 100, 1000})
      for (int64_t work : {int64_t(0), worth})
        runAndCheck(pool, tiles, work);
  }
}

TEST(ThreadPool, GridsSeeWhatTheGridBeforeWrote) {
  ThreadPool pool(3);
  // Each grid reads what another tile, maybe another thread, wrote before.
  std::vector<int64_t> from(64, 0), to(64, 0);
  for (int round = 0; round < 300; ++round) {
    pool.run({64, 0, worth}, [&](int64_t tile, void *) {
      to[size_t(tile)] = from[size_t(63 - tile)] + 1;
    });
    from.swap(to);
  }
  for (int64_t value : from)
    EXPECT_EQ(value, 300);
}

TEST(ThreadPool, LargeGridsAreShared) {
  ThreadPool pool(2);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  // Each tile waits for the other thread: it must come.
  auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  pool.run({2, 0, worth}, [&](int64_t, void *) {
    std::unique_lock lock(mutex);
    seen.insert(std::this_thread::get_id());
    while (seen.size() < 2 && std::chrono::steady_clock::now() < limit) {
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      lock.lock();
    }
  });
  EXPECT_EQ(seen.size(), 2u);
}

TEST(ThreadPool, SmallGridsStayWithTheirCaller) {
  ThreadPool pool(4);
  auto caller = std::this_thread::get_id();
  pool.run({100, 0, worth - 1}, [&](int64_t, void *) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
  });
}

TEST(ThreadPool, ScratchIsAlignedAndOnesOwn) {
  ThreadPool pool(3);
  for (int64_t bytes : {64, 100000, 8}) {
    pool.run({50, bytes, worth}, [&](int64_t tile, void *scratch) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(scratch) % 64, 0u);
      auto *memory = static_cast<char *>(scratch);
      std::memset(memory, int(tile), size_t(bytes));
      for (int64_t i = 0; i < bytes; ++i)
        ASSERT_EQ(memory[i], char(tile));
    });
    runAndCheck(pool, 3, 0, bytes);
  }
}

TEST(ThreadPool, ManyCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round)
        runAndCheck(pool, 1 + round % 40, worth, round % 3 * 64);
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(ThreadPool, WorkersThatSleptComeBack) {
  ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 4));
    runAndCheck(pool, 32, worth);
  }
}

TEST(ThreadPool, NoMemoryForScratchIsAnErrorAndTheNextGridRuns) {
  ThreadPool pool(2);
  int64_t tooMuch = int64_t(1) << 47;
  for (int64_t work : {int64_t(0), worth})
    EXPECT_THROW(pool.run({4, tooMuch, work}, [](int64_t, void *) {}),
                 needle::MemoryError);
  runAndCheck(pool, 10, worth, 128);
}

TEST(ThreadPool, APoolThatNeverRanEndsAtOnce) { ThreadPool pool(64); }
