// Signature.h - what one signature of a jitted function has prepared.
#pragma once

#include "needle/frontend/Canonicalize.h"
#include "needle/frontend/Compile.h"
#include "needle/frontend/Jit.h"
#include "needle/frontend/Trace.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace needle::detail {

/// What a function recorded: its results, what it touched, and the graph. The
/// nodes are gone.
struct Traced {
  std::string name;
  std::shared_ptr<void> skeleton;
  /// What the results are, without taps and updates.
  std::vector<ResultType> results;
  std::vector<ResultType> tapped;
  std::vector<std::string> taps;
  struct Touched {
    std::shared_ptr<Cell> cell;
    bool isTrainable;
    /// The number of the result that is its next value; -1: only read.
    int32_t update;
    Where assigned;
  };
  std::vector<Touched> variables; // in order of first touch
  std::vector<std::pair<std::shared_ptr<const bool>, bool>> flags;
  std::vector<Tracer::SetFlag> setFlags;
  int64_t draws = 0;
  /// Where each argument of the program comes from.
  struct Source {
    enum class Kind : uint8_t { argument, variable, constant, key, count };
    Kind kind;
    uint32_t number = 0; // of the argument or variable
    runtime::BufferPtr constant;
  };
  std::vector<Source> sources;
  Graph graph;
  std::vector<uint64_t> words; // equal ones are the same program
};
/// Runs the function on placeholders. What it throws leaves nothing behind.
Traced traceFunction(const std::string &name, TracedFunction &function,
                     const CallArguments &arguments, Where where);

/// "argument 0[1]" and what is there: "[32, 64]", "true".
struct ArgumentLeaf {
  std::string path, value;
};
std::vector<ArgumentLeaf> describe(const TracedFunction &function);

/// Throws StaleCaptureError when the function now does something else than when
/// it was traced first.
void checkStale(const Traced &before, const Traced &now, Where where);

} // namespace needle::detail
