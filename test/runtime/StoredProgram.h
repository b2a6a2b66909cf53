// StoredProgram.h - a small program with machine code, for tests of files.
#pragma once

#include "needle/runtime/Program.h"

#include <memory>

namespace needle::runtime {

/// counter' = counter + amount, in place if it may; rows' = rows, copied row by
/// row. Everything int64: [], [], [3].
inline std::shared_ptr<Program> countingProgram() {
  using Kind = ProgramValue::Kind;
  auto program = std::make_shared<Program>();
  program->name = "count";
  program->instructionSet = "sse2";
  ValueType number{DType::int64, {}, ""}, list{DType::int64, Shape{3}, ""};
  auto argument = [&](const ValueType &type, const char *name, Role role) {
    ProgramArgument argument;
    argument.type = type;
    argument.name = name;
    argument.role = role;
    program->arguments.push_back(argument);
  };
  argument(number, "counter", Role::variable);
  argument(number, "amount", Role::input);
  argument(list, "rows", Role::input);
  program->arguments[2].indexLimit = 10;
  program->arguments[2].indexText = "take";
  program->arguments[2].indexFile = "count.cpp";
  program->arguments[2].indexLine = 7;
  ProgramResult next;
  next.type = number;
  next.name = "counter";
  next.updates = next.inPlaceOf = 0;
  ProgramResult rows;
  rows.type = list;
  program->results = {next, rows};
  // mov rax, [rdi]; mov rax, [rax]; mov rcx, [rdi + 8]; add rax, [rcx];
  // mov rcx, [rdi + 16]; mov [rcx], rax; ret
  BlobCode add{{0x90, 0x48, 0x8b, 0x07, 0x48, 0x8b, 0x00, 0x48,
                0x8b, 0x4f, 0x08, 0x48, 0x03, 0x01, 0x48, 0x8b,
                0x4f, 0x10, 0x48, 0x89, 0x01, 0xc3},
               1};
  program->kernels = {{"add:int64", "add", Blob::load(add)}};
  program->values = {{Kind::argument, 0, 0, 8},  {Kind::argument, 1, 0, 8},
                     {Kind::argument, 2, 0, 24}, {Kind::result, 0, 0, 8},
                     {Kind::result, 1, 0, 24},   {Kind::derived, 2, 0, 8},
                     {Kind::derived, 4, 0, 8},   {Kind::arena, 0, 0, 8},
                     {Kind::arena, 0, 64, 8}};
  Launch launch;
  launch.name = "add (count.cpp:5)";
  Phase phase;
  phase.calls = {{0, {0, 1, 3}, {-1, 2}}};
  phase.work = 1;
  launch.phases = {phase};
  Loop loop;
  loop.name = "scan (count.cpp:6)";
  loop.count = 3;
  loop.reverse = true;
  loop.moving = {{5, 8}, {6, 8}};
  loop.induction = 7;
  loop.body.push_back({Copy{5, 6, 8}});
  program->commands.push_back({launch});
  program->commands.push_back({loop});
  program->constants = {1, 2, 3};
  program->statuses = {
      {"count.cpp:7: take: index out of range", "count.cpp", 7}};
  program->statusValue = 8;
  program->arenaBytes = 128;
  return program;
}

} // namespace needle::runtime
