// Queue.cpp - deferred work: in order, when somebody waits. What the whole
// suite does under NEEDLE_QUEUE=deferred is the other half of the test.
#include "needle/runtime/Queue.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

using namespace needle::runtime;

namespace {
class DeferredQueue : public testing::Test {
  void SetUp() override {
    if (!Queue::isDeferred())
      GTEST_SKIP() << "NEEDLE_QUEUE is not deferred";
  }
};
} // namespace

TEST_F(DeferredQueue, RunsInOrderWhenSomebodyWaits) {
  std::vector<int> ran;
  std::vector<Event> events;
  for (int i = 0; i < 5; ++i)
    events.push_back(Queue::submit([&ran, i] { ran.push_back(i); }));
  EXPECT_TRUE(ran.empty());
  EXPECT_FALSE(events[0].ready());
  events[2].join();
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(events[1].ready());
  EXPECT_FALSE(events[3].ready());
  events[4].wait();
  EXPECT_EQ(ran.size(), 5u);
}

TEST_F(DeferredQueue, KeepsAnErrorForEveryWait) {
  Event bad = Queue::submit([] { throw std::runtime_error("no"); });
  Event good = Queue::submit([] {});
  bad.join();
  good.wait();
  EXPECT_THROW(bad.wait(), std::runtime_error);
  Event copy = bad;
  EXPECT_THROW(copy.wait(), std::runtime_error);
}

TEST_F(DeferredQueue, HoldsNoMoreThanSomePieces) {
  int ran = 0;
  std::vector<Event> events;
  for (int i = 0; i < 1000; ++i)
    events.push_back(Queue::submit([&ran] { ++ran; }));
  EXPECT_GE(ran, 900);
  EXPECT_LT(ran, 1000);
  events.back().join();
  EXPECT_EQ(ran, 1000);
}

// What work holds goes with it, and may wait for the work's own event.
TEST_F(DeferredQueue, LetsGoOfWhatItHeld) {
  struct Waits {
    Event *event;
    ~Waits() {
      if (event)
        event->join();
    }
  };
  Event event;
  auto waits = std::make_shared<Waits>(Waits{nullptr});
  event = Queue::submit([waits] {});
  waits->event = &event;
  waits.reset();
  event.join();
  EXPECT_TRUE(event.ready());
}
