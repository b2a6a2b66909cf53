// Queue.cpp - the CPU's queue: at once, or when somebody waits.
#include "needle/runtime/Queue.h"
#include "needle/runtime/Environment.h"

#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

namespace needle::runtime {

struct Event::State {
  std::atomic<bool> isDone{false};
  std::exception_ptr error;   // written before isDone
  std::function<void()> work; // until it has run

  void run() {
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
    isDone.store(true, std::memory_order_release);
    // What it held may wait for this very event when it goes.
    std::exchange(work, nullptr);
  }
};

namespace {
constexpr size_t mostPending = 64;

/// What is submitted and has not run, oldest first.
template <class State> class Pending {
public:
  void add(std::shared_ptr<State> state) {
    std::lock_guard lock(mutex);
    waiting.push_back(std::move(state));
  }
  /// Runs the oldest pieces until `isEnough()`. Work runs without the mutex of
  /// the list, but one piece at a time.
  template <class Enough> void run(const Enough &isEnough) {
    std::lock_guard alone(running);
    while (!isEnough()) {
      std::shared_ptr<State> next;
      {
        std::lock_guard lock(mutex);
        if (waiting.empty())
          return;
        next = std::move(waiting.front());
        waiting.pop_front();
      }
      next->run();
    }
  }
  size_t size() {
    std::lock_guard lock(mutex);
    return waiting.size();
  }

private:
  std::mutex mutex;
  // Work that drops a buffer may wait for an event of its own thread's.
  std::recursive_mutex running;
  std::deque<std::shared_ptr<State>> waiting;
};
} // namespace

/// Leaked on purpose: static objects may hold buffers until the very end.
template <class State> static Pending<State> &pending() {
  static auto *pending = new Pending<State>;
  return *pending;
}

bool Event::isDone() const {
  return state->isDone.load(std::memory_order_acquire);
}

void Event::block() const {
  pending<State>().run([&] { return ready(); });
}

void Event::wait() const {
  join();
  if (state && state->error)
    std::rethrow_exception(state->error);
}

bool Queue::isDeferred() {
  static const bool value = environment::deferredQueue();
  return value;
}

Event Queue::submit(const std::function<void()> &work) {
  Event event;
  if (isDeferred()) {
    event.state = std::make_shared<Event::State>();
    event.state->work = work;
    auto &all = pending<Event::State>();
    all.add(event.state);
    all.run([&] { return all.size() <= mostPending; });
    return event;
  }
  try {
    work();
  } catch (...) {
    event.state = std::make_shared<Event::State>();
    event.state->error = std::current_exception();
    event.state->isDone = true;
  }
  return event;
}

} // namespace needle::runtime
