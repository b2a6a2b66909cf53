// KernelHarness.cpp - compiles one needle.kernel and runs it beside the
// interpreter.
#include "KernelHarness.h"

#include "needle/codegen/Passes.h"
#include "needle/codegen/cpu/Blob.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <cmath>
#include <cstring>
#include <map>

using namespace mlir;

namespace needle::codegen {

using reference::HostArray;

std::vector<TargetInfo> targets() {
  std::vector<TargetInfo> found;
  auto add = [&](const char *isa, int64_t bytes) {
    TargetInfo target;
    target.isa = isa;
    target.vectorBytes = bytes;
    found.push_back(target);
  };
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    add("avx512", 64);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    add("avx2", 32);
  add("sse2", 16);
  return found;
}

namespace {
// Memory with a fence of known bytes on both sides.
class Fenced {
public:
  explicit Fenced(size_t bytes) : memory(bytes + 2 * fence, mark) {}
  void *data() { return memory.data() + fence; }
  bool intact() const {
    auto marked = [](uint8_t byte) { return byte == mark; };
    return std::all_of(memory.begin(), memory.begin() + fence, marked) &&
           std::all_of(memory.end() - fence, memory.end(), marked);
  }

private:
  static constexpr size_t fence = 256;
  static constexpr uint8_t mark = 0xa5;
  std::vector<uint8_t> memory;
};
} // namespace

struct CompiledKernel::Parts {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  ir::KernelOp kernel;
  KernelPlan plan;
  std::map<std::string, std::shared_ptr<const runtime::Blob>> blobs;
};

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, scf::SCFDialect, vector::VectorDialect,
                  memref::MemRefDialect, arith::ArithDialect, math::MathDialect,
                  ir::NeedleDialect>();
  registerBlobTranslation(registry);
  return registry;
}

CompiledKernel::CompiledKernel(const std::string &text,
                               const TargetInfo &target)
    : parts(std::make_unique<Parts>()) {
  parts->context.appendDialectRegistry(makeRegistry());
  parts->context.loadAllAvailableDialects();
  parts->module = parseSourceString<ModuleOp>(text, &parts->context);
  if (!parts->module) {
    ADD_FAILURE() << "does not parse: " << text;
    return;
  }
  parts->function = *parts->module->getOps<func::FuncOp>().begin();
  parts->kernel = *parts->function.getOps<ir::KernelOp>().begin();
  if (failed(planKernel(parts->kernel, target, parts->plan))) {
    ADD_FAILURE() << "can't be planned: " << text;
    return;
  }
  OpBuilder b(&parts->context);
  Location loc = parts->kernel.getLoc();
  OwningOpRef<ModuleOp> outer = ModuleOp::create(loc);
  b.setInsertionPointToStart(outer->getBody());
  auto kernels = ModuleOp::create(b, loc, StringRef("kernels"));
  std::map<std::string, std::string> names;
  for (const KernelPhase &phase : parts->plan.phases)
    for (const KernelCall &call : phase.calls) {
      callKeys.push_back(call.key);
      if (names.count(call.key))
        continue;
      std::string name = "f" + std::to_string(names.size());
      names[call.key] = name;
      b.setInsertionPointToEnd(kernels.getBody());
      func::FuncOp function = call.emit(b, loc, name);
      function->setAttr("needle.key", b.getStringAttr(call.key));
    }
  if (failed(verify(*outer))) {
    ADD_FAILURE() << "what is emitted is wrong: " << text;
    return;
  }
  PassManager passes(&parts->context);
  passes.addPass(createExpandMath());
  passes.addPass(createExpandLowPrecision());
  passes.addPass(createLowerLoopsToLLVM());
  if (failed(passes.run(*outer))) {
    ADD_FAILURE() << "can't be lowered: " << text;
    return;
  }
  for (auto &[key, name] : names) {
    std::string error;
    auto code = makeBlob(kernels, name, target, error);
    if (failed(code)) {
      ADD_FAILURE() << error << ": " << text;
      return;
    }
    parts->blobs[key] = runtime::Blob::load(*code);
  }
  compiled = true;
}

CompiledKernel::~CompiledKernel() = default;

size_t CompiledKernel::phases() const { return parts->plan.phases.size(); }
int64_t CompiledKernel::tiles(size_t phase) const {
  return parts->plan.phases[phase].tiles;
}

std::vector<HostArray> CompiledKernel::randomArguments(unsigned seed) const {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> small(-3, 3);
  std::vector<HostArray> arrays;
  for (Type type : parts->function.getArgumentTypes()) {
    HostArray array = HostArray::zeros(cast<RankedTensorType>(type));
    withElement(array.dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < array.elements(); ++i)
        if constexpr (std::same_as<T, uint8_t>)
          array.data<T>()[i] = small(random) > 0;
        else if constexpr (std::integral<T>)
          array.data<T>()[i] = small(random);
        else
          array.data<T>()[i] = T(normal(random));
    });
    arrays.push_back(std::move(array));
  }
  return arrays;
}

