// StepFile.cpp - a step with its program and its variables as bytes, and back.
#include "needle/runtime/StepState.h"

#include "needle/runtime/Error.h"
#include "needle/runtime/ProgramFile.h"
#include "needle/runtime/SealedFile.h"

#include <algorithm>

namespace needle::runtime {

using Source = Step::State::Source;

static std::string_view bytesOf(const BufferPtr &buffer) {
  buffer->ready().join();
  return {buffer->as<char>(), buffer->bytes()};
}

std::string writeStep(const Step::State &step) {
  ByteWriter to;
  to.text(step.name);
  auto list = [&](const std::vector<Step::Value> &values) {
    to.put(uint64_t(values.size()));
    for (const Step::Value &value : values) {
      to.text(value.name);
      writeType(to, {value.dtype, value.shape, ""});
    }
  };
  list(step.inputs);
  list(step.results);
  list(step.variables);
  to.list(step.updates);
  for (const BufferPtr &value : step.values)
    to.text(bytesOf(value));
  to.put(uint64_t(step.constants.size()));
  for (const BufferPtr &constant : step.constants)
    to.text(bytesOf(constant));
  to.put(uint64_t(step.sources.size()));
  for (const Source &source : step.sources) {
    to.put(uint8_t(source.kind));
    to.put(source.number);
  }
  to.put(step.key);
  to.put(step.count);
  to.put(step.draws);
  writeProgram(to, *step.program);
  return seal(FileKind::step, to.bytes);
}

namespace {
class StepReader {
public:
  explicit StepReader(ByteReader &from) : from(from) {}
  std::unique_ptr<Step::State> read();

private:
  std::vector<Step::Value> list();
  BufferPtr buffer();
  void sources();
  void check(bool fine, const std::string &what) const {
    if (!fine)
      from.fail(what);
  }
  void checkArgument(const Source &source, const ProgramArgument &argument);
  void checkResults();

  ByteReader &from;
  std::unique_ptr<Step::State> step = std::make_unique<Step::State>();
  std::vector<bool> isRead; // of the variables
};
} // namespace

std::vector<Step::Value> StepReader::list() {
  std::vector<Step::Value> values(from.count(18));
  for (Step::Value &value : values) {
    value.name = from.text();
    ValueType type = readType(from);
    value.dtype = type.dtype;
    value.shape = type.shape;
  }
  return values;
}

BufferPtr StepReader::buffer() {
  std::string_view bytes = from.text();
  return Buffer::copyOf(bytes.data(), bytes.size());
}

static size_t byteSize(const Step::Value &value) {
  return byteSize({value.dtype, value.shape, ""});
}
static bool isSame(const Step::Value &value, const ValueType &type) {
  return value.dtype == type.dtype && value.shape == type.shape;
}

void StepReader::checkArgument(const Source &source,
                               const ProgramArgument &argument) {
  auto fits = [&](const std::vector<Step::Value> &values) {
    return source.number < values.size() &&
           isSame(values[source.number], argument.type);
  };
  bool fine = false;
  switch (source.kind) {
  case Source::Kind::input:
    fine = fits(step->inputs);
    break;
  case Source::Kind::variable: // one call gives it up at most once
    fine = fits(step->variables) && !isRead[source.number];
    if (fine)
      isRead[source.number] = true;
    break;
  case Source::Kind::constant:
    fine = source.number < step->constants.size() &&
           step->constants[source.number]->bytes() == byteSize(argument.type);
    break;
  case Source::Kind::key:
  case Source::Kind::count:
    fine =
        argument.type.dtype == DType::int64 && argument.type.shape.rank() == 0;
    break;
  }
  check(fine, "argument " + argument.name + " comes from nowhere");
}

void StepReader::checkResults() {
  const Program &program = *step->program;
  check(step->results.size() <= program.results.size(), "results are missing");
  for (size_t i = 0; i < step->results.size(); ++i)
    check(isSame(step->results[i], program.results[i].type),
          "result " + step->results[i].name + " is of another type");
  check(step->updates.size() == step->variables.size(), "updates are missing");
  for (size_t i = 0; i < step->variables.size(); ++i) {
    int32_t update = step->updates[i];
    check(update >= -1 && update < int64_t(program.results.size()) &&
              (update < 0 || isSame(step->variables[i],
                                    program.results[size_t(update)].type)),
          "variable " + step->variables[i].name + " has no next value");
  }
}

void StepReader::sources() {
  step->sources.resize(from.count(5));
  for (Source &source : step->sources) {
    auto kind = from.take<uint8_t>();
    check(kind <= uint8_t(Source::Kind::count), "an unknown kind of argument");
    source.kind = Source::Kind(kind);
    source.number = from.take<uint32_t>();
  }
}

std::unique_ptr<Step::State> StepReader::read() {
  step->name = from.text();
  step->inputs = list();
  step->results = list();
  step->variables = list();
  step->updates = from.list<int32_t>();
  for (const Step::Value &variable : step->variables) {
    step->values.push_back(buffer());
    check(step->values.back()->bytes() == byteSize(variable),
          "variable " + variable.name + " has a value of another size");
  }
  for (size_t left = from.count(8); left > 0; --left)
    step->constants.push_back(buffer());
  sources();
  step->key = from.take<uint64_t>();
  step->count = from.take<int64_t>();
  step->draws = from.take<int64_t>();
  step->program = readProgram(from, KernelsOf::anyBuild);
  from.end();
  const std::vector<ProgramArgument> &arguments = step->program->arguments;
  check(step->sources.size() == arguments.size(), "arguments are missing");
  isRead.resize(step->variables.size());
  for (size_t i = 0; i < arguments.size(); ++i)
    checkArgument(step->sources[i], arguments[i]);
  checkResults();
  step->executable = std::make_unique<Executable>(step->program);
  return std::move(step);
}

std::unique_ptr<Step::State> readStepBody(std::string_view body,
                                          const std::string &name) {
  ByteReader reader(body, name);
  return StepReader(reader).read();
}

std::unique_ptr<Step::State> readStep(std::string_view file,
                                      const std::string &name) {
  return readStepBody(unseal(FileKind::step, file, name), name);
}

} // namespace needle::runtime
