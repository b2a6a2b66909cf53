// CompileModule.cpp - whole programs: compiled for the cpu and for the
// interpreter, run, and compared with numbers or with each other.
#include "needle/codegen/CompileModule.h"

#include "codegen/Reference.h"

#include "needle/codegen/Diagnostics.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Execution.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

using namespace needle;
using namespace needle::codegen;
using reference::array;
using reference::HostArray;
using reference::values;

namespace {

struct Compiled {
  CompileResult result;
  Diagnostics::Text said;
  std::string stage;
};

Compiled compile(const std::string &text, const std::string &targetName,
                 const CompileOptions &options = {}) {
  Compiled compiled;
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  Diagnostics diagnostics(context.get(), compiled.said);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(
          text, mlir::ParserConfig(context.get()), "test.mlir");
  std::string error;
  mlir::FailureOr<TargetInfo> target = TargetInfo::host(targetName, error);
  EXPECT_TRUE(mlir::succeeded(target)) << error;
  if (!module || mlir::failed(target))
    return compiled;
  (*module)->setAttr("needle.target", target->attribute(context.get()));
  if (mlir::failed(
          compileModule(*module, options, compiled.result, compiled.stage)))
    compiled.result.program = nullptr;
  return compiled;
}

std::vector<HostArray> execute(const CompileResult &compiled,
                               const std::vector<HostArray> &arguments) {
  runtime::Executable executable(compiled.program);
  std::vector<runtime::BufferPtr> buffers;
  for (const HostArray &argument : arguments)
    buffers.push_back(
        runtime::Buffer::copyOf(argument.bytes.data(), argument.bytes.size()));
  runtime::Executed executed = executable.execute(std::move(buffers));
  executed.done.wait();
  std::vector<HostArray> results;
  for (size_t i = 0; i < executed.results.size(); ++i) {
    const ValueType &type = compiled.program->results[i].type;
    auto data = executed.results[i]->as<std::byte>();
    results.push_back({type.dtype,
                       {type.shape.begin(), type.shape.end()},
                       {data, data + executed.results[i]->bytes()}});
  }
  return results;
}

std::vector<HostArray> runOn(const std::string &target, const std::string &text,
                             const std::vector<HostArray> &arguments) {
  Compiled compiled = compile(text, target);
  EXPECT_EQ(compiled.said.text, "");
  EXPECT_TRUE(compiled.result.program) << "stage " << compiled.stage;
  if (!compiled.result.program)
    return {};
  return execute(compiled.result, arguments);
}

HostArray draw(std::vector<int64_t> shape, unsigned seed) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::vector<float> x(static_cast<size_t>(count));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (float &value : x)
    value = normal(random);
  return array<float>(std::move(shape), x);
}

// Both targets agree within what f32 sums of this length can differ by.
void expectTargetsAgree(const std::string &text,
                        const std::vector<HostArray> &arguments,
                        float tolerance = 1e-5f) {
  std::vector<HostArray> cpu = runOn("cpu", text, arguments);
  std::vector<HostArray> want = runOn("reference", text, arguments);
  ASSERT_EQ(cpu.size(), want.size());
  for (size_t i = 0; i < cpu.size(); ++i) {
    if (cpu[i].dtype != DType::float32) {
      EXPECT_EQ(cpu[i].bytes, want[i].bytes) << "result " << i;
      continue;
    }
    std::vector<float> a = values<float>(cpu[i]), b = values<float>(want[i]);
    for (size_t j = 0; j < a.size(); ++j)
      ASSERT_TRUE(std::fabs(a[j] - b[j]) <= tolerance * (1 + std::fabs(b[j])) ||
                  (std::isnan(a[j]) && std::isnan(b[j])))
          << "result " << i << "[" << j << "]: " << a[j] << " and " << b[j];
  }
}

// relu(x w + b), its mean square, and the gradients.
std::string trainingStep(int batch) {
  std::string n = std::to_string(batch);
  return R"(
func.func @step(%x: tensor<)" +
         n + R"(x20xf32>, %w: tensor<20x8xf32>, %b: tensor<8xf32>)
    -> (tensor<f32>, tensor<20x8xf32>, tensor<8xf32>) {
  %pw = needle.pin %w : tensor<20x8xf32>
  %pb = needle.pin %b : tensor<8xf32>
  %0 = needle.matmul %x, %pw : tensor<)" +
         n + R"(x20xf32>, tensor<20x8xf32>
  %1 = needle.broadcast_to %pb : tensor<8xf32> -> tensor<)" +
         n + R"(x8xf32>
  %2 = needle.add %0, %1 : tensor<)" +
         n + R"(x8xf32>
  %3 = needle.relu %2 : tensor<)" +
         n + R"(x8xf32>
  %4 = needle.square %3 : tensor<)" +
         n + R"(x8xf32>
  %5 = needle.mean %4 {axes = array<i64: 0, 1>} : tensor<)" +
         n + R"(x8xf32>
  %6:2 = needle.gradient(%5, %pw, %pb) : (tensor<f32>, tensor<20x8xf32>, tensor<8xf32>) -> (tensor<20x8xf32>, tensor<8xf32>)
  return %5, %6#0, %6#1 : tensor<f32>, tensor<20x8xf32>, tensor<8xf32>
})";
}

