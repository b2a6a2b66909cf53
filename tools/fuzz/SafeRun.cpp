// SafeRun.cpp - a Program's commands with kernels that only look.
#include "SafeRun.h"
#include "Fuzz.h"

#include "needle/runtime/Run.h"

#include <algorithm>

namespace needle::fuzz {

using namespace runtime;

void CheckedProgram::check(const void *memory, int64_t bytes) const {
  auto *start = static_cast<const volatile char *>(memory);
  if (bytes > 0)
    (void)(start[0] + start[bytes - 1]);
  // Executable's own memory is not known here.
  bool isInside = blocks.empty();
  auto address = reinterpret_cast<uintptr_t>(memory);
  for (const Block &block : blocks) {
    auto first = reinterpret_cast<uintptr_t>(block.memory.get());
    isInside |= first <= address && address - first <= size_t(block.bytes) &&
                bytes <= block.bytes - int64_t(address - first);
  }
  require(isInside, "a buffer lies outside of its memory");
}

void CheckedProgram::touch(void *const *buffers, const int64_t *scalars,
                           int64_t, void *scratch) {
  auto &promise = *reinterpret_cast<const Promise *>(scalars[0]);
  for (size_t i = 0; i < promise.bufferBytes.size(); ++i)
    promise.program->check(buffers[i], promise.bufferBytes[i]);
  promise.program->check(scratch, promise.scratchBytes);
}

CheckedProgram::CheckedProgram(const Program &source)
    : copy(std::make_shared<Program>(source)) {
  for (ProgramKernel &kernel : copy->kernels)
    kernel.blob = Blob::wrap(touch);
  replaceKernels(copy->commands);
}

void CheckedProgram::replaceKernels(std::vector<Command> &commands) {
  for (Command &command : commands) {
    if (auto *loop = std::get_if<Loop>(&command.what))
      replaceKernels(loop->body);
    auto *launch = std::get_if<Launch>(&command.what);
    if (!launch)
      continue;
    for (Phase &phase : launch->phases)
      for (Call &call : phase.calls) {
        Promise &promise = promises.emplace_back();
        for (int32_t buffer : call.buffers)
          promise.bufferBytes.push_back(copy->values[size_t(buffer)].bytes);
        promise.scratchBytes = phase.scratchBytes;
        promise.program = this;
        call.scalars = {reinterpret_cast<int64_t>(&promise)};
      }
  }
}

namespace {
/// What a run takes, as numbers that can't overflow.
struct Costs {
  double steps = 0;
  double scratchBytes = 0;

  void add(const std::vector<Command> &commands, double times, double values) {
    for (const Command &command : commands) {
      steps += times;
      if (auto *loop = std::get_if<Loop>(&command.what)) {
        steps += times * double(loop->count) * values;
        add(loop->body, times * double(loop->count), values);
      }
      if (auto *copied = std::get_if<Copy>(&command.what))
        steps += times * double(copied->bytes) / 64;
      auto *launch = std::get_if<Launch>(&command.what);
      for (size_t i = 0; launch && i < launch->phases.size(); ++i) {
        const Phase &phase = launch->phases[i];
        scratchBytes = std::max(scratchBytes, double(phase.scratchBytes));
        steps += times * double(phase.tiles);
        for (const Call &call : phase.calls)
          steps +=
              times * double(phase.tiles) * double(call.buffers.size() + 1);
      }
    }
  }
};
} // namespace

bool CheckedProgram::isSmall() const {
  Costs costs;
  costs.add(copy->commands, 1, double(copy->values.size()));
  double bytes = costs.scratchBytes + double(copy->arenaBytes) +
                 double(copy->workspaceBytes);
  for (const ProgramArgument &argument : copy->arguments)
    bytes += double(byteSize(argument.type));
  for (const ProgramResult &result : copy->results)
    bytes += double(byteSize(result.type));
  return costs.steps < 1e5 && bytes < 1e6;
}

char *CheckedProgram::makeBlock(int64_t bytes) {
  // Never null; of no bytes, touching it is an error, too.
  blocks.push_back({std::make_unique<char[]>(size_t(bytes)), bytes});
  return blocks.back().memory.get();
}

void CheckedProgram::run() {
  ThreadPool alone(1);
  ExecuteOptions options;
  options.threads = &alone;
  Plan plan(*copy);
  Run state(*copy, plan);
  char **bases = state.bases();
  uint32_t slot = Plan::firstArgument;
  for (const ProgramArgument &argument : copy->arguments)
    bases[slot++] = makeBlock(int64_t(byteSize(argument.type)));
  for (const ProgramResult &result : copy->results)
    bases[slot++] = makeBlock(int64_t(byteSize(result.type)));
  Costs costs;
  costs.add(copy->commands, 1, 0);
  bases[Plan::arena] = makeBlock(copy->arenaBytes);
  bases[Plan::workspace] = makeBlock(copy->workspaceBytes);
  bases[Plan::constants] = makeBlock(int64_t(copy->constants.size()));
  std::ranges::copy(copy->constants, bases[Plan::constants]);
  char *scratch = makeBlock(int64_t(costs.scratchBytes));
  // A kernel's bad index, it may seem.
  survives([&] { state(scratch, options); });
  blocks.clear();
}

} // namespace needle::fuzz
