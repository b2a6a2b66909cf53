// CompileModule.cpp - a module of needle ops to a Program.
#include "needle/codegen/CompileModule.h"

#include "needle/codegen/Dump.h"
#include "needle/codegen/KernelCache.h"
#include "needle/codegen/LowerKernelsToLoops.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/ProgramBuilder.h"
#include "needle/codegen/cpu/Blob.h"
#include "needle/ir/Function.h"
#include "needle/ir/Ops.h"
#include "needle/runtime/Environment.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Threading.h"
#include "llvm/Support/ThreadPool.h"

#include <chrono>

using namespace mlir;

namespace needle::codegen {

namespace {

int countOps(ModuleOp module) {
  int count = 0;
  module.walk([&](Operation *op) {
    bool counts = isa<ir::NeedleDialect>(op->getDialect()) &&
                  !op->hasTrait<OpTrait::IsTerminator>();
    count += counts;
  });
  return count;
}

class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options,
              CompileResult &result)
      : module(module), options(options), result(result),
        dump(options.dumpDirectory) {}

  LogicalResult run(std::string &stage);

private:
  LogicalResult checkStage();
  /// Launches of kernels that are not made here can't be trusted, and values
  /// can't live where there is no target.
  LogicalResult checkLevel();
  LogicalResult runStage(const Stage &stage, ModuleOp on);
  /// What happened since the last stage ended was this one.
  void endStage(llvm::StringRef name);
  /// Files and text of a stage.
  LogicalResult show(llvm::StringRef name, ModuleOp of);
  LogicalResult showLoweredStages();
  LogicalResult compileKernels(const std::vector<KernelFunction> &functions,
                               llvm::MutableArrayRef<runtime::ProgramKernel>);
  std::string cacheKey(llvm::StringRef key) const {
    return KernelCache::keyFor(target.isa, key);
  }

  ModuleOp module;
  const CompileOptions &options;
  CompileResult &result;
  Dump dump;
  int shown = 0;
  TargetInfo target;
  using Clock = std::chrono::steady_clock;
  Clock::time_point stageStart = Clock::now();
};

void Compilation::endStage(llvm::StringRef name) {
  Clock::time_point now = Clock::now();
  std::chrono::duration<double, std::milli> time = now - stageStart;
  result.report.stageMs.emplace_back(name.str(), time.count());
  stageStart = now;
}

LogicalResult Compilation::show(llvm::StringRef name, ModuleOp of) {
  if (options.stage == name)
    result.ir = printWithPlaces(of);
  return dump.write(shown++, name, of);
}

LogicalResult Compilation::runStage(const Stage &stage, ModuleOp on) {
  PassManager passes(on.getContext());
  stage.addPasses(passes);
  return passes.run(on);
}

LogicalResult Compilation::checkStage() {
  std::string known = "traced";
  bool found = options.stage.empty() || options.stage == "traced";
  for (const Stage &stage : stages()) {
    known += ", " + std::string(stage.name);
    found |= options.stage == stage.name;
  }
  if (found)
    return success();
  return module.emitError("no stage '")
         << options.stage << "'; there are " << known;
}

