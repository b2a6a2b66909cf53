// Seeds.cpp - files of the binary formats to start fuzzing from: whole ones,
// and some that are wrong in one place only.
#include "runtime/StoredProgram.h"

#include "needle/runtime/Npy.h"
#include "needle/runtime/SealedFile.h"
#include "needle/runtime/StepState.h"

#include <filesystem>
#include <fstream>

using namespace needle;
using namespace needle::runtime;

/// A step of StoredProgram.h's program with every kind of source.
template <class Change> static std::string step(const Change &change) {
  using Kind = Step::State::Source::Kind;
  Step::State state;
  state.name = "count";
  state.inputs = {{"rows", DType::int64, {3}}};
  state.variables = {{"counter", DType::int64, {}}};
  int64_t start = 40;
  state.values = {Buffer::copyOf(&start, sizeof start)};
  state.constants = {Buffer::copyOf(&start, sizeof start)};
  state.updates = {0};
  auto program = countingProgram();
  ValueType number{DType::int64, {}, ""};
  program->arguments.push_back({number, "key", Role::key});
  program->arguments.push_back({number, "count", Role::count});
  program->results.push_back({program->arguments[2].type, "rows", -1, -1, 2});
  state.results = {{"next", DType::int64, {}}};
  state.sources = {{Kind::variable, 0},
                   {Kind::constant, 0},
                   {Kind::input, 0},
                   {Kind::key, 0},
                   {Kind::count, 0}};
  state.draws = 2;
  change(*program);
  state.program = program;
  return writeStep(state);
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  std::filesystem::path root(arguments[1]);
  auto write = [&](const char *target, const char *name,
                   const std::string &bytes) {
    std::filesystem::create_directories(root / target);
    std::ofstream(root / target / name, std::ios::binary) << bytes;
  };
  auto writeBody = [&](const char *name, const auto &change) {
    write("step-body", name,
          std::string(unseal(FileKind::step, step(change), name)));
  };
  std::string file = step([](Program &) {});
  write("step-file", "seed", file);
  file.back() ^= 1;
  write("step-file", "wrong-checksum", file);
  writeBody("seed", [](Program &) {});
  // Each would leave its memory.
  writeBody("wrong-value", [](Program &program) {
    program.values[3].bytes = 16; // a kernel's result
  });
  writeBody("wrong-view", [](Program &program) {
    program.values[5].offset = 24; // moves
  });
  writeBody("wrong-stride", [](Program &program) {
    std::get<Loop>(program.commands[1].what).moving[0].stride = 1 << 20;
  });
  writeBody("wrong-copy", [](Program &program) {
    auto &loop = std::get<Loop>(program.commands[1].what);
    std::get<Copy>(loop.body[0].what).bytes = 1 << 20;
  });
  const float values[6] = {0, 1, 2, 3, 4, 5};
  write("npy", "seed", formatNpy(DType::float32, {2, 3}, values));
  write("idx", "seed", std::string("\0\0\x08\2\0\0\0\2\0\0\0\3abcdef", 18));
  return 0;
}
