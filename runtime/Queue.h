// Queue.h - work in order, and when it is done.
#pragma once

#include <functional>
#include <memory>

namespace needle::runtime {

/// When a piece of work is done, and whether it failed. Copies are the same
/// event; a default-constructed one is done.
class Event {
public:
  Event() = default;
  /// Was there work at all?
  bool empty() const { return !state; }
  /// Is it done? Does not block.
  bool ready() const { return !state || isDone(); }
  /// Blocks until it is done; never throws.
  void join() const {
    if (!ready())
      block();
  }
  /// Blocks until it is done and throws the error it ended with, if any; every
  /// call and every copy throws it.
  void wait() const;

private:
  friend class Queue;
  struct State;
  bool isDone() const;
  void block() const;
  std::shared_ptr<State> state; // null: done, without an error
};

/// Runs what is submitted, one after the other. The CPU's queue runs it in
/// submit(), so that its events are done when they are returned. With
/// NEEDLE_QUEUE=deferred it keeps up to 64 pieces until somebody waits for one:
/// what a device does to the order of things, for tests.
class Queue {
public:
  /// Whether work outlives submit(): it may refer to nothing of its caller.
  static bool isDeferred();
  /// Runs `work`; what it throws is kept for Event::wait.
  static Event submit(const std::function<void()> &work);
};

} // namespace needle::runtime
