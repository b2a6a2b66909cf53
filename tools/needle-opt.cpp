// needle-opt.cpp - runs passes over a dumped graph (.json) or IR (.mlir).
#include "GraphFile.h"
#include "RunTool.h"
#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Passes.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Export.h"
#include "needle/ir/Function.h"
#include "needle/ir/Import.h"
#include "needle/passes/Passes.h"
#include "needle/runtime/Error.h"
#include "numerics/CheckGradient.h"
#include "numerics/VerifyEach.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/Timing.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace needle;

namespace {

llvm::cl::OptionCategory category("needle-opt");

llvm::cl::opt<std::string> pipelineTarget(
    "needle-pipeline", llvm::cl::value_desc("cpu|reference"),
    llvm::cl::desc("run all stages for this target, after single passes"),
    llvm::cl::cat(category));
llvm::cl::opt<std::string>
    toStage("to-stage", llvm::cl::value_desc("NAME"),
            llvm::cl::desc("with --needle-pipeline: stop after this stage"),
            llvm::cl::cat(category));
llvm::cl::opt<bool> listStages("list-stages",
                               llvm::cl::desc("print the stages, in order"),
                               llvm::cl::cat(category));
enum class Emit { mlir, json };
llvm::cl::opt<Emit>
    emit("emit", llvm::cl::desc("what to write"), llvm::cl::init(Emit::mlir),
         llvm::cl::values(clEnumValN(Emit::mlir, "mlir", "MLIR's text form"),
                          clEnumValN(Emit::json, "json",
                                     "a graph, as in runtime/Json.md")),
         llvm::cl::cat(category));

llvm::cl::opt<bool> verifyNumerics(
    "verify-each-numerics",
    llvm::cl::desc("interpret after each pass; name the one that changes a "
                   "number by more than rounding can"),
    llvm::cl::cat(category));
llvm::cl::opt<bool> checkGrad(
    "check-grad",
    llvm::cl::desc("compare each gradient with central differences, in f64; "
                   "no pass runs"),
    llvm::cl::cat(category));
llvm::cl::opt<uint64_t>
    seed("seed", llvm::cl::init(0), llvm::cl::cat(category),
         llvm::cl::desc("of the arguments of --verify-each-numerics and "
                        "--check-grad"));

/// "needle-opt: error: FILE: message" on stderr.
LogicalResult fail(const Twine &message) {
  llvm::errs() << "needle-opt: error: " << message << "\n";
  return failure();
}

// ---- the pipeline -----------------------------------------------------------

/// Gives a module the host's attribute of a target that it lacks.
struct AttachTarget : PassWrapper<AttachTarget, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AttachTarget)
  explicit AttachTarget(StringRef name) : name(name) {}
  StringRef getName() const override { return "AttachTarget"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<ir::NeedleDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    bool fine = succeeded(ir::verifyTarget(module)) &&
                succeeded(codegen::verifyTargets(module));
    for (auto function : module.getOps<func::FuncOp>())
      fine = fine && succeeded(ir::verifyFunction(function));
    if (!fine)
      return signalPassFailure();
    auto present =
        getOperation()->getAttrOfType<ir::TargetAttr>("needle.target");
    if (present && present.getName() == name)
      return;
    std::string error;
    auto target = codegen::TargetInfo::host(name, error);
    if (failed(target)) {
      getOperation().emitError(error);
      return signalPassFailure();
    }
    getOperation()->setAttr("needle.target", target->attribute(&getContext()));
  }

  std::string name;
};

/// Writes the module as JSON.
struct EmitJson : PassWrapper<EmitJson, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitJson)
  explicit EmitJson(llvm::raw_ostream &os) : os(os) {}
  StringRef getName() const override { return "EmitJson"; }

  void runOnOperation() override {
    markAllAnalysesPreserved();
    auto graph = ir::exportGraph(getOperation());
    if (failed(graph))
      return signalPassFailure();
    try {
      os << toJson(*graph);
    } catch (const Error &error) {
      getOperation().emitError(error.what());
      signalPassFailure();
    }
  }

  llvm::raw_ostream &os;
};

LogicalResult checkPipelineOptions() {
  std::string names;
  bool found = toStage.empty();
  for (const codegen::Stage &stage : codegen::stages()) {
    names += " " + std::string(stage.name);
    found |= stage.name == std::string_view(toStage);
  }
  if (!found)
    return fail("no stage '" + toStage + "'; there are" + names);
  if (!toStage.empty() && pipelineTarget.empty())
    return fail("--to-stage needs --needle-pipeline=cpu or =reference");
  return success();
}

void addPipeline(PassManager &pm) {
  pm.addPass(std::make_unique<AttachTarget>(pipelineTarget));
  for (const codegen::Stage &stage : codegen::stages()) {
    stage.addPasses(pm);
    if (stage.name == std::string_view(toStage))
      return;
  }
}

