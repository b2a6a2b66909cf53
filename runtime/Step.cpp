// Step.cpp - runs a step from a file and keeps its variables.
#include "needle/runtime/Step.h"

#include "needle/runtime/Error.h"
#include "needle/runtime/SealedFile.h"
#include "needle/runtime/StepState.h"
#include "needle/runtime/TemporaryFile.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace needle {

using runtime::BufferPtr;
using Source = Step::State::Source;

Step::Step(std::unique_ptr<State> state) : state(std::move(state)) {}
Step::Step(Step &&) noexcept = default;
Step &Step::operator=(Step &&) noexcept = default;
Step::~Step() = default;

Step Step::load(const std::string &path) {
  std::optional<std::string> file = runtime::readFile(path);
  if (!file)
    throw Error("cannot read " + path + ": " + std::strerror(errno));
  return Step(runtime::readStep(*file, path));
}

void Step::save(const std::string &path) const {
  runtime::writeWholeFile(path, runtime::writeStep(*state));
}

const std::string &Step::name() const { return state->name; }
const std::vector<Step::Value> &Step::inputs() const { return state->inputs; }
const std::vector<Step::Value> &Step::results() const { return state->results; }
const std::vector<Step::Value> &Step::variables() const {
  return state->variables;
}

void Step::seed(uint64_t seed) {
  state->key = seed;
  state->count = 0;
}

// ---- checks ----------------------------------------------------------------
static void checkType(const Step::Value &wanted, const Array &given,
                      const std::string &what, Where where) {
  auto text = [&] {
    return what + " " + wanted.name + " is " +
           toString(wanted.dtype, wanted.shape) + ", not " +
           toString(given.dtype(), given.shape());
  };
  if (given.dtype() != wanted.dtype)
    throw DTypeError(where, text());
  if (given.shape() != wanted.shape)
    throw ShapeError(where, text());
}

static size_t numberOf(std::string_view name,
                       const std::vector<Step::Value> &values,
                       const std::string &what, Where where) {
  std::string names;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == name)
      return i;
    names += (i ? ", " : "") + values[i].name;
  }
  throw IndexError(where, what + " has no '" + std::string(name) +
                              "'; there is " +
                              (names.empty() ? "nothing" : names));
}

// ---- variables -------------------------------------------------------------
Array Step::variable(std::string_view name, Where where) const {
  size_t number = numberOf(name, state->variables,
                           "step " + state->name + ": variables", where);
  const Value &variable = state->variables[number];
  return {variable.dtype, variable.shape, state->values[number]};
}

void Step::setVariable(std::string_view name, const Array &value, Where where) {
  size_t number = numberOf(name, state->variables,
                           "step " + state->name + ": variables", where);
  checkType(state->variables[number], value,
            "step " + state->name + ": variable", where);
  state->values[number] = value.buffer();
}

// ---- a call ----------------------------------------------------------------
namespace {
/// The arguments of a call. Variables that it updates are given up, so that
/// they are updated in place; they come back when it throws.
class Arguments {
public:
  // Delegates, so that the destructor also gives back what a throw interrupts.
  Arguments(Step::State &step, std::span<const Array> inputs)
      : Arguments(step) {
    for (const Source &source : step.sources)
      buffers.push_back(take(source, inputs));
  }
  ~Arguments() {
    for (size_t i = 0; i < buffers.size(); ++i)
      if (step.sources[i].kind == Source::Kind::variable)
        step.values[step.sources[i].number] = std::move(buffers[i]);
  }
  Arguments(const Arguments &) = delete;
  std::vector<BufferPtr> buffers;

private:
  explicit Arguments(Step::State &step) : step(step) {}
  static BufferPtr number(uint64_t value) {
    return runtime::Buffer::copyOf(&value, sizeof value);
  }
  BufferPtr take(const Source &source, std::span<const Array> inputs) {
    switch (source.kind) {
    case Source::Kind::input:
      return inputs[source.number].buffer();
    case Source::Kind::variable: {
      BufferPtr &value = step.values[source.number];
      return step.updates[source.number] >= 0 ? std::move(value) : value;
    }
    case Source::Kind::constant:
      return step.constants[source.number];
    case Source::Kind::key:
      return number(step.key);
    case Source::Kind::count:
      break;
    }
    return number(uint64_t(step.count));
  }
  Step::State &step;
};
} // namespace

std::vector<Array> Step::run(std::span<const Array> inputs, Where where) {
  State &step = *state;
  if (inputs.size() != step.inputs.size())
    throw Error(where, "step " + step.name + " takes " +
                           std::to_string(step.inputs.size()) +
                           " inputs, not " + std::to_string(inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i)
    checkType(step.inputs[i], inputs[i], "step " + step.name + ": input",
              where);
  Arguments arguments(step, inputs);
  runtime::ExecuteOptions options;
  options.shareUnchanged = false; // results share memory with nothing
  runtime::Executed executed =
      step.executable->execute(std::move(arguments.buffers), options);
  // From here on the call has happened.
  arguments.buffers.clear();
  for (size_t i = 0; i < step.variables.size(); ++i)
    if (step.updates[i] >= 0)
      step.values[i] = executed.results[size_t(step.updates[i])];
  // Wraps around: a file may hold any count.
  step.count = int64_t(uint64_t(step.count) + uint64_t(step.draws));
  executed.done.wait(); // throws what the kernels found
  std::vector<Array> results;
  for (size_t i = 0; i < step.results.size(); ++i)
    results.emplace_back(step.results[i].dtype, step.results[i].shape,
                         executed.results[i]);
  return results;
}

std::map<std::string, Array>
Step::run(const std::map<std::string, Array> &inputs, Where where) {
  std::vector<Array> ordered(state->inputs.size());
  std::vector<bool> isGiven(ordered.size());
  for (const auto &[name, value] : inputs) {
    size_t number = numberOf(name, state->inputs,
                             "step " + state->name + ": inputs", where);
    ordered[number] = value;
    isGiven[number] = true;
  }
  for (size_t i = 0; i < ordered.size(); ++i)
    if (!isGiven[i])
      throw IndexError(where, "step " + state->name + ": input " +
                                  state->inputs[i].name + " is missing");
  std::vector<Array> results = run(ordered, where);
  std::map<std::string, Array> named;
  for (size_t i = 0; i < results.size(); ++i)
    named.emplace(state->results[i].name, std::move(results[i]));
  return named;
}

} // namespace needle
