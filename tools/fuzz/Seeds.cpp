// Seeds.cpp - well-formed files of the binary formats to start fuzzing from.
#include "runtime/StoredProgram.h"

#include "needle/runtime/Npy.h"
#include "needle/runtime/SealedFile.h"
#include "needle/runtime/StepState.h"

#include <filesystem>
#include <fstream>

using namespace needle;
using namespace needle::runtime;

/// A step of StoredProgram.h's program with every kind of source.
static std::string step() {
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
  state.program = program;
  return writeStep(state);
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  std::filesystem::path root(arguments[1]);
  auto write = [&](const char *target, const std::string &bytes) {
    std::filesystem::create_directories(root / target);
    std::ofstream(root / target / "seed", std::ios::binary) << bytes;
  };
  std::string file = step();
  write("step-file", file);
  write("step-body", std::string(unseal(FileKind::step, file, "seed")));
  const float values[6] = {0, 1, 2, 3, 4, 5};
  write("npy", formatNpy(DType::float32, {2, 3}, values));
  write("idx", std::string("\0\0\x08\2\0\0\0\2\0\0\0\3abcdef", 18));
  return 0;
}
