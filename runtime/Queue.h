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
  /// Is it done? Does not block.
  bool ready() const;
  /// Blocks until it is done; never throws.
  void join() const;
  /// Blocks until it is done and throws the error it ended with, if any; every
  /// call and every copy throws it.
  void wait() const;

private:
  friend class Queue;
  struct State;
  std::shared_ptr<State> state;
};

/// Runs what is submitted, one after the other. This queue, the CPU's, runs it
/// in submit(), so that its events are done when they are returned.
class Queue {
public:
  /// Runs `work`; what it throws is kept for Event::wait.
  static Event submit(const std::function<void()> &work);
};

} // namespace needle::runtime