TEST(CompileModule, TrainingStepAgrees) {
  expectTargetsAgree(trainingStep(32),
                     {draw({32, 20}, 1), draw({20, 8}, 2), draw({8}, 3)});
}

TEST(CompileModule, AnotherBatchSizeCompilesNoKernel) {
  Compiled first = compile(trainingStep(48), "cpu");
  ASSERT_TRUE(first.result.program) << first.said.text;
  EXPECT_GT(first.result.report.kernels, 0);
  Compiled second = compile(trainingStep(64), "cpu");
  ASSERT_TRUE(second.result.program) << second.said.text;
  std::set<std::string> keys;
  for (const runtime::ProgramKernel &kernel : first.result.program->kernels)
    keys.insert(kernel.key);
  for (const runtime::ProgramKernel &kernel : second.result.program->kernels)
    EXPECT_TRUE(keys.contains(kernel.key)) << kernel.key;
  EXPECT_EQ(second.result.report.kernelsCompiled, 0);
  EXPECT_EQ(second.result.report.kernels, first.result.report.kernels);
}

TEST(CompileModule, ReportCounts) {
  Compiled compiled = compile(trainingStep(16), "cpu");
  ASSERT_TRUE(compiled.result.program) << compiled.said.text;
  const runtime::Report &report = compiled.result.report;
  EXPECT_EQ(report.tracedOps, 9);
  EXPECT_GT(report.opsAfterAutodiff, 9);
  EXPECT_GT(report.compileMs, 0);
  double stages = 0;
  for (const auto &[name, ms] : report.stageMs) {
    EXPECT_GE(ms, 0) << name;
    stages += ms;
  }
  EXPECT_LE(stages, report.compileMs);
  ASSERT_GT(report.stageMs.size(), 3u);
  EXPECT_EQ(report.stageMs.front().first, "autodiff");
  EXPECT_LE(report.arenaBytes, report.sumOfIntermediateBytes + 64);
}

TEST(CompileModule, ElementwiseValues) {
  std::string text = R"(
func.func @f(%x: tensor<5xf32>, %y: tensor<5xf32>) -> tensor<5xf32> {
  %0 = needle.mul %x, %y : tensor<5xf32>
  %1 = needle.sub %0, %x : tensor<5xf32>
  return %1 : tensor<5xf32>
})";
  for (const char *target : {"cpu", "reference"}) {
    auto results = runOn(target, text,
                         {array<float>({5}, {1, 2, 3, 4, 5}),
                          array<float>({5}, {2, 2, 2, 0, -1})});
    ASSERT_EQ(results.size(), 1u) << target;
    EXPECT_EQ(values<float>(results[0]),
              (std::vector<float>{1, 2, 3, -4, -10}));
  }
}

TEST(CompileModule, SoftmaxAndReductionsAgree) {
  expectTargetsAgree(R"(
func.func @f(%x: tensor<7x33xf32>) -> (tensor<7x33xf32>, tensor<33xf32>, tensor<7xi64>, tensor<f32>) {
  %0 = needle.softmax %x {axis = 1 : i64} : tensor<7x33xf32>
  %1 = needle.sum %x {axes = array<i64: 0>} : tensor<7x33xf32>
  %2 = needle.argmax %x {axis = 1 : i64} : tensor<7x33xf32>
  %3 = needle.logsumexp %x {axes = array<i64: 0, 1>} : tensor<7x33xf32>
  return %0, %1, %2, %3 : tensor<7x33xf32>, tensor<33xf32>, tensor<7xi64>, tensor<f32>
})",
                     {draw({7, 33}, 4)});
}

