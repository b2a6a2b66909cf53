// Execution.cpp - programs made by hand, whose kernels are C++ functions.
#include "needle/runtime/Execution.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/ThreadPool.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <thread>

using namespace needle;
using namespace needle::runtime;
using Kind = ProgramValue::Kind;

namespace {

/// out = a + b; a tile has scalars[0] elements.
void addKernel(void *const *buffers, const int64_t *scalars, int64_t tile,
               void *) {
  auto *a = static_cast<const float *>(buffers[0]);
  auto *b = static_cast<const float *>(buffers[1]);
  auto *out = static_cast<float *>(buffers[2]);
  for (int64_t i = tile * scalars[0]; i < (tile + 1) * scalars[0]; ++i)
    out[i] = a[i] + b[i];
}

/// out = table[index], NaN and a status when out of range; one element.
void lookUpKernel(void *const *buffers, const int64_t *scalars, int64_t,
                  void *) {
  auto *table = static_cast<const float *>(buffers[0]);
  auto index = int64_t(static_cast<const float *>(buffers[1])[0]);
  bool inside = index >= 0 && index < scalars[0];
  *static_cast<float *>(buffers[2]) =
      inside ? table[index] : std::numeric_limits<float>::quiet_NaN();
  if (!inside)
    *static_cast<int64_t *>(buffers[3]) = 1 + scalars[1];
}

ValueType f32(int64_t size) { return {DType::float32, Shape{size}, ""}; }

ProgramArgument argument(ValueType type, std::string name = "") {
  ProgramArgument argument;
  argument.type = std::move(type);
  argument.name = std::move(name);
  return argument;
}
ProgramResult result(ValueType type) {
  ProgramResult result;
  result.type = std::move(type);
  return result;
}

int32_t addValue(Program &program, Kind kind, int32_t index, int64_t bytes,
                 int64_t offset = 0) {
  program.values.push_back({kind, index, offset, bytes});
  return int32_t(program.values.size() - 1);
}

Launch launchOf(int32_t kernel, std::vector<int32_t> buffers,
                std::vector<int64_t> scalars, int64_t tiles = 1) {
  Phase phase;
  phase.calls = {{kernel, std::move(buffers), std::move(scalars)}};
  phase.tiles = tiles;
  phase.work = ThreadPool::serialWork;
  Launch launch;
  launch.phases = {phase};
  launch.name = "kernel " + std::to_string(kernel);
  return launch;
}

/// w' = w + x, of `size` elements; w' may take w's memory; also returns x when
/// `keepsX`.
std::shared_ptr<Program> update(int64_t size, bool keepsX = false) {
  auto program = std::make_shared<Program>();
  program->name = "update";
  program->arguments = {argument(f32(size), "w"), argument(f32(size), "x")};
  ProgramResult next = result(f32(size));
  next.updates = next.inPlaceOf = 0;
  program->results = {next};
  if (keepsX) {
    ProgramResult same = result(f32(size));
    same.sameAs = 1;
    program->results.push_back(same);
  }
  program->kernels = {{"add", "add", Blob::wrap(addKernel)}};
  int64_t bytes = size * 4;
  int32_t w = addValue(*program, Kind::argument, 0, bytes),
          x = addValue(*program, Kind::argument, 1, bytes),
          out = addValue(*program, Kind::result, 0, bytes);
  int64_t tile = size % 4 == 0 ? size / 4 : size;
  program->commands.push_back(
      {launchOf(0, {w, x, out}, {tile}, tile ? size / tile : 0)});
  return program;
}

BufferPtr floats(std::vector<float> values) {
  return Buffer::copyOf(values.data(), values.size() * sizeof(float));
}
std::vector<float> values(const BufferPtr &buffer) {
  buffer->ready().join();
  const float *begin = buffer->as<float>();
  return {begin, begin + buffer->bytes() / sizeof(float)};
}
using Floats = std::vector<float>;

template <class Thrown, class Do> std::string messageOf(const Do &run) {
  try {
    run();
  } catch (const Thrown &error) {
    return error.what();
  }
  return "nothing was thrown";
}

} // namespace

