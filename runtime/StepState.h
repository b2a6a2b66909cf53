// StepState.h - what a Step is made of, in memory.
#pragma once

#include "needle/runtime/Execution.h"
#include "needle/runtime/Step.h"

namespace needle {

struct Step::State {
  std::string name;
  std::vector<Value> inputs, results, variables;
  /// Where each argument of the program comes from: an input, a variable or a
  /// constant by number, or the random state.
  struct Source {
    enum class Kind : uint8_t { input, variable, constant, key, count };
    Kind kind = Kind::input;
    uint32_t number = 0;
  };
  std::vector<Source> sources;
  /// For each variable the result that is its next value; -1: none.
  std::vector<int32_t> updates;
  std::vector<runtime::BufferPtr> values; // of the variables
  std::vector<runtime::BufferPtr> constants;
  uint64_t key = 0; // the random state
  int64_t count = 0;
  int64_t draws = 0; // of a call
  std::shared_ptr<const runtime::Program> program;
  std::unique_ptr<runtime::Executable> executable;
};

namespace runtime {
/// The step as the contents of a file. Throws Error when its program can't be
/// stored.
std::string writeStep(const Step::State &step);
/// The inverse; `name` is for messages. Throws as Step::load does.
std::unique_ptr<Step::State> readStep(std::string_view file,
                                      const std::string &name);
/// What is behind the header and the checksum of a step's file; for fuzzing,
/// too: these bytes may be anything.
std::unique_ptr<Step::State> readStepBody(std::string_view body,
                                          const std::string &name);
} // namespace runtime

} // namespace needle