// The sum is computed twice, once where the product is stored: as an FMA in one
// of the two it would never equal its maximum.
TEST(CompileModule, WhatTwoKernelsComputeIsTheSameNumber) {
  std::vector<HostArray> results = runOn("cpu", R"(
func.func @f(%x: tensor<64x17xf32>, %y: tensor<64x17xf32>, %z: tensor<64x17xf32>)
    -> (tensor<64x17xf32>, tensor<64x17xf32>) {
  %p = needle.mul %x, %y : tensor<64x17xf32>
  %w = needle.pin %z : tensor<64x17xf32>
  %s = needle.add %p, %w : tensor<64x17xf32>
  %m = needle.max %s {axes = array<i64: 0>} : tensor<64x17xf32>
  %g = needle.gradient(%m, %w) : (tensor<17xf32>, tensor<64x17xf32>) -> tensor<64x17xf32>
  return %p, %g : tensor<64x17xf32>, tensor<64x17xf32>
})",
                                         {draw({64, 17}, 1), draw({64, 17}, 2),
                                          draw({64, 17}, 3)});
  ASSERT_EQ(results.size(), 2u);
  std::vector<float> gradient = values<float>(results[1]);
  for (size_t column = 0; column < 17; ++column) {
    float sum = 0;
    for (size_t row = 0; row < 64; ++row)
      sum += gradient[row * 17 + column];
    EXPECT_EQ(sum, 1) << "column " << column;
  }
}

TEST(CompileModule, ScanAgrees) {
  for (const char *reverse : {"false", "true"})
    expectTargetsAgree(R"(
func.func @f(%c: tensor<4xf32>, %x: tensor<6x4xf32>, %w: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<6x4xf32>, tensor<6xi64>) {
  %0:3 = needle.scan(%c, %x, %w) {length = 6 : i64, carries = 1 : i64, slices = 1 : i64, reverse = )" +
                           std::string(reverse) + R"(}
      : (tensor<4xf32>, tensor<6x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<6x4xf32>, tensor<6xi64>) {
  ^bb0(%i: tensor<i64>, %carry: tensor<4xf32>, %slice: tensor<4xf32>, %k: tensor<4xf32>):
    %1 = needle.mul %carry, %k : tensor<4xf32>
    %2 = needle.add %1, %slice : tensor<4xf32>
    needle.yield %2, %carry, %i : tensor<4xf32>, tensor<4xf32>, tensor<i64>
  }
  return %0#0, %0#1, %0#2 : tensor<4xf32>, tensor<6x4xf32>, tensor<6xi64>
})",
                       {draw({4}, 5), draw({6, 4}, 6), draw({4}, 7)});
}

TEST(CompileModule, ArgumentsConstantsAndTwinsAreResults) {
  std::string text = R"(
func.func @f(%x: tensor<2xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<1x2xf32>) {
  %0 = needle.neg %x : tensor<2xf32>
  %1 = needle.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %2 = needle.reshape %0 : tensor<2xf32> -> tensor<1x2xf32>
  return %x, %0, %0, %1, %2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<3xf32>, tensor<1x2xf32>
})";
  for (const char *target : {"cpu", "reference"}) {
    auto results = runOn(target, text, {array<float>({2}, {1, -1})});
    ASSERT_EQ(results.size(), 5u) << target;
    EXPECT_EQ(values<float>(results[0]), (std::vector<float>{1, -1}));
    EXPECT_EQ(values<float>(results[1]), (std::vector<float>{-1, 1}));
    EXPECT_EQ(values<float>(results[2]), (std::vector<float>{-1, 1}));
    EXPECT_EQ(values<float>(results[3]), (std::vector<float>{1, 2, 3}));
    EXPECT_EQ(values<float>(results[4]), (std::vector<float>{-1, 1}));
  }
}

TEST(CompileModule, ComputedBadIndexIsReportedWithItsLine) {
  std::string text = R"(
func.func @f(%x: tensor<3xf32>, %i: tensor<2xi64>) -> tensor<2xf32> {
  %0 = needle.add %i, %i : tensor<2xi64>
  %1 = needle.take %x, %0 {axis = 0 : i64} : tensor<3xf32>, tensor<2xi64> loc("train.cpp":14:0)
  return %1 : tensor<2xf32>
})";
  for (const char *target : {"cpu", "reference"}) {
    Compiled compiled = compile(text, target);
    ASSERT_TRUE(compiled.result.program) << compiled.said.text;
    try {
      execute(compiled.result,
              {array<float>({3}, {1, 2, 3}), array<int64_t>({2}, {1, 7})});
      FAIL() << target;
    } catch (const IndexError &error) {
      EXPECT_STREQ(error.what(), "train.cpp:14: take: index out of range");
      EXPECT_EQ(error.where().line, 14);
    }
  }
}

TEST(CompileModule, FailureNamesStageAndPlace) {
  Compiled compiled = compile(R"(
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %p = needle.pin %x : tensor<3xf32>
  %0 = needle.argmax %p {axis = 0 : i64} : tensor<3xf32> loc("user.cpp":7:0)
  %1 = needle.convert %0 : tensor<i64> -> tensor<f32>
  %2 = needle.gradient(%1, %p) : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32> loc("user.cpp":8:0)
  return %2 : tensor<3xf32>
})",
                              "cpu");
  EXPECT_FALSE(compiled.result.program);
  EXPECT_EQ(compiled.stage, "autodiff");
  EXPECT_NE(compiled.said.text, "");
  EXPECT_GT(compiled.said.line, 0);
}

