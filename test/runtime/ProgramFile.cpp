// ProgramFile.cpp - programs as bytes: nothing is lost, nothing is believed.
#include "needle/runtime/ProgramFile.h"

#include "runtime/StoredProgram.h"

#include "needle/runtime/Error.h"
#include "needle/runtime/Execution.h"
#include "needle/runtime/SealedFile.h"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

using namespace needle;
using namespace needle::runtime;

namespace {

std::string bytesOf(const Program &program) {
  ByteWriter writer;
  writeProgram(writer, program);
  return writer.bytes;
}
std::shared_ptr<Program> read(std::string_view bytes) {
  ByteReader reader(bytes, "test.needle");
  std::shared_ptr<Program> program = readProgram(reader, KernelsOf::anyBuild);
  reader.end();
  return program;
}
template <class Thrown, class Do> std::string messageOf(const Do &run) {
  try {
    run();
  } catch (const Thrown &error) {
    return error.what();
  }
  return "nothing was thrown";
}
BufferPtr numbers(std::vector<int64_t> values) {
  return Buffer::copyOf(values.data(), values.size() * sizeof(int64_t));
}

#ifdef __x86_64__
TEST(ProgramFile, RunsAsItWasWritten) {
  Executable executable(read(bytesOf(*countingProgram())));
  Executed executed =
      executable.execute({numbers({40}), numbers({2}), numbers({1, 2, 3})});
  executed.done.wait();
  EXPECT_EQ(*executed.results[0]->as<int64_t>(), 42);
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_EQ(executed.results[1]->as<int64_t>()[i], i + 1);
}
#endif

TEST(ProgramFile, LosesNothing) {
  std::string bytes = bytesOf(*countingProgram());
  std::shared_ptr<Program> program = read(bytes);
  EXPECT_EQ(bytesOf(*program), bytes);
  EXPECT_EQ(program->name, "count");
  EXPECT_EQ(program->arguments[2].indexText, "take");
  EXPECT_EQ(program->statuses[0].line, 7);
  auto &loop = std::get<Loop>(program->commands[1].what);
  EXPECT_EQ(loop.moving[1].stride, 8);
  EXPECT_TRUE(loop.reverse);
}

TEST(ProgramFile, KernelsOfThisBuildAreSharedByKey) {
  std::string bytes = bytesOf(*countingProgram());
  auto kernel = [&](KernelsOf kernels) {
    ByteReader reader(bytes, "test.needle");
    return readProgram(reader, kernels)->kernels[0].blob;
  };
  EXPECT_EQ(kernel(KernelsOf::thisBuild), kernel(KernelsOf::thisBuild));
  EXPECT_NE(kernel(KernelsOf::anyBuild), kernel(KernelsOf::thisBuild));
}

TEST(ProgramFile, WhatRunsInThisProcessOnlyIsNotStorable) {
  auto program = countingProgram();
  Loop &loop = std::get<Loop>(program->commands[1].what);
  HostCall call;
  call.name = "host: tanh (count.cpp:9)";
  loop.body.push_back({call});
  EXPECT_NE(whyNotStorable(*program).find("reference"), std::string::npos);
  EXPECT_NE(messageOf<Error>([&] {
              bytesOf(*program);
            }).find("host: tanh (count.cpp:9)"),
            std::string::npos);
  program = countingProgram();
  program->kernels[0].blob =
      Blob::wrap([](void *const *, const int64_t *, int64_t, void *) {});
  EXPECT_NE(whyNotStorable(*program), "");
}

TEST(ProgramFile, AnotherCpusProgramIsATargetError) {
  auto program = countingProgram();
  program->instructionSet = "neon";
  std::string said = messageOf<TargetError>([&] { read(bytesOf(*program)); });
  EXPECT_NE(said.find("needs a CPU with neon; here there is "),
            std::string::npos)
      << said;
}

TEST(ProgramFile, EveryTruncationIsRefused) {
  std::string bytes = bytesOf(*countingProgram());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(read(bytes.substr(0, size)), FormatError) << size;
  EXPECT_THROW(read(bytes + '\0'), FormatError);
}

// Without the checksum in front: what a fuzzer sees. Text and scalars may
// change unnoticed; anything else is an error or a program that stays inside.
TEST(ProgramFile, ChangedBytesAreRefusedOrHarmless) {
  std::string bytes = bytesOf(*countingProgram());
  std::mt19937 random(1);
  int refused = 0, rounds = 20000;
  for (int round = 0; round < rounds; ++round) {
    std::string changed = bytes;
    for (uint32_t n = 1 + random() % 3; n > 0; --n)
      changed[random() % changed.size()] =
          char(random() % 3 ? random()
                            : std::string("\0\1\x7f\x80\xff", 5)[random() % 5]);
    try {
      read(changed);
    } catch (const FormatError &error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).rfind("test.needle: damaged", 0), 0u);
    } catch (const TargetError &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, rounds / 3);
}

TEST(ProgramFile, LoopsDoNotNestWithoutEnd) {
  auto program = countingProgram();
  for (int depth = 0; depth < 300; ++depth) {
    Loop outer;
    outer.count = 1;
    outer.body = std::move(program->commands);
    program->commands.clear();
    program->commands.push_back({std::move(outer)});
  }
  EXPECT_NE(
      messageOf<FormatError>([&] { read(bytesOf(*program)); }).find("nested"),
      std::string::npos);
}

