// Queue.cpp - the CPU's queue runs work where it is submitted.
#include "needle/runtime/Queue.h"

#include <exception>

namespace needle::runtime {

/// Made when the work is done, so that nothing in it ever changes.
struct Event::State {
  std::exception_ptr error;
};

bool Event::ready() const { return true; }

void Event::join() const {}

void Event::wait() const {
  if (state)
    std::rethrow_exception(state->error);
}

Event Queue::submit(const std::function<void()> &work) {
  Event event;
  try {
    work();
  } catch (...) {
    event.state = std::make_shared<Event::State>();
    event.state->error = std::current_exception();
  }
  return event;
}

} // namespace needle::runtime
