// Validate.cpp - a Program is checked once, so that running it checks nothing.
#include "needle/runtime/Validate.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Execution.h"

#include <algorithm>

namespace needle::runtime {
namespace {

using Kind = ProgramValue::Kind;

class Validator {
public:
  explicit Validator(const Program &program) : program(program) {}

  void run() {
    size(program.arenaBytes, "arena");
    size(program.workspaceBytes, "workspace");
    for (const ProgramArgument &argument : program.arguments)
      check(argument.indexLimit == -1 ||
                (argument.indexLimit >= 0 && isInteger(argument.type.dtype)),
            "argument " + argument.name + " holds no indices");
    for (size_t i = 0; i < program.values.size(); ++i) {
      value(int64_t(i));
      const ProgramValue &value = program.values[i];
      roots.push_back(value.kind == Kind::derived ? roots[size_t(value.index)]
                                                  : int32_t(i));
    }
    for (const ProgramKernel &kernel : program.kernels)
      check(kernel.blob && kernel.blob->entry(),
            "kernel " + kernel.name + " has no code");
    for (const ProgramResult &result : program.results) {
      sameSize(result, result.updates);
      sameSize(result, result.inPlaceOf);
      sameSize(result, result.sameAs);
    }
    if (program.statusValue != -1)
      takes(program.statusValue, sizeof(int64_t));
    movedBy.assign(program.values.size(), none);
    commands(program.commands);
    movements();
  }

private:
  void check(bool fine, const std::string &what) const {
    if (!fine)
      throw Error("program " + program.name + ": " + what);
  }
  void within(int64_t number, int64_t low, size_t count,
              const std::string &what) const {
    check(number >= low && number < int64_t(count),
          "there is no " + what + " " + std::to_string(number));
  }
  /// So small that sums of a few can't overflow.
  void size(int64_t bytes, const std::string &what) const {
    check(bytes >= 0 && bytes < int64_t(1) << 47,
          what + " of " + std::to_string(bytes) + " bytes");
  }
  void sameSize(const ProgramResult &result, int32_t argument) const {
    within(argument, -1, program.arguments.size(), "argument");
    check(argument < 0 || byteSize(program.arguments[size_t(argument)].type) ==
                              byteSize(result.type),
          "result " + result.name + " differs in size from argument " +
              std::to_string(argument));
  }
  void holds(int32_t number, int64_t bytes) const {
    within(number, 0, program.values.size(), "value");
    check(bytes >= 0 && bytes <= program.values[size_t(number)].bytes,
          "value " + std::to_string(number) + " holds less than " +
              std::to_string(bytes) + " bytes");
  }

  /// The same of a value that a command writes: no argument, no constant.
  void takes(int32_t number, int64_t bytes) const {
    holds(number, bytes);
    const ProgramValue &root = program.values[size_t(roots[size_t(number)])];
    check(root.kind != Kind::argument && root.kind != Kind::constant &&
              (root.kind != Kind::result ||
               program.results[size_t(root.index)].sameAs < 0),
          "value " + std::to_string(number) + " is written, but not its own");
  }

  /// Bytes of the memory that a value is part of.
  int64_t extent(const ProgramValue &value, int64_t number) const {
    switch (value.kind) {
    case Kind::argument:
      within(value.index, 0, program.arguments.size(), "argument");
      return int64_t(byteSize(program.arguments[size_t(value.index)].type));
    case Kind::result:
      within(value.index, 0, program.results.size(), "result");
      return int64_t(byteSize(program.results[size_t(value.index)].type));
    case Kind::arena:
      return program.arenaBytes;
    case Kind::workspace:
      return program.workspaceBytes;
    case Kind::constant:
      return int64_t(program.constants.size());
    case Kind::derived:
      within(value.index, 0, size_t(number), "earlier value");
      return program.values[size_t(value.index)].bytes;
    }
    return 0;
  }
  void value(int64_t number) const {
    const ProgramValue &value = program.values[size_t(number)];
    int64_t available = extent(value, number);
    check(value.offset >= 0 && value.bytes >= 0 && value.offset <= available &&
              value.bytes <= available - value.offset,
          "value " + std::to_string(number) + " is outside of its memory");
  }

  void launch(const Launch &launch) const {
    check(launch.workspaceBytes <= program.workspaceBytes,
          launch.name + ": workspace is too small");
    for (const Phase &phase : launch.phases) {
      check(phase.tiles >= 0, launch.name + ": negative number of tiles");
      size(phase.scratchBytes, launch.name + ": scratch");
      for (const Call &call : phase.calls) {
        within(call.kernel, 0, program.kernels.size(), "kernel");
        for (int32_t buffer : call.buffers)
          holds(buffer, 0);
      }
    }
  }
  void loop(const Loop &loop) {
    check(loop.count >= 0, loop.name + ": negative count");
    size_t number = lastInside.size();
    lastInside.push_back(0);
    for (const Loop::Moving &moving : loop.moving) {
      holds(moving.value, 0);
      const ProgramValue &value = program.values[size_t(moving.value)];
      check(value.kind == Kind::derived, "a moving value is not derived");
      int64_t room = program.values[size_t(value.index)].bytes - value.bytes -
                     value.offset;
      int64_t last = 0;
      check(moving.stride >= 0 &&
                !__builtin_mul_overflow(moving.stride,
                                        std::max<int64_t>(loop.count - 1, 0),
                                        &last) &&
                last <= room,
            loop.name + ": a moving value leaves its base");
      int32_t &mover = movedBy[size_t(moving.value)];
      check(mover == none, loop.name + ": a moving value moves already");
      mover = int32_t(number);
    }
    if (loop.induction != -1)
      takes(loop.induction, sizeof(int64_t));
    commands(loop.body);
    lastInside[number] = int32_t(lastInside.size()) - 1;
  }
  /// What a moving value is derived from moves, if at all, with a loop around
  /// its own: no more loops than are nested make a value follow.
  void movements() const {
    std::vector<int32_t> followed; // the innermost loop that moves a value
    for (size_t i = 0; i < program.values.size(); ++i) {
      const ProgramValue &value = program.values[i];
      int32_t outer =
          value.kind == Kind::derived ? followed[size_t(value.index)] : none;
      int32_t inner = movedBy[i];
      check(inner == none || outer == none ||
                (outer < inner && inner <= lastInside[size_t(outer)]),
            "value " + std::to_string(i) +
                " moves within one that moves elsewhere");
      followed.push_back(inner == none ? outer : inner);
    }
  }
  void commands(const std::vector<Command> &list) {
    for (const Command &command : list) {
      if (auto *launched = std::get_if<Launch>(&command.what)) {
        launch(*launched);
      } else if (auto *copied = std::get_if<Copy>(&command.what)) {
        holds(copied->from, copied->bytes);
        takes(copied->to, copied->bytes);
      } else if (auto *called = std::get_if<HostCall>(&command.what)) {
        check(called->function && *called->function,
              called->name + ": there is no function");
        for (int32_t value : called->values)
          holds(value, 0);
      } else {
        loop(std::get<Loop>(command.what));
      }
    }
  }

  const Program &program;
  std::vector<int32_t> roots; // of the values: what they are derived from
  static constexpr int32_t none = -1;
  std::vector<int32_t> movedBy; // of the values: a loop, numbered from outside
  std::vector<int32_t> lastInside; // of the loops: the last one within
};

} // namespace

void validate(const Program &program) { Validator(program).run(); }

} // namespace needle::runtime