TEST(ProgramFile, ProgramsThatLeaveTheirMemoryAreRefused) {
  auto refused = [](auto change) {
    auto program = countingProgram();
    change(*program);
    EXPECT_THROW(read(bytesOf(*program)), FormatError);
  };
  refused([](Program &p) { p.arenaBytes = -64; });
  refused([](Program &p) { p.workspaceBytes = INT64_MAX - 4; });
  refused([](Program &p) { p.arguments[0].indexLimit = INT64_MIN; });
  refused([](Program &p) {
    p.arguments[0].type.dtype = DType::float64; // the size of int64
    p.arguments[0].indexLimit = 3;
  });
  refused([](Program &p) { p.results[1].updates = 0; }); // of another size
  refused([](Program &p) { p.statusValue = 0; });        // an argument
  refused([](Program &p) { std::get<Loop>(p.commands[1].what).induction = 5; });
  refused([](Program &p) {
    auto &loop = std::get<Loop>(p.commands[1].what);
    std::get<Copy>(loop.body[0].what).to = 2;
  });
  refused([](Program &p) {
    p.results[1].sameAs = 2;
    p.results[1].inPlaceOf = -1; // its memory is the argument's
  });
  refused([](Program &p) {
    std::get<Launch>(p.commands[0].what).phases[0].tiles = -1;
  });
  refused([](Program &p) {
    std::get<Launch>(p.commands[0].what).phases[0].scratchBytes = -8;
  });
  refused([](Program &p) {
    std::get<Launch>(p.commands[0].what).phases[0].scratchBytes = INT64_MAX;
  });
}

// A few bytes must not make every loop follow every value.
TEST(ProgramFile, AValueMovesInOneLoopAndItsBaseInOneAroundIt) {
  using Kind = ProgramValue::Kind;
  // Value 9 is a view of 5, which moves in the program's only loop.
  auto program = countingProgram();
  program->values.push_back({Kind::derived, 5, 0, 8});
  auto &loop = std::get<Loop>(program->commands[1].what);
  Loop inner;
  inner.count = 1;
  inner.moving = {{9, 0}};
  auto refused = [&] { EXPECT_THROW(read(bytesOf(*program)), FormatError); };

  loop.body.push_back({inner}); // around it
  EXPECT_NO_THROW(read(bytesOf(*program)));
  loop.body.push_back({inner}); // 9 in two loops
  refused();
  loop.body.resize(1);
  program->commands.push_back({inner}); // beside it
  refused();
  program->commands.pop_back();
  std::get<Loop>(program->commands[1].what).moving.push_back({9, 0}); // in it
  refused();
  Loop outer = inner;
  std::get<Loop>(program->commands[1].what).moving.pop_back();
  outer.body = {program->commands[1]}; // the wrong way around
  program->commands[1].what = outer;
  refused();
}

// A small file must not take long: neither checks nor loops look at all values
// again and again.
TEST(ProgramFile, LongFilesAreReadInLinearTime) {
  using Kind = ProgramValue::Kind;
  constexpr int many = 50000;
  auto program = countingProgram();
  auto moving = int32_t(program->values.size());
  for (int i = 0; i < many; ++i)
    program->values.push_back({Kind::derived, i ? moving + i - 1 : 7, 0, 8});
  int32_t last = moving + many - 1;
  for (int i = 0; i < many; ++i)
    program->commands.push_back({Copy{last, last, 8}});
  for (int i = 0; i < many; ++i)
    program->commands.push_back({Loop()});
  std::string bytes = bytesOf(*program);
  auto start = std::chrono::steady_clock::now();
  Executable executable(read(bytes));
  // Quadratic, it is a minute; as it is, some hundredths of a second.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

// ---- the file around it ----------------------------------------------------
TEST(SealedFile, OpensWhatWasSealed) {
  for (std::string body :
       {std::string(), std::string("x"), std::string(9999, 'b')})
    EXPECT_EQ(unseal(FileKind::step, seal(FileKind::step, body), "f"), body);
}

TEST(SealedFile, EveryChangedByteAndEveryTruncationIsRefused) {
  std::string file = seal(FileKind::step, "some bytes");
  for (size_t i = 0; i < file.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = file;
      changed[i] = char(changed[i] ^ 1 << bit);
      EXPECT_THROW(unseal(FileKind::step, changed, "f"), FormatError) << i;
    }
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_THROW(unseal(FileKind::step, file.substr(0, size), "f"),
                 FormatError);
  EXPECT_THROW(unseal(FileKind::step, file + "x", "f"), FormatError);
}

TEST(SealedFile, SaysWhatIsWrong) {
  std::string file = seal(FileKind::step, "body"), other = file;
  auto said = [](FileKind kind, const std::string &file) {
    return messageOf<FormatError>([&] { unseal(kind, file, "my.needle"); });
  };
  EXPECT_EQ(said(FileKind::cacheEntry, file),
            "my.needle: is a step saved by needle, not an entry of needle's "
            "cache");
  EXPECT_EQ(said(FileKind::step, "GIF89a"),
            "my.needle: is not a step saved by needle");
  other[12] = 9;
  EXPECT_EQ(said(FileKind::step, other),
            "my.needle: has version 9 of the format; this needle reads version "
            "1");
  other = file;
  other.back() = '?';
  EXPECT_EQ(said(FileKind::step, other), "my.needle: damaged: wrong checksum");
}

TEST(SealedFile, HashesAreXxh3) {
  // The test vector of xxHash for no bytes and seed 0.
  EXPECT_EQ(hashText(""), "99aa06d3014798d86001c324468d497f");
}

} // namespace
