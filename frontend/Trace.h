// Trace.h - recording into a trace (a jitted function) or a region (a scan).
#pragma once

#include "needle/frontend/Cell.h"
#include "needle/runtime/Graph.h"

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace needle::detail {

/// Ops recorded while it lives belong to it; one per thread is innermost.
class OpenTrace {
public:
  OpenTrace();
  ~OpenTrace();
  OpenTrace(const OpenTrace &) = delete;

  uint32_t id;
  OpenTrace *outer;
  uint32_t outerTrace;
  /// The iteration number inside a scan's body; empty in a jit trace.
  Tensor iteration;
};
/// The innermost trace or region of this thread; null outside.
OpenTrace *innermostTrace();
bool isOpenTrace(uint32_t trace);

/// Records as if in `trace` while it lives (0: outside of all).
class RecordIn {
public:
  explicit RecordIn(uint32_t trace)
      : outer(std::exchange(context.trace, trace)) {}
  ~RecordIn() { context.trace = outer; }
  RecordIn(const RecordIn &) = delete;

private:
  uint32_t outer;
};

/// The trace of a jitted function. Variables are lifted as they are touched:
/// reads see the trace's own values, nothing outside changes.
class Tracer {
public:
  /// What is recorded on this thread while it lives belongs to the trace.
  class Opened {
  public:
    explicit Opened(Tracer &tracer);
    ~Opened();
    Opened(const Opened &) = delete;

  private:
    OpenTrace trace;
    Tracer *outer;
  };

  struct Lifted {
    std::shared_ptr<Cell> cell;
    Tensor placeholder, value, gradient;
    bool isAssigned = false;
    bool isTrainable = true;
    Where assigned;
  };
  Tensor read(const std::shared_ptr<Cell> &cell);
  void assign(const std::shared_ptr<Cell> &cell, Tensor version, Where where);
  Lifted &lift(const std::shared_ptr<Cell> &cell);
  /// Null unless it has been touched.
  Lifted *find(const std::shared_ptr<Cell> &cell);

  /// An argument of the jitted call, or one of the hidden ones.
  Tensor argument(DType dtype, const Shape &shape, Target target, Role role,
                  Where where);
  /// The thread's random state as it is when the call starts.
  const Tensor &key();
  const Tensor &count();

  uint32_t id = 0;
  std::vector<Lifted> lifted; // in order of first touch
  std::unordered_map<const Cell *, size_t> positions;
  /// As they were read, unless the function had set them before.
  std::vector<std::pair<std::shared_ptr<const bool>, bool>> flags;
  /// Those that the function sets; outside they change when a call returns.
  struct SetFlag {
    std::shared_ptr<bool> flag;
    bool before, after;
  };
  std::vector<SetFlag> setFlags;
  Tensor keyArgument, countArgument;
  int64_t draws = 0;
  std::vector<std::pair<std::string, Tensor>> taps;
};
/// The trace open on this thread; null outside.
Tracer *currentTracer();

} // namespace needle::detail

namespace needle {
/// Is the code of a jitted function being recorded on this thread?
bool isTracing();
/// The flag; in a trace it becomes part of the signature: a call that finds it
/// changed traces again.
bool readsState(const std::shared_ptr<bool> &flag);
/// Sets it; in a trace a result of the call, as an assignment is.
void setState(const std::shared_ptr<bool> &flag, bool value);
} // namespace needle
