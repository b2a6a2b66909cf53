// Plan.h - a Program laid out so that running it looks nothing up.
#pragma once

#include "needle/runtime/Program.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace needle::runtime {

/// Pointers to all values of a run lie in one table: the bases (arena,
/// workspace, constants, then arguments and results), then what lies elsewhere.
/// Commands name values by their slots in it. Refers to its Program.
class Plan {
public:
  explicit Plan(const Program &program);

  enum Base : uint32_t { arena, workspace, constants, firstArgument };
  uint32_t firstResult = 0;
  uint32_t slots = 0;

  std::vector<size_t> arguments;        // bytes
  std::vector<uint32_t> indexArguments; // whose elements have a limit
  struct Result {
    size_t bytes;
    int32_t sizeClass;         // of a Buffer for it
    int32_t sameAs, inPlaceOf; // as in ProgramResult
  };
  std::vector<Result> results;

  /// A value with a slot of its own: table[base] + offset.
  struct Place {
    uint32_t slot, base;
    int64_t offset;
  };
  std::vector<Place> places; // each after its base

  struct Call {
    TileFunction *function;
    const int64_t *scalars;
    uint32_t buffers; // where its own start, among those of its phase
  };
  struct Phase {
    uint32_t firstCall, endCall;     // of `calls`
    uint32_t firstBuffer, endBuffer; // of `buffers`
    int64_t tiles, scratchBytes, work;
    bool isSerial; // for the caller alone, however many threads there are
  };
  std::vector<Phase> phases;
  std::vector<Call> calls;
  std::vector<uint32_t> buffers; // slots

  struct Launch {
    uint32_t firstPhase, endPhase;
    std::string_view name;
  };
  struct Copy {
    uint32_t from, to;
    size_t bytes;
  };
  struct HostCall {
    const std::function<void(void *const *values)> *function;
    std::vector<uint32_t> values;
    std::string_view name;
  };
  struct Command;
  struct Loop {
    int64_t count;
    bool reverse;
    struct Moving {
      Place place;
      int64_t stride;
    };
    std::vector<Moving> moving;
    std::vector<Place> following; // what lies in moving values, at any depth
    int32_t induction;            // slot; -1: none
    std::vector<Command> body;
  };
  struct Command {
    std::variant<Launch, Copy, HostCall, Loop> what;
  };
  std::vector<Command> commands;

  int32_t status = -1;      // slot
  int64_t scratchBytes = 0; // of a thread, the most of any phase
  /// Whether a run may end with an error.
  bool mayFail = false;

private:
  void addValues();
  std::vector<Command> planned(const std::vector<runtime::Command> &commands);
  Launch planned(const runtime::Launch &launch);
  Copy planned(const runtime::Copy &copy);
  HostCall planned(const runtime::HostCall &call);
  Loop planned(const runtime::Loop &loop);
  Place placeOf(int32_t value) const;

  const Program &program;
  std::vector<uint32_t> slotOf; // of the program's values
  /// For each loop the values that follow from its moving ones; while planning.
  std::unordered_map<const runtime::Loop *, std::vector<int32_t>> dependents;
};

} // namespace needle::runtime
