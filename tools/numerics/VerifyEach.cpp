// VerifyEach.cpp - an instrumentation that interprets after each pass, and a
// last pass that fails for it: an instrumentation can't.
#include "VerifyEach.h"

#include "DrawArguments.h"
#include "TensorBounds.h"

#include "needle/codegen/Pipeline.h"
#include "needle/ir/Ops.h"

#include "mlir/Pass/Pass.h"

#include <optional>

using namespace mlir;

namespace needle::numerics {

namespace {

/// What is known about the module before the first pass.
struct Expected {
  std::vector<HostArray> arguments;
  std::vector<TensorBound> bounds;
};

struct State {
  uint64_t seed = 0;
  std::optional<Expected> expected;
  bool hasFailed = false;
  bool isOver = false; // nothing is left that can be interpreted
};

func::FuncOp onlyFunction(ModuleOp module) {
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  return functions.size() == 1 ? functions.front() : func::FuncOp();
}

/// The numbers of the function, with gradients expanded; none with a
/// diagnostic.
FailureOr<std::vector<HostArray>>
interpreted(ModuleOp module, llvm::ArrayRef<HostArray> arguments) {
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager passes(module.getContext());
  codegen::stages().front().addPasses(passes);
  llvm::SmallVector<HostArray> results;
  if (failed(passes.run(*copy)) ||
      failed(codegen::reference::interpret(onlyFunction(*copy), arguments,
                                           results)))
    return failure();
  return std::vector<HostArray>(results.begin(), results.end());
}

bool isLowered(ModuleOp module) {
  return module.walk([](ir::LaunchOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

class Instrumentation : public PassInstrumentation {
public:
  explicit Instrumentation(std::shared_ptr<State> state)
      : state(std::move(state)) {}

  void runBeforePass(Pass *, Operation *op) override {
    if (state->expected || state->hasFailed)
      return;
    ModuleOp module = moduleOf(op);
    if (!module || failed(expect(module)))
      state->hasFailed = true;
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    ModuleOp module = moduleOf(op);
    if (!module || !state->expected || state->hasFailed || state->isOver)
      return;
    if (isLowered(module)) {
      state->isOver = true;
      return;
    }
    auto results = interpreted(module, state->expected->arguments);
    StringRef name =
        pass->getArgument().empty() ? pass->getName() : pass->getArgument();
    if (failed(results)) {
      state->hasFailed = true;
      module.emitError("after pass ") << name << " it can't be interpreted";
      return;
    }
    Violation worst = findViolation(state->expected->bounds, *results);
    if (worst.element < 0)
      return;
    state->hasFailed = true;
    module.emitError("pass ")
        << name
        << " changed the numbers: " << describe(worst, state->expected->bounds)
        << " (off by " << std::to_string(double(worst.distance)) << ")";
  }

private:
  /// The outermost module around what a pass has run on; null inside @kernels.
  static ModuleOp moduleOf(Operation *op) {
    auto module = dyn_cast<ModuleOp>(op);
    if (!module)
      module = op->getParentOfType<ModuleOp>();
    return module && !module->getParentOp() ? module : ModuleOp();
  }

  LogicalResult expect(ModuleOp module) {
    func::FuncOp function = onlyFunction(module);
    if (!function)
      return module.emitError("--verify-each-numerics wants a module with one "
                              "function");
    Expected expected;
    expected.arguments = drawArguments(function.getBody().front(), state->seed);
    auto primitive = primitiveForm(module);
    if (failed(primitive))
      return failure();
    std::vector<TensorBound> exact;
    for (const HostArray &argument : expected.arguments)
      exact.push_back(exactly(argument));
    auto bounds = boundResults(onlyFunction(**primitive), exact);
    if (failed(bounds))
      return failure();
    expected.bounds = std::move(bounds->results);
    state->expected = std::move(expected);
    return success();
  }

  std::shared_ptr<State> state;
};

/// Fails when the numbers have changed.
struct FailForNumbers : PassWrapper<FailForNumbers, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FailForNumbers)
  explicit FailForNumbers(std::shared_ptr<State> state)
      : state(std::move(state)) {}
  StringRef getName() const override { return "FailForNumbers"; }
  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (state->hasFailed)
      signalPassFailure();
  }
  std::shared_ptr<State> state;
};

} // namespace

void verifyEachNumerics(PassManager &passes, uint64_t seed) {
  auto state = std::make_shared<State>();
  state->seed = seed;
  passes.addPass(std::make_unique<FailForNumbers>(state));
  passes.addInstrumentation(std::make_unique<Instrumentation>(state));
}

} // namespace needle::numerics
