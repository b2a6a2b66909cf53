// ProgramWrite.cpp - a Program to bytes; ProgramRead.cpp is its mirror.
#include "needle/runtime/ProgramFile.h"

#include "needle/runtime/Error.h"

#include <algorithm>

namespace needle::runtime {

void writeType(ByteWriter &to, const ValueType &type) {
  to.put(uint8_t(type.dtype));
  to.put(uint8_t(type.shape.rank()));
  for (int64_t size : type.shape)
    to.put(size);
  to.text(type.target);
}

static const HostCall *firstHostCall(const std::vector<Command> &commands) {
  for (const Command &command : commands) {
    if (auto *call = std::get_if<HostCall>(&command.what))
      return call;
    if (auto *loop = std::get_if<Loop>(&command.what))
      if (const HostCall *call = firstHostCall(loop->body))
        return call;
  }
  return nullptr;
}

std::string whyNotStorable(const Program &program) {
  if (const HostCall *call = firstHostCall(program.commands))
    return call->name + " runs in the interpreter, on the reference target";
  for (const ProgramKernel &kernel : program.kernels)
    if (!kernel.blob || kernel.blob->code().empty())
      return "kernel " + kernel.name + " is a function of this process";
  return {};
}

static void write(ByteWriter &to, const Launch &launch) {
  to.text(launch.name);
  to.put(launch.workspaceBytes);
  to.put(uint64_t(launch.phases.size()));
  for (const Phase &phase : launch.phases) {
    to.put(phase.tiles);
    to.put(phase.scratchBytes);
    to.put(phase.work);
    to.put(uint64_t(phase.calls.size()));
    for (const Call &call : phase.calls) {
      to.put(call.kernel);
      to.list(call.buffers);
      to.list(call.scalars);
    }
  }
}

static void write(ByteWriter &to, const Copy &copy) {
  to.put(copy.from);
  to.put(copy.to);
  to.put(copy.bytes);
}

static void write(ByteWriter &, const HostCall &) {} // not storable

static void write(ByteWriter &to, const std::vector<Command> &commands);

static void write(ByteWriter &to, const Loop &loop) {
  to.text(loop.name);
  to.put(loop.count);
  to.put(loop.reverse);
  to.put(loop.induction);
  to.put(uint64_t(loop.moving.size()));
  for (const Loop::Moving &moving : loop.moving) {
    to.put(moving.value);
    to.put(moving.stride);
  }
  write(to, loop.body);
}

static void write(ByteWriter &to, const std::vector<Command> &commands) {
  to.put(uint64_t(commands.size()));
  for (const Command &command : commands) {
    to.put(uint8_t(command.what.index()));
    std::visit([&](const auto &what) { write(to, what); }, command.what);
  }
}

static void writeInterface(ByteWriter &to, const Program &program) {
  to.put(uint64_t(program.arguments.size()));
  for (const ProgramArgument &argument : program.arguments) {
    writeType(to, argument.type);
    to.text(argument.name);
    to.put(uint8_t(argument.role));
    to.put(argument.indexLimit);
    to.text(argument.indexText);
    to.text(argument.indexFile);
    to.put(int32_t(argument.indexLine));
  }
  to.put(uint64_t(program.results.size()));
  for (const ProgramResult &result : program.results) {
    writeType(to, result.type);
    to.text(result.name);
    to.put(result.updates);
    to.put(result.inPlaceOf);
    to.put(result.sameAs);
  }
}

void writeProgram(ByteWriter &to, const Program &program) {
  if (std::string why = whyNotStorable(program); !why.empty())
    throw Error("program " + program.name + " can't be stored: " + why);
  to.text(program.name);
  to.text(program.instructionSet);
  writeInterface(to, program);
  to.put(uint64_t(program.kernels.size()));
  for (const ProgramKernel &kernel : program.kernels) {
    std::span<const uint8_t> code = kernel.blob->code();
    to.text(kernel.key);
    to.text(kernel.name);
    to.put(kernel.blob->entryOffset());
    to.text({reinterpret_cast<const char *>(code.data()), code.size()});
  }
  to.put(uint64_t(program.values.size()));
  for (const ProgramValue &value : program.values) {
    to.put(uint8_t(value.kind));
    to.put(value.index);
    to.put(value.offset);
    to.put(value.bytes);
  }
  write(to, program.commands);
  to.list(program.constants);
  to.put(uint64_t(program.statuses.size()));
  for (const StatusEntry &status : program.statuses) {
    to.text(status.text);
    to.text(status.file);
    to.put(int32_t(status.line));
  }
  to.put(program.statusValue);
  to.put(program.arenaBytes);
  to.put(program.workspaceBytes);
}

} // namespace needle::runtime
