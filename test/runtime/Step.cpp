// Step.cpp - steps from files: runs, variables, and files nobody should trust.
#include "needle/runtime/Step.h"

#include "runtime/StoredProgram.h"

#include "needle/runtime/Error.h"
#include "needle/runtime/SealedFile.h"
#include "needle/runtime/StepState.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <unistd.h>

using namespace needle;
using namespace needle::runtime;
namespace fs = std::filesystem;

namespace {

using Numbers = std::vector<int64_t>;

/// counter += amount; returns rows, too. See countingProgram().
Step countingStep() {
  auto state = std::make_unique<Step::State>();
  using Kind = Step::State::Source::Kind;
  state->name = "count";
  state->inputs = {{"amount", DType::int64, {}}, {"rows", DType::int64, {3}}};
  state->results = {};
  state->variables = {{"counter", DType::int64, {}}};
  int64_t start = 40;
  state->values = {Buffer::copyOf(&start, sizeof start)};
  state->updates = {0};
  state->sources = {{Kind::variable, 0}, {Kind::input, 0}, {Kind::input, 1}};
  state->program = countingProgram();
  state->executable = std::make_unique<Executable>(state->program);
  return Step(std::move(state));
}

template <class Thrown, class Do> std::string messageOf(const Do &run) {
  try {
    run();
  } catch (const Thrown &error) {
    return error.what();
  }
  return "nothing was thrown";
}

class StepTest : public testing::Test {
protected:
  std::string path =
      testing::TempDir() + "needle-step-" + std::to_string(getpid()) + "-" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  void TearDown() override { fs::remove_all(path); }

