// Step.h - a compiled step from a file: runs where there is no compiler.
// Links with needle::runtime alone; no LLVM, no front end.
#pragma once

#include "needle/runtime/Array.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace needle {

/// What `jit`'s save() wrote: a compiled function with the variables that it
/// reads and updates, as they were. A step file holds machine code: run only
/// what you would run as a program. One thread at a time may use a Step; it
/// runs on all cores (NEEDLE_THREADS).
///
/// ```
/// needle::Step step = needle::Step::load("train.needle");
/// float loss = step.run({images, labels})[0].item<float>();
/// needle::Array weights = step.variable("hidden.weight");
/// ```
class Step {
public:
  /// Throws Error when `path` can't be read; FormatError when it is damaged, of
  /// another version of the format, or no step; TargetError when this CPU lacks
  /// the instructions it was compiled for (NEEDLE_CPU counts, too).
  static Step load(const std::string &path);
  Step(Step &&) noexcept;
  Step &operator=(Step &&) noexcept;
  ~Step();

  /// JitOptions::name.
  const std::string &name() const;

  struct Value {
    std::string name;
    DType dtype = DType::float32;
    Shape shape;
  };
  /// The tensors of the function's arguments in order, "input0", "input1", ...
  /// unless save() was given names.
  const std::vector<Value> &inputs() const;
  /// Those of its result in order, "result0", ...; then what it taps, by the
  /// name of the tap.
  const std::vector<Value> &results() const;
  /// All that it reads or updates, by Variable::name().
  const std::vector<Value> &variables() const;

  /// One call: what the jitted function returned, and variables are updated.
  /// Throws, and changes nothing: Error when the number of inputs is wrong,
  /// DTypeError, ShapeError, IndexError for indices among the inputs that are
  /// out of range, MemoryError. IndexError for computed indices out of range.
  std::vector<Array> run(std::span<const Array> inputs,
                         Where where = Where::here());
  std::vector<Array> run(std::initializer_list<Array> inputs,
                         Where where = Where::here()) {
    return run(std::span(inputs.begin(), inputs.size()), where);
  }
  /// The same by name; IndexError for a name that isn't one, or is missing.
  std::map<std::string, Array> run(const std::map<std::string, Array> &inputs,
                                   Where where = Where::here());

  /// A variable's value now. IndexError for an unknown name.
  Array variable(std::string_view name, Where where = Where::here()) const;
  /// Its value for the next call. DTypeError or ShapeError unless it has the
  /// variable's.
  void setVariable(std::string_view name, const Array &value,
                   Where where = Where::here());

  /// Calls draw random numbers as in a `RandomScope(seed)`. Without it they go
  /// on where the program that saved the step was.
  void seed(uint64_t seed);

  /// Writes the step with its variables as they are now. The file is whole or
  /// absent. Throws Error when it can't be written.
  void save(const std::string &path) const;

  /// For the front end.
  struct State;
  explicit Step(std::unique_ptr<State> state);

private:
  std::unique_ptr<State> state;
};

} // namespace needle
