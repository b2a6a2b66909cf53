// Save.cpp - the names, types and values that a step takes along.
#include "needle/frontend/Save.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/ops/Random.h"
#include "needle/runtime/StepState.h"

#include <set>

namespace needle::detail {

namespace {
using State = Step::State;

class Saver {
public:
  Saver(const Traced &traced, const runtime::Program &program)
      : traced(traced), program(std::make_shared<runtime::Program>(program)) {}
  Step save(const SaveOptions &options);

private:
  void addVariables();
  void addArguments();
  void addResults();

  const Traced &traced;
  std::shared_ptr<runtime::Program> program;
  std::unique_ptr<State> step = std::make_unique<State>();
};
} // namespace

void Saver::addVariables() {
  for (const Traced::Touched &variable : traced.variables) {
    const Tensor &value = variable.cell->value;
    realize({value});
    step->variables.push_back(
        {shownName(*variable.cell), value.dtype(), value.shape()});
    step->values.push_back(bufferOf(value.get()));
    step->updates.push_back(variable.update);
  }
}

void Saver::addArguments() {
  using Kind = Traced::Source::Kind;
  for (size_t i = 0; i < traced.sources.size(); ++i) {
    const Traced::Source &source = traced.sources[i];
    const GraphArgument &argument = traced.graph.arguments[i];
    State::Source to{State::Source::Kind::input, source.number};
    switch (source.kind) {
    case Kind::argument:
      if (step->inputs.size() <= source.number)
        step->inputs.resize(source.number + 1);
      step->inputs[source.number] = {"input" + std::to_string(source.number),
                                     argument.type.dtype, argument.type.shape};
      break;
    case Kind::variable: // named as in errors and dumps, where names are unique
      to.kind = State::Source::Kind::variable;
      step->variables[source.number].name = argument.name;
      break;
    case Kind::constant:
      to = {State::Source::Kind::constant, uint32_t(step->constants.size())};
      step->constants.push_back(source.constant);
      break;
    case Kind::key:
      to.kind = State::Source::Kind::key;
      break;
    case Kind::count:
      to.kind = State::Source::Kind::count;
      break;
    }
    step->sources.push_back(to);
  }
}

void Saver::addResults() {
  auto add = [&](const std::string &name, const ResultType &type) {
    step->results.push_back({name, type.dtype, type.shape});
  };
  for (size_t i = 0; i < traced.results.size(); ++i)
    add("result" + std::to_string(i), traced.results[i]);
  for (size_t i = 0; i < traced.taps.size(); ++i)
    add(traced.taps[i], traced.tapped[i]);
}

static void rename(std::vector<Step::Value> &values,
                   const std::vector<std::string> &names, size_t count,
                   const std::string &what) {
  if (names.empty())
    return;
  if (names.size() != count)
    throw Error("names of " + std::to_string(names.size()) + " " + what +
                " are given, there are " + std::to_string(count));
  for (size_t i = 0; i < count; ++i)
    values[i].name = names[i];
}

// Names find their values; an error when the user gave the same twice.
static void makeUnique(std::vector<Step::Value> &values, bool isGiven) {
  std::set<std::string> known;
  for (size_t i = 0; i < values.size(); ++i)
    while (!known.insert(values[i].name).second) {
      if (isGiven)
        throw Error("the name '" + values[i].name + "' is given twice");
      values[i].name += "#" + std::to_string(i);
    }
}

Step Saver::save(const SaveOptions &options) {
  step->name = program->name = traced.name;
  addVariables();
  addArguments();
  addResults();
  rename(step->inputs, options.inputs, step->inputs.size(), "inputs");
  rename(step->results, options.results, traced.results.size(), "results");
  makeUnique(step->inputs, true);
  makeUnique(step->results, !options.results.empty());
  makeUnique(step->variables, false);
  for (size_t i = 0; i < step->sources.size(); ++i) {
    const State::Source &source = step->sources[i];
    program->arguments[i].name = source.kind == State::Source::Kind::input
                                     ? step->inputs[source.number].name
                                     : traced.graph.arguments[i].name;
  }
  RandomState random = randomState();
  step->key = random.key;
  step->count = random.count;
  step->draws = traced.draws;
  step->program = program;
  return Step(std::move(step));
}

Step savedStep(const Traced &traced, const runtime::Program &program,
               const SaveOptions &options) {
  return Saver(traced, program).save(options);
}

} // namespace needle::detail