TEST(Execution, RunsAKernelOnItsTiles) {
  Executable executable(update(8));
  BufferPtr w = floats({1, 2, 3, 4, 5, 6, 7, 8}), x = floats(Floats(8, 10));
  Executed executed = executable.execute({w, x});
  executed.done.wait();
  EXPECT_EQ(values(executed.results[0]),
            (Floats{11, 12, 13, 14, 15, 16, 17, 18}));
  EXPECT_EQ(values(w), (Floats{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Execution, UpdatesASolelyOwnedArgumentInPlace) {
  Executable executable(update(4));
  std::vector<BufferPtr> arguments{floats({1, 2, 3, 4}), floats(Floats(4, 1))};
  const void *memory = arguments[0]->data();
  Executed executed = executable.execute(std::move(arguments));
  EXPECT_EQ(executed.results[0]->data(), memory);
  EXPECT_EQ(executed.updatedInPlace, 1);
  EXPECT_EQ(executed.updatedByCopy, 0);
  EXPECT_EQ(values(executed.results[0]), (Floats{2, 3, 4, 5}));
  EXPECT_TRUE(solelyOwned(*executed.results[0]));
}

TEST(Execution, LeavesAnArgumentAloneThatOthersHold) {
  Executable executable(update(4));
  BufferPtr w = floats({1, 2, 3, 4});
  std::vector<BufferPtr> arguments{w, floats(Floats(4, 1))};
  Executed executed = executable.execute(std::move(arguments));
  EXPECT_NE(executed.results[0], w);
  EXPECT_EQ(executed.updatedByCopy, 1);
  EXPECT_EQ(values(w), (Floats{1, 2, 3, 4}));
}

TEST(Execution, LeavesAnArgumentAloneThatIsPassedTwice) {
  Executable executable(update(4));
  std::vector<BufferPtr> arguments{floats({1, 2, 3, 4}), nullptr};
  arguments[1] = arguments[0];
  Executed executed = executable.execute(std::move(arguments));
  EXPECT_EQ(executed.updatedInPlace, 0);
  EXPECT_EQ(values(executed.results[0]), (Floats{2, 4, 6, 8}));
}

TEST(Execution, UnchangedResultsShareOrCopy) {
  Executable executable(update(4, true));
  BufferPtr x = floats(Floats(4, 1));
  Executed shared = executable.execute({floats(Floats(4, 0)), x});
  EXPECT_EQ(shared.results[1], x);
  Executed copied =
      executable.execute({floats(Floats(4, 0)), x}, {.shareUnchanged = false});
  EXPECT_NE(copied.results[1], x);
  EXPECT_EQ(values(copied.results[1]), values(x));
}

TEST(Execution, EmptyTensorsRunNothing) {
  Executable executable(update(0));
  Executed executed = executable.execute({floats({}), floats({})});
  executed.done.wait();
  EXPECT_EQ(executed.results[0]->bytes(), 0u);
}

TEST(Execution, ArgumentsThatDoNotFitAreErrorsAndStay) {
  Executable executable(update(4));
  std::vector<BufferPtr> arguments{floats({1}), floats(Floats(4, 1))};
  EXPECT_EQ(messageOf<Error>([&] { executable.execute(std::move(arguments)); }),
            "program update: argument 0 needs 16 bytes, not 4");
  ASSERT_EQ(arguments.size(), 2u);
  EXPECT_EQ(values(arguments[0]), Floats{1});
  EXPECT_THROW(executable.execute({nullptr, nullptr}), Error);
  EXPECT_THROW(executable.execute({}), Error);
}

TEST(Execution, IndexArgumentsAreCheckedBeforeTheFirstCommand) {
  for (DType dtype : {DType::int32, DType::int64}) {
    auto program = update(4);
    ProgramArgument labels = argument({dtype, Shape{3}, ""}, "labels");
    labels.indexLimit = 10;
    labels.indexText = "train.cpp:14: take";
    labels.indexFile = "/home/me/train.cpp";
    labels.indexLine = 14;
    program->arguments.push_back(labels);
    Executable executable(program);
    auto run = [&](std::vector<int64_t> indices) {
      std::vector<int32_t> narrow(indices.begin(), indices.end());
      BufferPtr given = dtype == DType::int64 ? Buffer::copyOf(&indices[0], 24)
                                              : Buffer::copyOf(&narrow[0], 12);
      std::vector<BufferPtr> arguments{floats(Floats(4, 1)),
                                       floats(Floats(4, 1)), given};
      std::string message = messageOf<IndexError>(
          [&] { executable.execute(std::move(arguments)).done.wait(); });
      if (!arguments.empty()) {
        EXPECT_EQ(values(arguments[0]), Floats(4, 1));
      }
      return message;
    };
    EXPECT_EQ(run({-10, 9, 0}), "nothing was thrown");
    EXPECT_EQ(run({0, 10, 0}),
              "train.cpp:14: take: index 10 is out of range for size 10 "
              "(element 1 of argument labels)");
    EXPECT_EQ(run({0, 3, -11}),
              "train.cpp:14: take: index -11 is out of range for size 10 "
              "(element 2 of argument labels)");
  }
}

TEST(Execution, ComputedIndicesAreReportedWhenWaitedFor) {
  auto program = std::make_shared<Program>();
  program->arguments = {argument(f32(4)), argument(f32(1))};
  program->results = {result(f32(1))};
  program->kernels = {{"look up", "look_up", Blob::wrap(lookUpKernel)}};
  program->arenaBytes = 64;
  int32_t table = addValue(*program, Kind::argument, 0, 16),
          index = addValue(*program, Kind::argument, 1, 4),
          out = addValue(*program, Kind::result, 0, 4),
          status = addValue(*program, Kind::arena, 0, 8);
  program->statusValue = status;
  program->statuses = {
      {"unused", "", 0},
      {"step.cpp:7: take: index out of range", "/a/step.cpp", 7}};
  program->commands.push_back(
      {launchOf(0, {table, index, out, status}, {4, 1})});
  Executable executable(program);
  BufferPtr four = floats({1, 2, 3, 4});
  Executed fine = executable.execute({four, floats({2})});
  fine.done.wait();
  EXPECT_EQ(values(fine.results[0]), Floats{3});
  Executed bad = executable.execute({four, floats({4})});
  EXPECT_EQ(messageOf<IndexError>([&] { bad.done.wait(); }),
            "step.cpp:7: take: index out of range");
  EXPECT_TRUE(std::isnan(values(bad.results[0])[0]));
  try {
    bad.done.wait();
  } catch (const Error &error) {
    EXPECT_STREQ(error.where().file, "/a/step.cpp");
    EXPECT_EQ(error.where().line, 7);
  }
  executable.execute({four, floats({0})}).done.wait();
}

/// sums[i] = total += xs[i], backwards when `reverse`; last: the induction.
static std::shared_ptr<Program> scan(bool reverse) {
  auto program = std::make_shared<Program>();
  program->arguments = {argument(f32(3))};
  program->results = {result(f32(3)), result({DType::int64, Shape{}, ""})};
  program->kernels = {{"add", "add", Blob::wrap(addKernel)}};
  program->constants.resize(4); // 0.0f
  program->arenaBytes = 64;
  int32_t xs = addValue(*program, Kind::argument, 0, 12),
          sums = addValue(*program, Kind::result, 0, 12),
          zero = addValue(*program, Kind::constant, 0, 4),
          total = addValue(*program, Kind::arena, 0, 4),
          x = addValue(*program, Kind::derived, xs, 4),
          sum = addValue(*program, Kind::derived, sums, 4),
          view = addValue(*program, Kind::derived, sum, 4),
          last = addValue(*program, Kind::result, 1, 8);
  program->commands.push_back({Copy{zero, total, 4}});
  Loop loop;
  loop.count = 3;
  loop.reverse = reverse;
  loop.moving = {{x, 4}, {sum, 4}};
  loop.induction = last;
  loop.body.push_back({launchOf(0, {total, x, total}, {1})});
  loop.body.push_back({Copy{total, view, 4}});
  program->commands.push_back({loop});
  return program;
}

TEST(Execution, LoopsMoveTheirValues) {
  for (bool reverse : {false, true}) {
    Executable executable(scan(reverse));
    Executed executed = executable.execute({floats({1, 10, 100})});
    executed.done.wait();
    EXPECT_EQ(values(executed.results[0]),
              reverse ? (Floats{111, 110, 100}) : (Floats{1, 11, 111}));
    EXPECT_EQ(*executed.results[1]->as<int64_t>(), reverse ? 0 : 2);
  }
}

TEST(Execution, HostCallsGetTheirValuesAndMayFail) {
  auto program = std::make_shared<Program>();
  program->arguments = {argument(f32(1))};
  program->results = {result(f32(1))};
  int32_t in = addValue(*program, Kind::argument, 0, 4),
          out = addValue(*program, Kind::result, 0, 4);
  HostCall call;
  call.function = std::make_shared<const std::function<void(void *const *)>>(
      [](void *const *values) {
        float x = *static_cast<const float *>(values[0]);
        if (x < 0)
          throw CompileError("negative");
        *static_cast<float *>(values[1]) = x * x;
      });
  call.values = {in, out};
  call.name = "square";
  program->commands.push_back({call});
  Executable executable(program);
  EXPECT_EQ(values(executable.execute({floats({3})}).results[0]), Floats{9});
  Executed bad = executable.execute({floats({-1})});
  EXPECT_THROW(bad.done.wait(), CompileError);
  EXPECT_EQ(values(executable.execute({floats({2})}).results[0]), Floats{4});
}

TEST(Execution, ProfilesEachCommand) {
  Executable executable(scan(false));
  Profile profile;
  for (int i = 0; i < 2; ++i)
    executable.execute({floats({1, 2, 3})}, {.profile = &profile});
  ASSERT_EQ(profile.entries().size(), 2u);
  EXPECT_EQ(profile.entries()[0].name, "copy");
  EXPECT_EQ(profile.entries()[0].calls, 8);
  EXPECT_EQ(profile.entries()[1].name, "kernel 0");
  EXPECT_EQ(profile.entries()[1].calls, 6);
  EXPECT_NE(profile.table().find("kernel 0"), std::string::npos);
}

TEST(Execution, ProgramsThatContradictThemselvesAreRefused) {
  auto refused = [](auto change) {
    auto program = scan(false);
    change(*program);
    EXPECT_THROW(Executable{program}, Error);
  };
  refused([](Program &p) { p.values[0].index = 1; });
  refused([](Program &p) { p.values[0].bytes = 16; });
  refused([](Program &p) { p.values[3].offset = 64; });
  refused([](Program &p) { p.values[4].index = 6; });
  refused([](Program &p) { p.values[5].offset = -4; });
  refused([](Program &p) { p.kernels[0].blob = nullptr; });
  refused([](Program &p) { p.results[0].sameAs = 4; });
  refused([](Program &p) { p.results[1].inPlaceOf = 0; });
  refused([](Program &p) { p.statusValue = 0x7fffffff; });
  refused([](Program &p) { std::get<Copy>(p.commands[0].what).bytes = 5; });
  refused([](Program &p) { std::get<Loop>(p.commands[1].what).count = 4; });
  refused([](Program &p) {
    auto &loop = std::get<Loop>(p.commands[1].what);
    std::get<Launch>(loop.body[0].what).phases[0].calls[0].kernel = 1;
  });
}

TEST(Execution, OneProgramServes64ThreadsAtOnce) {
  auto executable = std::make_shared<const Executable>(update(64));
  ThreadPool pool(3);
  BufferPtr x = floats(Floats(64, 1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 64; ++t)
    threads.emplace_back([&, t] {
      BufferPtr w = floats(Floats(64, float(t)));
      for (int i = 0; i < 20; ++i) {
        std::vector<BufferPtr> arguments{std::move(w), x};
        Executed executed =
            executable->execute(std::move(arguments), {.threads = &pool});
        executed.done.wait();
        EXPECT_EQ(executed.updatedInPlace, 1);
        w = std::move(executed.results[0]);
      }
      EXPECT_EQ(values(w), Floats(64, float(t + 20)));
    });
  for (std::thread &thread : threads)
    thread.join();
}