std::vector<HostArray>
CompiledKernel::run(const std::vector<HostArray> &arguments, bool backwards) {
  std::vector<HostArray> results;
  std::vector<Fenced> memory;
  for (Type type : parts->function.getResultTypes()) {
    results.push_back(HostArray::zeros(cast<RankedTensorType>(type)));
    memory.emplace_back(results.back().bytes.size());
  }
  Fenced workspace(size_t(parts->plan.workspaceBytes));
  status = 0;
  auto address = [&](BufferUse use) -> void * {
    switch (use.kind) {
    case BufferUse::Kind::operand:
      return const_cast<std::byte *>(
          arguments[size_t(use.number)].bytes.data());
    case BufferUse::Kind::result:
      return memory[size_t(use.number)].data();
    case BufferUse::Kind::workspace:
      return static_cast<char *>(workspace.data()) + use.number;
    case BufferUse::Kind::status:
      break;
    }
    return &status;
  };
  for (const KernelPhase &phase : parts->plan.phases) {
    Fenced scratch(size_t(phase.scratchBytes));
    for (int64_t i = 0; i < phase.tiles; ++i)
      for (const KernelCall &call : phase.calls) {
        std::vector<void *> buffers;
        for (BufferUse use : call.buffers)
          buffers.push_back(address(use));
        std::vector<int64_t> scalars(call.scalars.begin(), call.scalars.end());
        if (call.statusScalar >= 0)
          scalars[size_t(call.statusScalar)] = 7;
        parts->blobs[call.key]->entry()(buffers.data(), scalars.data(),
                                        backwards ? phase.tiles - 1 - i : i,
                                        scratch.data());
      }
    EXPECT_TRUE(scratch.intact()) << "written outside of the scratch memory";
  }
  EXPECT_TRUE(workspace.intact()) << "written outside of the workspace";
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(memory[i].intact()) << "written outside of result " << i;
    std::memcpy(results[i].bytes.data(), memory[i].data(),
                results[i].bytes.size());
  }
  return results;
}

std::vector<HostArray>
CompiledKernel::expect(const std::vector<HostArray> &arguments) {
  auto plan = reference::Plan::make(parts->function.getBody().front());
  std::vector<HostArray> results;
  if (failed(plan)) {
    ADD_FAILURE() << "the interpreter refuses";
    return results;
  }
  std::vector<void *> in, out;
  for (const HostArray &argument : arguments)
    in.push_back(const_cast<std::byte *>(argument.bytes.data()));
  for (Type type : parts->function.getResultTypes())
    results.push_back(HostArray::zeros(cast<RankedTensorType>(type)));
  for (HostArray &result : results)
    out.push_back(result.bytes.data());
  expectedStatus = 0;
  (*plan)->run(in.data(), out.data(), &expectedStatus);
  return results;
}

template <class T>
static void expectClose(const HostArray &actual, const HostArray &expected,
                        double rtol, double atol) {
  int shown = 0;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    T a = actual.data<T>()[i], e = expected.data<T>()[i];
    if (a == e || (a != a && e != e))
      continue;
    double error = std::abs(double(a) - double(e));
    if (!(error <= rtol * std::abs(double(e)) + atol) && ++shown <= 5)
      ADD_FAILURE() << "element " << i << " is " << +a << ", not " << +e;
  }
}

void expectClose(const HostArray &actual, const HostArray &expected,
                 double rtol, double atol) {
  if (!isFloating(expected.dtype))
    rtol = atol = 0;
  withElement(expected.dtype, [&](auto zero) {
    expectClose<decltype(zero)>(actual, expected, rtol, atol);
  });
}

void checkKernel(const std::string &text, double rtol, double atol) {
  for (const TargetInfo &target : targets()) {
    SCOPED_TRACE(target.isa + "\n" + text);
    CompiledKernel kernel(text, target);
    if (!kernel.ok())
      return;
    auto arguments = kernel.randomArguments();
    auto actual = kernel.run(arguments);
    auto again = kernel.run(arguments, /*backwards=*/true);
    auto expected = kernel.expect(arguments);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) {
      expectClose(actual[i], expected[i], rtol, atol);
      EXPECT_TRUE(actual[i].bytes == again[i].bytes)
          << "the order of tiles changes result " << i;
    }
    if (testing::Test::HasFailure())
      return;
  }
}

} // namespace needle::codegen
