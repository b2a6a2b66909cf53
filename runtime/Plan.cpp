// Plan.cpp - a Program laid out so that running it looks nothing up.
#include "needle/runtime/Plan.h"

#include "needle/runtime/Execution.h"
#include "needle/runtime/ThreadPool.h"

#include <algorithm>

namespace needle::runtime {

using Kind = ProgramValue::Kind;

// ---- what loops move -------------------------------------------------------
/// For each loop the values that follow from its moving ones.
using LoopDependents =
    std::unordered_map<const runtime::Loop *, std::vector<int32_t>>;

/// The loop that moves each value, if there is one; all loops have a list.
static void findMovers(const std::vector<runtime::Command> &commands,
                       std::vector<const runtime::Loop *> &movers,
                       LoopDependents &dependents) {
  for (const runtime::Command &command : commands) {
    auto *loop = std::get_if<runtime::Loop>(&command.what);
    if (!loop)
      continue;
    dependents[loop];
    for (const runtime::Loop::Moving &moving : loop->moving)
      movers[size_t(moving.value)] = loop;
    findMovers(loop->body, movers, dependents);
  }
}

static LoopDependents findDependents(const Program &program) {
  LoopDependents dependents;
  size_t count = program.values.size();
  std::vector<const runtime::Loop *> movers(count);
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

// ---- the plan --------------------------------------------------------------
Plan::Plan(const Program &program)
    : program(program), dependents(findDependents(program)) {
  for (const ProgramArgument &argument : program.arguments) {
    if (argument.indexLimit >= 0)
      indexArguments.push_back(uint32_t(arguments.size()));
    arguments.push_back(byteSize(argument.type));
  }
  for (const ProgramResult &result : program.results) {
    size_t bytes = byteSize(result.type);
    results.push_back(
        {bytes, Buffer::classFor(bytes), result.sameAs, result.inPlaceOf});
  }
  addValues();
  commands = planned(program.commands);
  if (program.statusValue >= 0)
    status = int32_t(slotOf[size_t(program.statusValue)]);
  mayFail |= status >= 0;
  dependents.clear();
}

Plan::Place Plan::placeOf(int32_t number) const {
  const ProgramValue &value = program.values[size_t(number)];
  auto index = uint32_t(value.index);
  uint32_t base = arena;
  switch (value.kind) {
  case Kind::argument:
    base = firstArgument + index;
    break;
  case Kind::result:
    base = firstResult + index;
    break;
  case Kind::arena:
    break;
  case Kind::workspace:
    base = workspace;
    break;
  case Kind::constant:
    base = constants;
    break;
  case Kind::derived:
    base = slotOf[index];
    break;
  }
  return {slotOf[size_t(number)], base, value.offset};
}

void Plan::addValues() {
  firstResult = firstArgument + uint32_t(program.arguments.size());
  slots = firstResult + uint32_t(program.results.size());
  for (size_t i = 0; i < program.values.size(); ++i) {
    slotOf.push_back(slots);
    Place place = placeOf(int32_t(i));
    // A loop may move what is derived.
    if (program.values[i].kind != Kind::derived && place.offset == 0) {
      slotOf.back() = place.base;
      continue;
    }
    places.push_back(place);
    ++slots;
  }
}

std::vector<Plan::Command>
Plan::planned(const std::vector<runtime::Command> &commands) {
  std::vector<Command> all;
  all.reserve(commands.size());
  for (const runtime::Command &command : commands)
    std::visit([&](const auto &what) { all.push_back({planned(what)}); },
               command.what);
  return all;
}

Plan::Launch Plan::planned(const runtime::Launch &launch) {
  auto first = uint32_t(phases.size());
  for (const runtime::Phase &from : launch.phases) {
    Phase phase{uint32_t(calls.size()),
                0,
                uint32_t(buffers.size()),
                0,
                from.tiles,
                from.scratchBytes,
                from.work,
                ThreadPool::isSerial(from)};
    for (const runtime::Call &call : from.calls) {
      calls.push_back({program.kernels[size_t(call.kernel)].blob->entry(),
                       call.scalars.data(),
                       uint32_t(buffers.size()) - phase.firstBuffer});
      for (int32_t value : call.buffers)
        buffers.push_back(slotOf[size_t(value)]);
    }
    phase.endCall = uint32_t(calls.size());
    phase.endBuffer = uint32_t(buffers.size());
    phases.push_back(phase);
    scratchBytes = std::max(scratchBytes, phase.scratchBytes);
  }
  return {first, uint32_t(phases.size()), launch.name};
}

Plan::Copy Plan::planned(const runtime::Copy &copy) {
  return {slotOf[size_t(copy.from)], slotOf[size_t(copy.to)],
          size_t(copy.bytes)};
}

Plan::HostCall Plan::planned(const runtime::HostCall &call) {
  mayFail = true;
  HostCall host{call.function.get(), {}, call.name};
  for (int32_t value : call.values)
    host.values.push_back(slotOf[size_t(value)]);
  return host;
}

Plan::Loop Plan::planned(const runtime::Loop &from) {
  Loop loop{from.count, from.reverse, {}, {}, -1, {}};
  for (const runtime::Loop::Moving &moving : from.moving)
    loop.moving.push_back({placeOf(moving.value), moving.stride});
  for (int32_t value : dependents.at(&from))
    loop.following.push_back(placeOf(value));
  if (from.induction >= 0)
    loop.induction = int32_t(slotOf[size_t(from.induction)]);
  loop.body = planned(from.body);
  return loop;
}

} // namespace needle::runtime
