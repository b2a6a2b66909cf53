// Run.cpp - resolve a Program's values and run its commands in order.
#include "needle/runtime/Run.h"
#include "needle/runtime/Error.h"

#include <chrono>
#include <cstring>

namespace needle::runtime {

using Kind = ProgramValue::Kind;

/// The loop that moves each value, if there is one; all loops have a list.
static void findMovers(const std::vector<Command> &commands,
                       std::vector<const Loop *> &movers,
                       LoopDependents &dependents) {
  for (const Command &command : commands) {
    auto *loop = std::get_if<Loop>(&command.what);
    if (!loop)
      continue;
    dependents[loop];
    for (const Loop::Moving &moving : loop->moving)
      movers[size_t(moving.value)] = loop;
    findMovers(loop->body, movers, dependents);
  }
}

LoopDependents findDependents(const Program &program) {
  LoopDependents dependents;
  size_t count = program.values.size();
  std::vector<const Loop *> movers(count);
  findMovers(program.commands, movers, dependents);
  // For each value the moving one next to it on the way to its root, or itself.
  constexpr int32_t none = -1;
  std::vector<int32_t> nearest(count, none);
  for (size_t i = 0; i < count; ++i) {
    auto next = [&](size_t number) {
      const ProgramValue &value = program.values[number];
      return value.kind == Kind::derived ? nearest[size_t(value.index)] : none;
    };
    for (int32_t moving = next(i); moving != none;
         moving = next(size_t(moving)))
      dependents[movers[size_t(moving)]].push_back(int32_t(i));
    nearest[i] = movers[i] ? int32_t(i) : next(i);
  }
  return dependents;
}

void Run::operator()(const ExecuteOptions &options) {
  threads = options.threads ? options.threads : &ThreadPool::process();
  profile = options.profile;
  for (size_t i = 0; i < pointers.size(); ++i)
    resolve(int32_t(i));
  resetStatus();
  run(program.commands);
  checkStatus();
}

void Run::resolve(int32_t number) {
  const ProgramValue &value = program.values[size_t(number)];
  char *base = nullptr;
  switch (value.kind) {
  case Kind::argument:
    base = memory.arguments[size_t(value.index)];
    break;
  case Kind::result:
    base = memory.results[size_t(value.index)];
    break;
  case Kind::arena:
    base = memory.arena;
    break;
  case Kind::workspace:
    base = memory.workspace;
    break;
  case Kind::constant:
    base = memory.constants;
    break;
  case Kind::derived:
    base = static_cast<char *>(pointers[size_t(value.index)]);
    break;
  }
  pointers[size_t(number)] = base + value.offset;
}

void Run::run(const std::vector<Command> &commands) {
  for (const Command &command : commands)
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

void Run::run(const Launch &launch) {
  Timer timer(profile, launch.name);
  for (const Phase &phase : launch.phases)
    run(phase);
}

void Run::run(const Phase &phase) {
  gathered.clear();
  calls.clear();
  for (const Call &call : phase.calls) {
    calls.push_back({program.kernels[size_t(call.kernel)].blob->entry(),
                     gathered.size(), call.scalars.data()});
    for (int32_t buffer : call.buffers)
      gathered.push_back(pointers[size_t(buffer)]);
  }
  threads->run({phase.tiles, phase.scratchBytes, phase.work, memory.scratch},
               [this](int64_t tile, void *scratch) {
                 for (const Prepared &call : calls)
                   call.function(gathered.data() + call.buffers, call.scalars,
                                 tile, scratch);
               });
}

void Run::run(const Copy &copy) {
  Timer timer(profile, "copy");
  void *to = pointers[size_t(copy.to)], *from = pointers[size_t(copy.from)];
  if (copy.bytes && to != from)
    std::memmove(to, from, size_t(copy.bytes));
}

void Run::run(const HostCall &call) {
  Timer timer(profile, call.name);
  gathered.clear();
  for (int32_t value : call.values)
    gathered.push_back(pointers[size_t(value)]);
  (*call.function)(gathered.data());
}

void Run::run(const Loop &loop) {
  const std::vector<int32_t> &derived = dependents.at(&loop);
  for (int64_t i = 0; i < loop.count; ++i) {
    int64_t step = loop.reverse ? loop.count - 1 - i : i;
    auto follow = [&](int32_t number, int64_t moved) {
      const ProgramValue &value = program.values[size_t(number)];
      auto *base = static_cast<char *>(pointers[size_t(value.index)]);
      pointers[size_t(number)] = base + value.offset + moved;
    };
    for (const Loop::Moving &moving : loop.moving)
      follow(moving.value, step * moving.stride);
    for (int32_t number : derived)
      follow(number, 0);
    if (loop.induction >= 0)
      std::memcpy(pointers[size_t(loop.induction)], &step, sizeof step);
    run(loop.body);
  }
}

void Run::resetStatus() {
  if (program.statusValue >= 0)
    std::memset(pointers[size_t(program.statusValue)], 0, sizeof(int64_t));
}

void Run::checkStatus() const {
  if (program.statusValue < 0)
    return;
  int64_t status = 0;
  std::memcpy(&status, pointers[size_t(program.statusValue)], sizeof status);
  if (status == 0)
    return;
  if (status < 0 || status > int64_t(program.statuses.size()))
    throw Error("program " + program.name + ": unknown status " +
                std::to_string(status));
  const StatusEntry &entry = program.statuses[size_t(status - 1)];
  throwIndexError(entry.file, entry.line, entry.text, "");
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