TEST(CompileModule, StageTextShowsTheUsersLines) {
  CompileOptions options;
  for (const Stage &stage : stages()) {
    options.stage = stage.name;
    Compiled compiled = compile(R"(
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = needle.exp %x : tensor<3xf32> loc("user.cpp":7:0)
  return %0 : tensor<3xf32>
})",
                                "cpu", options);
    EXPECT_NE(compiled.result.ir.find("user.cpp:7"), std::string::npos)
        << stage.name << "\n"
        << compiled.result.ir;
  }
}

TEST(CompileModule, TargetsMeetInOneProgram) {
  std::string text = R"(
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.exp %x : tensor<4xf32>
  %1 = needle.to %0 : tensor<4xf32> -> tensor<4xf32, "reference">
  %2 = needle.square %1 : tensor<4xf32, "reference">
  %3 = needle.to %2 : tensor<4xf32, "reference"> -> tensor<4xf32>
  %4 = needle.add %3, %x : tensor<4xf32>
  return %4 : tensor<4xf32>
})";
  auto results = runOn("cpu", text, {array<float>({4}, {0, 0, 0, 0})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0]), (std::vector<float>{1, 1, 1, 1}));
}

std::vector<std::string> filesOf(const std::filesystem::path &directory) {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(CompileModule, DumpsNumberTheStagesAndSkipUnchangedOnes) {
  std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / "needle-dump-stages" / "new";
  std::filesystem::remove_all(directory);
  // What another dump left there must not pass for a stage of this one.
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "01-autodiff.mlir") << "old";
  CompileOptions options;
  options.dumpDirectory = directory.string();
  Compiled compiled = compile(R"(
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = needle.exp %x : tensor<3xf32>
  return %0 : tensor<3xf32>
})",
                              "cpu", options);
  ASSERT_TRUE(compiled.result.program) << compiled.said.text;
  // No gradient, no composite, nothing to simplify: 01 to 03 are missing.
  EXPECT_EQ(filesOf(directory),
            (std::vector<std::string>{"00-traced.mlir", "04-fuse.mlir",
                                      "05-plan-memory.mlir", "06-loops.mlir",
                                      "07-llvm.mlir"}));
}

TEST(CompileModule, UnwritableDumpIsAnError) {
  CompileOptions options;
  options.dumpDirectory = "/proc/no-such-folder";
  Compiled compiled = compile(trainingStep(16), "cpu", options);
  EXPECT_FALSE(compiled.result.program);
  EXPECT_NE(compiled.said.text.find("cannot write /proc/no-such-folder"),
            std::string::npos)
      << compiled.said.text;
}

TEST(CompileModule, UnknownStageNamesTheKnownOnes) {
  CompileOptions options;
  options.stage = "fusion";
  Compiled compiled = compile(trainingStep(16), "cpu", options);
  EXPECT_FALSE(compiled.result.program);
  EXPECT_EQ(compiled.said.text,
            "no stage 'fusion'; there are traced, autodiff, decompose, "
            "simplify, fuse, plan-memory, loops, llvm");
}

TEST(CompileModule, ArgumentsAreDescribed) {
  Compiled compiled = compile(R"(
func.func @f(%x: tensor<3xf32> {needle.name = "table", needle.role = "variable"},
    %i: tensor<2xi64> {needle.index_limit = 3 : i64, needle.index_op = "take",
                       needle.index_place = {file = "user.cpp", line = 9}})
    -> (tensor<2xf32>, tensor<3xf32> {needle.updates = 0 : i64}) {
  %0 = needle.take %x, %i {axis = 0 : i64} : tensor<3xf32>, tensor<2xi64>
  %1 = needle.square %x : tensor<3xf32>
  return %0, %1 : tensor<2xf32>, tensor<3xf32>
})",
                              "cpu");
  ASSERT_TRUE(compiled.result.program) << compiled.said.text;
  const runtime::Program &program = *compiled.result.program;
  EXPECT_EQ(program.arguments[0].name, "table");
  EXPECT_EQ(program.arguments[0].role, Role::variable);
  EXPECT_EQ(program.arguments[1].indexLimit, 3);
  EXPECT_EQ(program.arguments[1].indexText, "user.cpp:9: take");
  EXPECT_EQ(program.arguments[1].indexLine, 9);
  EXPECT_EQ(program.results[1].updates, 0);
  try {
    execute(compiled.result,
            {array<float>({3}, {1, 2, 3}), array<int64_t>({2}, {0, 3})});
    FAIL();
  } catch (const IndexError &error) {
    EXPECT_EQ(error.where().line, 9);
  }
}

} // namespace
