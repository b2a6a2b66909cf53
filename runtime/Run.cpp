// Run.cpp - resolve a Program's values and run its commands in order.
#include "needle/runtime/Run.h"
#include "needle/runtime/Error.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace needle::runtime {

void Run::operator()(char *memory, const ExecuteOptions &options) {
  threads = options.threads ? options.threads : &ThreadPool::process();
  profile = options.profile;
  scratch = memory;
  for (const Plan::Place &value : plan.places)
    place(value);
  resetStatus();
  run(plan.commands);
  checkStatus();
}

void Run::gather(std::span<const uint32_t> slots) {
  if (gathered.size() < slots.size())
    gathered.resize(slots.size());
  for (size_t i = 0; i < slots.size(); ++i)
    gathered[i] = table[slots[i]];
}

void Run::run(const std::vector<Plan::Command> &commands) {
  for (const Plan::Command &command : commands)
    std::visit([this](const auto &what) { run(what); }, command.what);
}

namespace {
/// Adds the time of its life to a profile, if there is one.
class Timer {
public:
  using Clock = std::chrono::steady_clock;
  Timer(Profile *profile, std::string_view name)
      : profile(profile), name(name),
        start(profile ? Clock::now() : Clock::time_point()) {}
  ~Timer() {
    if (profile)
      profile->add(name,
                   std::chrono::nanoseconds(Clock::now() - start).count());
  }
  Timer(const Timer &) = delete;

private:
  Profile *profile;
  std::string_view name;
  Clock::time_point start;
};
} // namespace

void Run::run(const Plan::Launch &launch) {
  Timer timer(profile, launch.name);
  for (uint32_t i = launch.firstPhase; i < launch.endPhase; ++i)
    run(plan.phases[i]);
}

void Run::run(const Plan::Phase &phase) {
  gather({plan.buffers.data() + phase.firstBuffer,
          plan.buffers.data() + phase.endBuffer});
  std::span<const Plan::Call> calls{plan.calls.data() + phase.firstCall,
                                    plan.calls.data() + phase.endCall};
  auto tile = [&](int64_t number, void *scratch) {
    for (const Plan::Call &call : calls)
      call.function(gathered.data() + call.buffers, call.scalars, number,
                    scratch);
  };
  if (phase.isSerial)
    for (int64_t i = 0; i < phase.tiles; ++i)
      tile(i, scratch);
  else
    threads->run({phase.tiles, phase.scratchBytes, phase.work, scratch}, tile);
}

void Run::run(const Plan::Copy &copy) {
  Timer timer(profile, "copy");
  void *to = table[copy.to], *from = table[copy.from];
  if (copy.bytes && to != from)
    std::memmove(to, from, copy.bytes);
}

void Run::run(const Plan::HostCall &call) {
  Timer timer(profile, call.name);
  gather(call.values);
  (*call.function)(gathered.data());
}

void Run::run(const Plan::Loop &loop) {
  for (int64_t i = 0; i < loop.count; ++i) {
    int64_t step = loop.reverse ? loop.count - 1 - i : i;
    for (const Plan::Loop::Moving &moving : loop.moving)
      place(moving.place, step * moving.stride);
    for (const Plan::Place &value : loop.following)
      place(value);
    if (loop.induction >= 0)
      std::memcpy(table[size_t(loop.induction)], &step, sizeof step);
    run(loop.body);
  }
}

void Run::resetStatus() {
  if (plan.status >= 0)
    std::memset(table[size_t(plan.status)], 0, sizeof(int64_t));
}

void Run::checkStatus() const {
  if (plan.status < 0)
    return;
  int64_t status = 0;
  std::memcpy(&status, table[size_t(plan.status)], sizeof status);
  if (status == 0)
    return;
  if (status < 0 || status > int64_t(program.statuses.size()))
    throw Error("program " + program.name + ": unknown status " +
                std::to_string(status));
  const StatusEntry &entry = program.statuses[size_t(status - 1)];
  throwIndexError(entry.file, entry.line, entry.text, "");
}

// ---- indices among the arguments -------------------------------------------
template <class T>
static bool allWithin(const T *indices, size_t count, int64_t limit) {
  // A minimum and a maximum are vectorised, an early exit is not.
  T low = 0, high = -1;
  for (size_t i = 0; i < count; ++i) {
    low = std::min(low, indices[i]);
    high = std::max(high, indices[i]);
  }
  return int64_t(low) >= -limit && int64_t(high) < limit;
}

template <class T>
static void checkIndices(const ProgramArgument &argument, size_t number,
                         const T *indices) {
  size_t count = size_t(argument.type.shape.elements());
  int64_t limit = argument.indexLimit;
  if (allWithin(indices, count, limit))
    return;
  const T *bad = std::find_if(indices, indices + count, [&](int64_t i) {
    return i < -limit || i >= limit;
  });
  std::string name =
      argument.name.empty() ? std::to_string(number) : argument.name;
  throwIndexError(argument.indexFile, argument.indexLine, argument.indexText,
                  ": index " + std::to_string(*bad) +
                      " is out of range for size " + std::to_string(limit) +
                      " (element " + std::to_string(bad - indices) +
                      " of argument " + name + ")");
}

void checkIndices(const Program &program, size_t number,
                  const Buffer &indices) {
  const ProgramArgument &argument = program.arguments[number];
  if (argument.type.dtype == DType::int32)
    checkIndices(argument, number, indices.as<int32_t>());
  else if (argument.type.dtype == DType::int64)
    checkIndices(argument, number, indices.as<int64_t>());
}

void throwIndexError(const std::string &file, int line, std::string text,
                     const std::string &what) {
  Where where{file.empty() ? "" : internFile(file), line};
  // Error writes the place itself.
  std::string place =
      std::string(baseName(file)) + ":" + std::to_string(line) + ": ";
  if (line > 0 && text.starts_with(place))
    text.erase(0, place.size());
  throw IndexError(where, text + what);
}

} // namespace needle::runtime
