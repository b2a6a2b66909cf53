// ProgramRead.cpp - a Program from bytes, whatever they are; mirrors
// ProgramWrite.cpp. Numbers are checked here as far as the types need it, what
// they mean by Validate.
#include "needle/runtime/ProgramFile.h"

#include "needle/runtime/Cpu.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/LoadedKernels.h"
#include "needle/runtime/Validate.h"

namespace needle::runtime {

namespace {

constexpr int deepestLoop = 256; // as deep as JSON may nest

/// Lists count their elements; an element fills at least so many bytes.
constexpr size_t leastPhase = 32, leastCall = 20, leastCommand = 17,
                 leastMoving = 12, leastArgument = 47, leastResult = 30,
                 leastKernel = 32, leastValue = 21, leastStatus = 20;

class Reader {
public:
  Reader(ByteReader &from, KernelsOf kernels) : from(from), share(kernels) {}
  std::shared_ptr<Program> read();

private:
  std::string text() { return std::string(from.text()); }
  void interface();
  void kernels();
  void values();
  void commands(std::vector<Command> &list, int depth);
  Launch launch();
  Copy copy();
  Loop loop(int depth);

  ByteReader &from;
  KernelsOf share;
  std::shared_ptr<Program> program = std::make_shared<Program>();
};

} // namespace

ValueType readType(ByteReader &from) {
  ValueType type;
  type.dtype = DType(from.take<uint8_t>());
  if (size_t(type.dtype) >= std::size(dtypes))
    from.fail("a dtype has the number " + std::to_string(int(type.dtype)));
  std::vector<int64_t> sizes(from.take<uint8_t>());
  for (int64_t &size : sizes)
    size = from.take<int64_t>();
  try {
    type.shape = Shape(std::span<const int64_t>(sizes), Where());
  } catch (const ShapeError &error) {
    from.fail(error.what());
  }
  type.target = from.text();
  return type;
}

void Reader::interface() {
  program->arguments.resize(from.count(leastArgument));
  for (ProgramArgument &argument : program->arguments) {
    argument.type = readType(from);
    argument.name = text();
    auto role = from.take<uint8_t>();
    if (role > uint8_t(Role::count))
      from.fail("argument " + argument.name + " has an unknown role");
    argument.role = Role(role);
    argument.indexLimit = from.take<int64_t>();
    argument.indexText = text();
    argument.indexFile = text();
    argument.indexLine = from.take<int32_t>();
  }
  program->results.resize(from.count(leastResult));
  for (ProgramResult &result : program->results) {
    result.type = readType(from);
    result.name = text();
    result.updates = from.take<int32_t>();
    result.inPlaceOf = from.take<int32_t>();
    result.sameAs = from.take<int32_t>();
  }
}

void Reader::kernels() {
  LoadedKernels &loaded = LoadedKernels::process();
  program->kernels.resize(from.count(leastKernel));
  for (ProgramKernel &kernel : program->kernels) {
    kernel.key = text();
    kernel.name = text();
    BlobCode code;
    code.entry = from.take<uint64_t>();
    std::string_view bytes = from.text();
    if (code.entry >= bytes.size())
      from.fail("kernel " + kernel.name + " starts outside of its code");
    std::string key =
        LoadedKernels::keyFor(program->instructionSet, kernel.key);
    if (share == KernelsOf::thisBuild && (kernel.blob = loaded.find(key)))
      continue;
    code.bytes.assign(bytes.begin(), bytes.end());
    kernel.blob = Blob::load(code);
    if (share == KernelsOf::thisBuild)
      kernel.blob = loaded.insert(key, kernel.blob);
  }
}

void Reader::values() {
  program->values.resize(from.count(leastValue));
  for (ProgramValue &value : program->values) {
    auto kind = from.take<uint8_t>();
    if (kind > uint8_t(ProgramValue::Kind::derived))
      from.fail("a value is of the unknown kind " + std::to_string(kind));
    value.kind = ProgramValue::Kind(kind);
    value.index = from.take<int32_t>();
    value.offset = from.take<int64_t>();
    value.bytes = from.take<int64_t>();
  }
}

Launch Reader::launch() {
  Launch launch;
  launch.name = text();
  launch.workspaceBytes = from.take<int64_t>();
  launch.phases.resize(from.count(leastPhase));
  for (Phase &phase : launch.phases) {
    phase.tiles = from.take<int64_t>();
    phase.scratchBytes = from.take<int64_t>();
    phase.work = from.take<int64_t>();
    phase.calls.resize(from.count(leastCall));
    for (Call &call : phase.calls) {
      call.kernel = from.take<int32_t>();
      call.buffers = from.list<int32_t>();
      call.scalars = from.list<int64_t>();
    }
  }
  return launch;
}

Copy Reader::copy() {
  Copy copy;
  copy.from = from.take<int32_t>();
  copy.to = from.take<int32_t>();
  copy.bytes = from.take<int64_t>();
  return copy;
}

Loop Reader::loop(int depth) {
  if (depth == deepestLoop)
    from.fail("loops are nested too deep");
  Loop loop;
  loop.name = text();
  loop.count = from.take<int64_t>();
  loop.reverse = from.boolean();
  loop.induction = from.take<int32_t>();
  loop.moving.resize(from.count(leastMoving));
  for (Loop::Moving &moving : loop.moving) {
    moving.value = from.take<int32_t>();
    moving.stride = from.take<int64_t>();
  }
  commands(loop.body, depth + 1);
  return loop;
}

void Reader::commands(std::vector<Command> &list, int depth) {
  // Nested lists: each grows as it is read, not to the length that it claims.
  for (size_t left = from.count(leastCommand); left > 0; --left) {
    Command &command = list.emplace_back();
    switch (from.take<uint8_t>()) { // the position in Command::what
    case 0:
      command.what = launch();
      break;
    case 1:
      command.what = copy();
      break;
    case 3:
      command.what = loop(depth);
      break;
    default:
      from.fail("an unknown command");
    }
  }
}

std::shared_ptr<Program> Reader::read() {
  program->name = text();
  program->instructionSet = text();
  if (!runsHere(program->instructionSet))
    throw TargetError(from.name() + ": needs a CPU with " +
                      program->instructionSet + "; here there is " +
                      namesOfWhatRunsHere());
  interface();
  kernels();
  values();
  commands(program->commands, 0);
  program->constants = from.list<uint8_t>();
  program->statuses.resize(from.count(leastStatus));
  for (StatusEntry &status : program->statuses) {
    status.text = text();
    status.file = text();
    status.line = from.take<int32_t>();
  }
  program->statusValue = from.take<int32_t>();
  program->arenaBytes = from.take<int64_t>();
  program->workspaceBytes = from.take<int64_t>();
  try {
    validate(*program);
  } catch (const Error &contradiction) {
    from.fail(contradiction.what());
  }
  return std::move(program);
}

std::shared_ptr<Program> readProgram(ByteReader &from, KernelsOf kernels) {
  return Reader(from, kernels).read();
}

} // namespace needle::runtime