// ---- input ------------------------------------------------------------------

/// The text of the module that a JSON graph is, with the user's places.
FailureOr<std::string> textOfJson(StringRef text, StringRef name,
                                  const DialectRegistry &registry) {
  Graph graph;
  try {
    graph = fromJson(std::string_view(text.data(), text.size()), name.str());
  } catch (const Error &error) {
    return fail(error.what());
  }
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string error;
  auto target = codegen::TargetInfo::host(graph.target, error);
  if (failed(target))
    return fail(name + ": " + error);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure();
    llvm::errs() << "needle-opt: error: " << name << ": "
                 << diagnostic.getLocation() << ": " << diagnostic << "\n";
    return success();
  });
  auto module = ir::importGraph(&context, graph, target->attribute(&context));
  if (!module)
    return failure();
  std::string result;
  llvm::raw_string_ostream os(result);
  module->print(os, OpPrintingFlags().enableDebugInfo().assumeVerified());
  return result;
}

// ---- gradients --------------------------------------------------------------

/// A line per gradient; fails unless all agree with differences.
LogicalResult checkGradientsOf(const llvm::MemoryBuffer &text,
                               const DialectRegistry &registry,
                               llvm::raw_ostream &os) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBuffer(text.getMemBufferRef()), {});
  SourceMgrDiagnosticHandler handler(sources, &context, llvm::errs());
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return failure();
  numerics::GradientCheckOptions options;
  options.seed = seed;
  auto checked = numerics::checkGradients(*module, options);
  if (failed(checked))
    return failure();
  int64_t compared = 0;
  bool agree = true;
  for (const numerics::CheckedGradient &gradient : *checked) {
    os << gradient.name << ": " << (gradient.agrees ? "agrees" : "DIFFERS")
       << ", largest error " << llvm::format("%.3g", gradient.worst) << " of "
       << gradient.checked << " differences";
    if (gradient.kinks)
      os << ", " << gradient.kinks << " across a kink left out";
    os << "\n";
    agree &= gradient.agrees;
    compared += gradient.checked;
  }
  if (!agree)
    return fail("gradients differ from central differences");
  if (compared == 0)
    return fail("there is no gradient to check");
  return success();
}

// ---- main -------------------------------------------------------------------

LogicalResult run(StringRef inputName, StringRef outputName,
                  DialectRegistry &registry) {
  std::string error;
  GraphFile input = openGraphFile(inputName, error);
  if (!input.text)
    return fail(error);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (input.isJson) {
    auto text = textOfJson(input.text->getBuffer(), inputName, registry);
    if (failed(text))
      return failure();
    input.text = llvm::MemoryBuffer::getMemBufferCopy(*text, inputName);
    config.splitInputFile("");
  }
  auto output = openOutputFile(outputName, &error);
  if (!output)
    return fail(error);

  if (checkGrad)
    return checkGradientsOf(*input.text, registry, output->os());
  MlirOptMainConfig outer = config;
  outer.setPassPipelineSetupFn([&](PassManager &pm) -> LogicalResult {
    if (failed(config.setupPassPipeline(pm)))
      return failure();
    if (!pipelineTarget.empty())
      addPipeline(pm);
    if (verifyNumerics)
      numerics::verifyEachNumerics(pm, seed);
    if (emit == Emit::json)
      pm.addPass(std::make_unique<EmitJson>(output->os()));
    return success();
  });
  llvm::raw_null_ostream nowhere;
  llvm::raw_ostream &ir = emit == Emit::json
                              ? static_cast<llvm::raw_ostream &>(nowhere)
                              : output->os();
  if (failed(MlirOptMain(ir, std::move(input.text), registry, outer)))
    return failure();
  output->keep();
  return success();
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  passes::registerNeedlePasses();
  codegen::registerNeedleCodegenPasses();
  registerCanonicalizerPass();
  registerCSEPass();
  DialectRegistry registry;
  codegen::registerDialects(registry);
  registerDefaultTimingManagerCLOptions();
  llvm::cl::alias timing(
      "timing", llvm::cl::desc("Alias for --mlir-timing"),
      llvm::cl::aliasopt(*llvm::cl::getRegisteredOptions()["mlir-timing"]));
  auto [inputName, outputName] = registerAndParseCLIOptions(
      argc, argv, "needle-opt: passes over needle's graphs and IR\n", registry);
  if (listStages) {
    for (const codegen::Stage &stage : codegen::stages())
      llvm::outs() << stage.name << "\n";
    return 0;
  }
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects()) {
    for (StringRef name : registry.getDialectNames())
      llvm::outs() << name << "\n";
    return 0;
  }
  if (config.shouldListPasses()) {
    printRegisteredPasses();
    return 0;
  }
  if (failed(checkPipelineOptions()))
    return 1;
  return runTool("needle-opt", [&] {
    return succeeded(run(inputName, outputName, registry)) ? 0 : 1;
  });
}
