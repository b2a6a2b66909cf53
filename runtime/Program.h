// Program.h - what the compiler hands the runtime: immutable, shared by threads.
#pragma once

#include "needle/runtime/Blob.h"
#include "needle/runtime/Graph.h"

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace needle::runtime {

/// Where a value's memory is. An Execution resolves the list in order to one
/// pointer each, so `derived` refers to an earlier value.
struct ProgramValue {
  enum class Kind : uint8_t {
    argument, // index
    result,   // index; the caller's memory
    arena,    // offset
    workspace, // offset; valid within one launch
    constant, // offset into Program::constants
    derived   // `base` + offset: a view
  };
  Kind kind = Kind::arena;
  int32_t index = 0; // of the argument or result; of the base value
  int64_t offset = 0; // bytes
  int64_t bytes = 0;
};

/// One function of a phase and its arguments.
struct Call {
  int32_t kernel = 0;           // index into Program::kernels
  std::vector<int32_t> buffers; // values
  std::vector<int64_t> scalars;
};

/// One grid of tiles: for every tile, by one worker, the calls in order (a
/// contraction, then its epilogue on the hot tile). Tiles are independent.
struct Phase {
  std::vector<Call> calls;
  int64_t tiles = 1;
  int64_t scratchBytes = 0; // per worker
  int64_t work = 0;         // about how many elements or multiply-adds
};

/// The phases of one kernel, in order; a phase starts when the one before it
/// is done.
struct Launch {
  std::vector<Phase> phases;
  std::string name;              // for profiles: ops and the user's line
  int64_t workspaceBytes = 0;
};

/// Copies `bytes` from one value to another.
struct Copy {
  int32_t from = 0, to = 0;
  int64_t bytes = 0;
};

/// Work done by a function of this process (the interpreter): `values` are
/// its operands, then its results.
struct HostCall {
  std::shared_ptr<const std::function<void(void *const *values)>> function;
  std::vector<int32_t> values;
  std::string name;
};

struct Command;

/// Runs `body` `count` times. Before iteration i, each moving value (of kind
/// derived) points to its base + offset + step(i) * stride, where step(i) is i,
/// or count - 1 - i when `reverse`. A value moves in one loop, and what it is
/// derived from moves, if at all, in a loop around that one.
struct Loop {
  int64_t count = 0;
  bool reverse = false;
  struct Moving {
    int32_t value = 0;
    int64_t stride = 0; // bytes
  };
  std::vector<Moving> moving;
  int32_t induction = -1; // an int64 value that receives step(i); -1: none
  std::vector<Command> body;
  std::string name;
};

struct Command {
  std::variant<Launch, Copy, HostCall, Loop> what;
};

struct ProgramArgument {
  ValueType type;
  std::string name;
  Role role = Role::input;
  /// Checked before the first command: every element i has
  /// -indexLimit <= i < indexLimit (-1: not an index).
  int64_t indexLimit = -1;
  std::string indexText; // "train.cpp:14: take"
  std::string indexFile; // the path as compiled
  int indexLine = 0;
};

struct ProgramResult {
  ValueType type;
  std::string name;
  /// The argument whose next value this is; -1: none.
  int32_t updates = -1;
  /// The argument whose memory this result may reuse when the caller gives it
  /// up: nothing reads it after the result is written. -1: none.
  int32_t inPlaceOf = -1;
  /// The result is this argument, unchanged: the caller shares its buffer.
  int32_t sameAs = -1;
};

/// A kernel's machine code, shared across Programs through its key.
struct ProgramKernel {
  std::string key;
  std::string name; // symbol, for profiles and `perf`
  std::shared_ptr<const Blob> blob;
};

/// A place that a kernel may report a bad index from: see Execution.
struct StatusEntry {
  std::string text; // "train.cpp:14: take: index out of range"
  std::string file;
  int line = 0;
};

struct Program {
  std::string name;
  /// What the kernels need of the CPU, by its name in runtime/Cpu.h; empty:
  /// nothing.
  std::string instructionSet;
  std::vector<ProgramArgument> arguments;
  std::vector<ProgramResult> results;
  std::vector<ProgramKernel> kernels;
  std::vector<ProgramValue> values;
  std::vector<Command> commands;
  std::vector<uint8_t> constants;
  std::vector<StatusEntry> statuses;
  /// The int64 value that kernels store 1 + their status entry into when a
  /// computed index is out of range; -1: no kernel does.
  int32_t statusValue = -1;
  int64_t arenaBytes = 0;     // without workspace
  int64_t workspaceBytes = 0; // the largest of any launch
};

/// What the compiler did, for `Jit::report()` and `needle-run --profile`.
struct Report {
  int tracedOps = 0;
  int opsAfterAutodiff = 0;
  int kernels = 0;         // after fusion
  int kernelsCompiled = 0; // not found in the process
  double compileMs = 0;
  /// Of compileMs, in order: the stages of the pipeline, "plan" (the commands),
  /// "llvm" (conversion to its dialect) and "machine code".
  std::vector<std::pair<std::string, double>> stageMs;
  int64_t arenaBytes = 0;
  int64_t sumOfIntermediateBytes = 0;
};

} // namespace needle::runtime