  std::string read() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &bytes) const {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  int64_t counterOf(const Step &step) const {
    return step.variable("counter").item<int64_t>();
  }
  Array amount{int64_t(2)};
  Array rows{Numbers{1, 2, 3}, {3}};
};

#ifdef __x86_64__
TEST_F(StepTest, UpdatesItsVariablesCallByCall) {
  Step step = countingStep();
  step.run({amount, rows});
  EXPECT_EQ(counterOf(step), 42);
  step.run({{"rows", rows}, {"amount", Array(int64_t(-1))}});
  EXPECT_EQ(counterOf(step), 41);
}

TEST_F(StepTest, AFileHoldsTheVariablesAsTheyAre) {
  Step step = countingStep();
  step.run({amount, rows});
  step.save(path);
  Step loaded = Step::load(path);
  EXPECT_EQ(counterOf(loaded), 42);
  loaded.run({amount, rows});
  EXPECT_EQ(counterOf(loaded), 44);
  EXPECT_EQ(counterOf(step), 42);
  EXPECT_EQ(loaded.name(), "count");
  ASSERT_EQ(loaded.inputs().size(), 2u);
  EXPECT_EQ(loaded.inputs()[1].name, "rows");
  EXPECT_EQ(loaded.inputs()[1].shape, Shape({3}));
  EXPECT_EQ(loaded.variables()[0].dtype, DType::int64);
}

TEST_F(StepTest, VariablesAreUpdatedInPlaceUnlessSomebodyHoldsTheValue) {
  Step step = countingStep();
  const void *memory = step.variable("counter").data();
  step.run({amount, rows});
  EXPECT_EQ(step.variable("counter").data(), memory);
  Array held = step.variable("counter");
  step.run({amount, rows});
  EXPECT_EQ(held.item<int64_t>(), 42);
  EXPECT_EQ(counterOf(step), 44);
}

TEST_F(StepTest, VariablesAreWrittenByName) {
  Step step = countingStep();
  Array value(int64_t(100));
  step.setVariable("counter", value);
  step.run({amount, rows});
  EXPECT_EQ(counterOf(step), 102);
  EXPECT_EQ(value.item<int64_t>(), 100);
}

TEST_F(StepTest, ACallThatThrowsChangesNothing) {
  Step step = countingStep();
  EXPECT_EQ(messageOf<IndexError>([&] {
              step.run({amount, Array(Numbers{1, 10, 2}, {3})});
            }),
            "count.cpp:7: take: index 10 is out of range for size 10 (element "
            "1 of argument rows)");
  EXPECT_EQ(counterOf(step), 40);
  step.run({amount, rows});
  EXPECT_EQ(counterOf(step), 42);
}
#endif

TEST_F(StepTest, WrongInputsAreTypedErrors) {
  Step step = countingStep();
  auto said = [&]<class Thrown>(std::initializer_list<Array> inputs) {
    return messageOf<Thrown>([&] { step.run(inputs); });
  };
  EXPECT_NE(
      said.operator()<Error>({amount}).find("step count takes 2 inputs, not 1"),
      std::string::npos);
  EXPECT_NE(said.operator()<ShapeError>({amount, amount}).find("Step.cpp:"),
            std::string::npos);
  EXPECT_NE(said.operator()<ShapeError>({amount, amount})
                .find("step count: input rows is int64 [3], not int64 []"),
            std::string::npos);
  EXPECT_NE(said.operator()<DTypeError>({Array(2.0f), rows})
                .find("step count: input amount is int64 [], not float32 []"),
            std::string::npos);
  EXPECT_NE(messageOf<IndexError>([&] {
              step.run({{"amount", amount}, {"row", rows}});
            }).find("no 'row'; there is amount, rows"),
            std::string::npos);
  EXPECT_NE(messageOf<IndexError>([&] {
              step.run({{"rows", rows}});
            }).find("input amount is missing"),
            std::string::npos);
  EXPECT_EQ(counterOf(step), 40);
}

TEST_F(StepTest, WrongVariablesAreTypedErrors) {
  Step step = countingStep();
  EXPECT_THROW((void)step.variable("count"), IndexError);
  EXPECT_THROW(step.setVariable("count", amount), IndexError);
  EXPECT_THROW(step.setVariable("counter", rows), ShapeError);
  EXPECT_THROW(step.setVariable("counter", Array(1.0)), DTypeError);
  EXPECT_EQ(counterOf(step), 40);
}

TEST_F(StepTest, ArraysAreCheckedToo) {
  EXPECT_THROW(Array(Numbers{1, 2}, {3}), ShapeError);
  EXPECT_THROW((void)rows.values<int32_t>(), DTypeError);
  EXPECT_THROW((void)rows.item<int64_t>(), ShapeError);
  EXPECT_EQ(rows.toVector<int64_t>(), (Numbers{1, 2, 3}));
  EXPECT_EQ(Array().bytes(), 0u);
}

// ---- files -----------------------------------------------------------------
TEST_F(StepTest, FilesThatCannotBeReadOrWrittenAreErrors) {
  EXPECT_EQ(messageOf<Error>([&] { (void)Step::load(path); }),
            "cannot read " + path + ": No such file or directory");
  fs::create_directory(path);
  EXPECT_EQ(messageOf<Error>([&] { (void)Step::load(path); }),
            "cannot read " + path + ": Is a directory");
  EXPECT_NE(messageOf<Error>([&] {
              countingStep().save(path);
            }).find("cannot write " + path),
            std::string::npos);
  EXPECT_THROW(countingStep().save("/no/such/folder/x"), Error);
  EXPECT_THROW(countingStep().save("/dev/null"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(StepTest, EveryChangedByteIsAFormatError) {
  countingStep().save(path);
  std::string whole = read();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = char(changed[i] ^ 0x20);
    EXPECT_EQ(messageOf<FormatError>([&] {
                readStep(changed, path);
              }).rfind(path + ": ", 0),
              0u)
        << i;
    EXPECT_THROW(readStep(whole.substr(0, i), path), FormatError) << i;
  }
  write(whole.substr(0, whole.size() / 2));
  EXPECT_EQ(messageOf<FormatError>([&] {
              (void)Step::load(path);
            }).rfind(path + ": damaged", 0),
            0u);
}

TEST_F(StepTest, AnotherCpusStepIsATargetError) {
  auto program = countingProgram();
  program->instructionSet = "avx1024";
  Step::State state;
  state.program = program;
  state.sources.resize(3);
  write(writeStep(state));
  EXPECT_NE(messageOf<TargetError>([&] {
              (void)Step::load(path);
            }).find(path + ": needs a CPU with avx1024; here there is"),
            std::string::npos);
}

// Behind the checksum: what a fuzzer sees.
TEST_F(StepTest, ChangedBytesBehindTheChecksumAreRefusedOrHarmless) {
  countingStep().save(path);
  std::string file = read();
  std::string body(unseal(FileKind::step, file, path));
  std::mt19937 random(3);
  int refused = 0, rounds = 20000;
  for (int round = 0; round < rounds; ++round) {
    std::string changed = body;
    for (uint32_t n = 1 + random() % 3; n > 0; --n)
      changed[random() % changed.size()] = char(random());
    try {
      readStepBody(changed, "step");
    } catch (const Error &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, rounds / 3);
  for (size_t size = 0; size < body.size(); ++size)
    EXPECT_THROW(readStepBody(body.substr(0, size), "step"), FormatError);
}

TEST_F(StepTest, StepsThatContradictTheirProgramAreRefused) {
  auto refused = [](auto change) {
    Step::State state;
    using Kind = Step::State::Source::Kind;
    int64_t zero = 0;
    state.inputs = {{"amount", DType::int64, {}}, {"rows", DType::int64, {3}}};
    state.variables = {{"counter", DType::int64, {}}};
    state.values = {Buffer::copyOf(&zero, sizeof zero)};
    state.updates = {0};
    state.sources = {{Kind::variable, 0}, {Kind::input, 0}, {Kind::input, 1}};
    state.program = countingProgram();
    EXPECT_NO_THROW(readStep(writeStep(state), "step"));
    change(state);
    EXPECT_THROW(readStep(writeStep(state), "step"), FormatError);
  };
  using Kind = Step::State::Source::Kind;
  refused([](auto &s) { s.inputs[1].shape = {2}; });
  refused([](auto &s) { s.inputs[0].dtype = DType::float64; });
  refused([](auto &s) { s.sources[1] = {Kind::variable, 0}; }); // twice
  refused([](auto &s) { s.sources[1].number = 2; });
  refused([](auto &s) { s.sources[2] = {Kind::count}; });
  refused([](auto &s) { s.sources[2] = {Kind::constant}; });
  refused([](auto &s) { s.sources.pop_back(); });
  refused([](auto &s) { s.updates = {1}; });
  refused([](auto &s) { s.updates = {2}; });
  refused([](auto &s) { s.updates = {}; });
  refused([](auto &s) { s.values[0] = Buffer::allocate(7); });
  refused([](auto &s) { s.results = {{"r", DType::float32, {}}}; });
  refused([](auto &s) { s.results.resize(3, {"r", DType::int64, {}}); });
}

} // namespace