LogicalResult Compilation::checkLevel() {
  WalkResult checked = module.walk([](Operation *op) {
    if (isa<ir::LaunchOp>(op)) {
      op->emitOpError() << "is lowered already: a module is compiled from a "
                           "stage before 'loops'";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(
      checked.wasInterrupted() || failed(verifyTargets(module)) ||
      failed(ir::verifyFunction(*module.getOps<func::FuncOp>().begin())));
}

bool makesKernels(const Stage &stage) {
  return stage.name == "loops" || stage.name == "llvm";
}

// The stages that make kernels, with all functions, on a copy: compiling skips
// the functions that the process has.
LogicalResult Compilation::showLoweredStages() {
  bool asked = options.stage == "loops" || options.stage == "llvm";
  if (!asked && !dump.wanted())
    return success();
  OwningOpRef<ModuleOp> copy = module.clone();
  for (const Stage &stage : stages())
    if (makesKernels(stage) &&
        (failed(runStage(stage, *copy)) || failed(show(stage.name, *copy))))
      return failure();
  return success();
}

// Functions that miss the cache: lowered and compiled, several at once.
LogicalResult Compilation::compileKernels(
    const std::vector<KernelFunction> &functions,
    llvm::MutableArrayRef<runtime::ProgramKernel> kernels) {
  std::vector<size_t> missing;
  for (size_t i = 0; i < functions.size(); ++i)
    if (functions[i].emitted)
      missing.push_back(i);
  result.report.kernelsCompiled = int(missing.size());
  if (missing.empty())
    return success();
  MLIRContext *context = module.getContext();
  llvm::DefaultThreadPool threads(llvm::hardware_concurrency(
      unsigned(std::max(2, environment::availableCores()))));
  bool lendThreads = !context->isMultithreadingEnabled();
  if (lendThreads)
    context->setThreadPool(threads);
  LogicalResult done = runStage(stages().back(), module);
  endStage("llvm");
  auto lowered = module.lookupSymbol<ModuleOp>("kernels");
  std::vector<std::string> errors(missing.size());
  if (succeeded(done))
    parallelFor(context, 0, missing.size(), [&](size_t i) {
      const KernelFunction &function = functions[missing[i]];
      FailureOr<runtime::BlobCode> code =
          makeBlob(lowered, function.symbol, target, errors[i]);
      if (failed(code))
        return;
      if (auto blob = loadBlob(*code, errors[i]))
        kernels[missing[i]].blob =
            KernelCache::process().insert(cacheKey(function.key), blob);
    });
  endStage("machine code");
  if (lendThreads)
    context->disableMultithreading();
  for (auto [number, error] : llvm::zip(missing, errors))
    if (succeeded(done) && !kernels[number].blob)
      return module.emitError("kernel ")
             << functions[number].symbol << ": " << error;
  return done;
}

LogicalResult Compilation::run(std::string &stage) {
  Clock::time_point start = Clock::now();
  auto attribute = module->getAttrOfType<ir::TargetAttr>("needle.target");
  if (!attribute)
    return module.emitError("has no needle.target to compile for");
  target = TargetInfo::from(attribute);
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  if (functions.size() != 1 || functions.front().isExternal())
    return module.emitError("must hold one function, has ") << functions.size();

  if (failed(checkStage()) || failed(checkLevel()))
    return failure();
  runtime::Report &report = result.report;
  report.tracedOps = countOps(module);
  stage = "traced";
  if (failed(show(stage, module)))
    return failure();
  for (const Stage &next : stages()) {
    if (makesKernels(next))
      break;
    stage = next.name;
    stageStart = Clock::now();
    if (failed(runStage(next, module)))
      return failure();
    endStage(stage);
    if (failed(show(stage, module)))
      return failure();
    if (next.name == "autodiff")
      report.opsAfterAutodiff = countOps(module);
  }
  stage = "loops";
  module.walk([&](ir::KernelOp) { ++report.kernels; });
  if (failed(showLoweredStages()))
    return failure();
  std::vector<KernelFunction> kernels;
  auto isLoaded = [&](llvm::StringRef key) {
    return KernelCache::process().find(cacheKey(key)) != nullptr;
  };
  stageStart = Clock::now();
  if (failed(lowerKernelsToLoops(module, isLoaded, kernels)))
    return failure();
  endStage(stage);

  stage = "llvm";
  std::vector<runtime::ProgramKernel> programKernels;
  llvm::StringMap<int32_t> numbers;
  for (const KernelFunction &kernel : kernels) {
    numbers[kernel.symbol] = int32_t(programKernels.size());
    programKernels.push_back(
        {kernel.key, kernel.symbol,
         KernelCache::process().find(cacheKey(kernel.key))});
  }
  FailureOr<std::shared_ptr<runtime::Program>> program =
      buildProgram(functions.front(), numbers);
  endStage("plan");
  if (failed(program) || failed(compileKernels(kernels, programKernels)))
    return failure();
  (*program)->kernels = std::move(programKernels);
  if (!(*program)->kernels.empty())
    (*program)->instructionSet = target.isa;

  report.arenaBytes = (*program)->arenaBytes;
  if (auto sum = functions.front()->getAttrOfType<IntegerAttr>(
          "needle.intermediate_bytes"))
    report.sumOfIntermediateBytes = sum.getInt();
  std::chrono::duration<double, std::milli> time = Clock::now() - start;
  report.compileMs = time.count();
  result.program = std::move(*program);
  return success();
}

} // namespace

std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registerDialects(registry);
  registerBlobTranslation(registry);
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->printOpOnDiagnostic(false);
  // What an imported graph is made of; passes load the rest.
  context->loadDialect<ir::NeedleDialect, func::FuncDialect>();
  return context;
}

LogicalResult verifyTargets(ModuleOp module) {
  // Asking about a target asks the CPU, which takes microseconds: once each.
  llvm::SmallPtrSet<mlir::Attribute, 4> known;
  auto check = [&](Value value, Operation *op) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(value.getType());
    auto target = tensor ? dyn_cast_or_null<StringAttr>(tensor.getEncoding())
                         : StringAttr();
    std::string error;
    if (!target || known.contains(target))
      return success();
    if (succeeded(TargetInfo::host(target.getValue(), error))) {
      known.insert(target);
      return success();
    }
    return op->emitOpError() << "has values elsewhere: " << error;
  };
  WalkResult checked = module.walk([&](Operation *op) {
    bool fine = llvm::all_of(op->getResults(), [&](Value result) {
      return succeeded(check(result, op));
    });
    for (Region &region : op->getRegions())
      for (Block &block : region)
        fine = fine && llvm::all_of(block.getArguments(), [&](Value argument) {
                 return succeeded(check(argument, op));
               });
    return fine ? WalkResult::advance() : WalkResult::interrupt();
  });
  return failure(checked.wasInterrupted());
}

LogicalResult compileModule(ModuleOp module, const CompileOptions &options,
                            CompileResult &result, std::string &failedStage) {
  return Compilation(module, options, result).run(failedStage);
}

} // namespace needle::codegen
