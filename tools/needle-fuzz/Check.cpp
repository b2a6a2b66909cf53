// Check.cpp - round trips, differential runs and metamorphic runs of a graph.
#include "Check.h"

#include "numerics/CheckGradient.h"

#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Diagnostics.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Export.h"
#include "needle/ir/Import.h"
#include "needle/ir/Ops.h"
#include "needle/passes/Passes.h"
#include "needle/runtime/Execution.h"
#include "needle/runtime/ThreadPool.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <cmath>
#include <cstring>
#include <map>

using namespace mlir;

namespace needle::fuzz {

using numerics::HostArray;
using Results = std::vector<HostArray>;

void Tally::add(const Tally &other) {
  graphs += other.graphs;
  kernelsCompiled += other.kernelsCompiled;
  elements += other.elements;
  loose += other.loose;
  differences += other.differences;
}

namespace {

class Checker {
public:
  Checker(const GeneratedGraph &generated, Tally &tally)
      : generated(generated), graph(generated.graph), tally(tally),
        context(codegen::makeContext()), diagnostics(context.get(), said) {}

  std::optional<Failure> run();
  std::optional<std::vector<ArgumentBytes>> interpreted();

private:
  using Check = bool (Checker::*)();

  bool fail(std::string what, std::string why = "") {
    failure = {std::move(what), why.empty() ? said.text : std::move(why)};
    return false;
  }
  bool roundTrips();
  bool interpret(Results &results);
  bool isInterpretedWithinBounds();
  bool computeBounds();
  bool runCompiled();
  bool runUnfused();
  bool gradientsAgree();

  bool textIsFixed(ModuleOp module, const char *stage);
  bool isInside(const char *who, const Results &results);
  std::unique_ptr<runtime::Executable> compile(ModuleOp module,
                                               const char *how);
  bool execute(const runtime::Executable &program, const char *how,
               std::vector<runtime::BufferPtr> arguments,
               runtime::ThreadPool &threads, Results &results);
  std::vector<runtime::BufferPtr> buffers() const;
  bool isSame(const char *what, const Results &a, const Results &b);
  bool sharesArguments(const runtime::Executable &program);
  void count();

  const GeneratedGraph &generated;
  const Graph &graph;
  Tally &tally;
  std::unique_ptr<MLIRContext> context;
  codegen::Diagnostics::Text said;
  codegen::Diagnostics diagnostics;
  OwningOpRef<ModuleOp> module; // as traced
  std::vector<HostArray> arguments;
  std::vector<numerics::TensorBound> bounds;
  std::optional<Failure> failure;
};

func::FuncOp functionOf(ModuleOp module) {
  return *module.getOps<func::FuncOp>().begin();
}

std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, OpPrintingFlags().enableDebugInfo().assumeVerified());
  return text;
}

LogicalResult runStages(ModuleOp module, llvm::StringRef last) {
  PassManager passes(module.getContext());
  for (const codegen::Stage &stage : codegen::stages()) {
    stage.addPasses(passes);
    if (stage.name == std::string_view(last))
      break;
  }
  return passes.run(module);
}

// ---- round trips ------------------------------------------------------------

bool Checker::textIsFixed(ModuleOp of, const char *stage) {
  std::string text = textOf(of);
  auto parsed = parseSourceString<ModuleOp>(text, ParserConfig(context.get()));
  if (!parsed)
    return fail("printed IR can't be parsed", said.text + "\n" + text);
  if (textOf(*parsed) != text)
    return fail("parsing changes IR",
                std::string(stage) + "\n" + text + "\n==>\n" + textOf(*parsed));
  return true;
}

bool Checker::roundTrips() {
  std::string json = toJson(graph);
  try {
    Graph back = fromJson(json, "fuzz.json");
    if (!(back == graph) || toJson(back) != json)
      return fail("JSON changes the graph", json);
  } catch (const Error &error) {
    return fail("JSON can't be read", error.what());
  }
  std::string error;
  auto target = codegen::TargetInfo::host("cpu", error);
  module =
      ir::importGraph(context.get(), graph, target->attribute(context.get()));
  if (!module)
    return fail("import");
  FailureOr<Graph> exported = ir::exportGraph(*module);
  if (failed(exported))
    return fail("export");
  if (!(*exported == graph))
    return fail("the IR changes the graph", toJson(*exported));
  return textIsFixed(*module, "traced");
}

// ---- what is right ----------------------------------------------------------

bool Checker::interpret(Results &results) {
  for (size_t i = 0; i < graph.arguments.size(); ++i) {
    const ValueType &type = graph.arguments[i].type;
    arguments.push_back({type.dtype,
                         {type.shape.begin(), type.shape.end()},
                         generated.arguments[i]});
  }
  OwningOpRef<ModuleOp> copy = module->clone();
  if (failed(runStages(*copy, "autodiff")))
    return fail("autodiff");
  llvm::SmallVector<HostArray> made;
  if (failed(codegen::reference::interpret(functionOf(*copy), arguments, made)))
    return fail("interpreter");
  results.assign(made.begin(), made.end());
  return true;
}

bool Checker::isInterpretedWithinBounds() {
  Results results;
  return interpret(results) && computeBounds() &&
         isInside("interpreter", results);
}

bool Checker::computeBounds() {
  auto primitive = numerics::primitiveForm(*module);
  if (failed(primitive))
    return fail("decompose");
  std::vector<numerics::TensorBound> exact;
  for (const HostArray &argument : arguments)
    exact.push_back(numerics::exactly(argument));
  auto found = numerics::boundResults(functionOf(**primitive), exact);
  if (failed(found))
    return fail("bounds");
  bounds = std::move(found->results);
  count();
  return true;
}

void Checker::count() {
  for (const numerics::TensorBound &bound : bounds) {
    // In bfloat16 neighbours are almost that far apart.
    numerics::Real limit = bound.dtype == bfloat16 ? 0.1L : 0.01L;
    for (const numerics::Bound &element : bound.elements) {
      ++tally.elements;
      numerics::Real size = element.magnitude();
      bool isLoose = !element.isEmpty() &&
                     element.hi - element.lo > std::max(size, 1e-6L) * limit;
      tally.loose += isLoose || std::isinf(element.hi - element.lo);
    }
  }
}

bool Checker::isInside(const char *who, const Results &results) {
  numerics::Violation worst = numerics::findViolation(bounds, results);
  return worst.element < 0 || fail(std::string(who) + " out of bounds",
                                   numerics::describe(worst, bounds));
}

// ---- runs -------------------------------------------------------------------

std::unique_ptr<runtime::Executable> Checker::compile(ModuleOp of,
                                                      const char *how) {
  codegen::CompileResult compiled;
  std::string stage;
  if (failed(codegen::compileModule(of, {}, compiled, stage))) {
    fail(std::string(how) + ": stage " + stage);
    return nullptr;
  }
  tally.kernelsCompiled += compiled.report.kernelsCompiled;
  try {
    return std::make_unique<runtime::Executable>(compiled.program);
  } catch (const Error &error) {
    fail(std::string(how) + ": program", error.what());
    return nullptr;
  }
}

std::vector<runtime::BufferPtr> Checker::buffers() const {
  std::vector<runtime::BufferPtr> made;
  for (const HostArray &argument : arguments)
    made.push_back(
        runtime::Buffer::copyOf(argument.bytes.data(), argument.bytes.size()));
  return made;
}

bool Checker::execute(const runtime::Executable &program, const char *how,
                      std::vector<runtime::BufferPtr> given,
                      runtime::ThreadPool &threads, Results &results) {
  runtime::ExecuteOptions options;
  options.threads = &threads;
  results.clear();
  try {
    runtime::Executed executed = program.execute(std::move(given), options);
    executed.done.wait();
    for (size_t i = 0; i < executed.results.size(); ++i) {
      const ValueType &type = program.program().results[i].type;
      auto data = executed.results[i]->as<std::byte>();
      results.push_back({type.dtype,
                         {type.shape.begin(), type.shape.end()},
                         {data, data + runtime::byteSize(type)}});
    }
  } catch (const Error &error) {
    return fail(std::string(how) + ": run", error.what());
  }
  return true;
}

bool Checker::isSame(const char *what, const Results &a, const Results &b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].bytes != b[i].bytes)
      return fail(what, "result " + std::to_string(i) + " has other bits");
  return true;
}

bool Checker::runCompiled() {
  // The pools are the process's: starting threads takes longer than a graph.
  static runtime::ThreadPool alone(1);
  static runtime::ThreadPool two(2);
  OwningOpRef<ModuleOp> copy = module->clone();
  auto program = compile(*copy, "cpu");
  if (!program)
    return false;
  std::vector<runtime::BufferPtr> held = buffers();
  Results copied, donated, other;
  if (!execute(*program, "cpu", held, two, copied) ||
      !isInside("cpu", copied) ||
      !execute(*program, "donated", buffers(), two, donated) ||
      !isSame("donated arguments change the result", copied, donated) ||
      !execute(*program, "alone", held, alone, other) ||
      !isSame("the number of threads changes the result", copied, other))
    return false;
  return sharesArguments(*program);
}

/// One buffer for all arguments of one type, given up or held, against copies.
bool Checker::sharesArguments(const runtime::Executable &program) {
  static runtime::ThreadPool alone(1);
  std::vector<HostArray> own = arguments;
  std::vector<size_t> source(arguments.size());
  bool isTwice = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    source[i] = i;
    for (size_t k = 0; k < i && source[i] == i; ++k)
      if (graph.arguments[k].type == graph.arguments[i].type &&
          isFloating(graph.arguments[i].type.dtype))
        source[i] = source[k];
    isTwice |= source[i] != i;
    arguments[i] = own[source[i]];
  }
  Results separate, shared;
  bool isFine = true;
  if (isTwice) {
    std::vector<runtime::BufferPtr> twice = buffers();
    for (size_t i = 0; i < twice.size(); ++i)
      twice[i] = twice[source[i]];
    isFine =
        execute(program, "copies of one argument", buffers(), alone,
                separate) &&
        execute(program, "one argument twice", std::move(twice), alone,
                shared) &&
        isSame("an argument given twice changes the result", separate, shared);
  }
  arguments = std::move(own);
  return isFine;
}

bool Checker::runUnfused() {
  static runtime::ThreadPool alone(1);
  OwningOpRef<ModuleOp> copy = module->clone();
  if (failed(runStages(*copy, "simplify")))
    return fail("simplify");
  if (!textIsFixed(*copy, "simplify"))
    return false;
  OwningOpRef<ModuleOp> fused = copy->clone();
  PassManager fuse(context.get()), fuseNothing(context.get());
  fuse.addNestedPass<func::FuncOp>(passes::createFuse());
  passes::FuseOptions options;
  options.maxOps = 1;
  fuseNothing.addNestedPass<func::FuncOp>(passes::createFuse(options));
  if (failed(fuse.run(*fused)) || failed(fuseNothing.run(*copy)))
    return fail("fuse");
  if (!textIsFixed(*fused, "fuse"))
    return false;
  auto program = compile(*copy, "unfused");
  Results results;
  return program && execute(*program, "unfused", buffers(), alone, results) &&
         isInside("unfused", results);
}

/// The graph's gradient ops against differences, where values are tame.
bool Checker::gradientsAgree() {
  bool hasGradient = false;
  int64_t elements = 0;
  (*module)->walk([&](ir::GradientOp op) {
    hasGradient = true;
    for (mlir::Value operand : op->getOperands())
      elements += ir::tensorType(operand).getNumElements();
  });
  if (!hasGradient || elements > 20000)
    return true;
  numerics::GradientCheckOptions options;
  options.samples = 3;
  options.arguments = arguments;
  auto checked = numerics::checkGradients(*module, options);
  if (failed(checked)) // a value that is not finite
    return true;
  for (const numerics::CheckedGradient &gradient : *checked) {
    tally.differences += gradient.checked;
    if (!gradient.agrees)
      return fail("a gradient differs from differences",
                  gradient.name + " by " + std::to_string(gradient.worst));
  }
  return true;
}

std::optional<Failure> Checker::run() {
  ++tally.graphs;
  for (Check check :
       {&Checker::roundTrips, &Checker::isInterpretedWithinBounds,
        &Checker::runCompiled, &Checker::runUnfused, &Checker::gradientsAgree})
    if (!(this->*check)())
      break;
  return failure;
}

std::optional<std::vector<ArgumentBytes>> Checker::interpreted() {
  Results results;
  if (!roundTrips() || !interpret(results))
    return std::nullopt;
  std::vector<ArgumentBytes> bytes;
  for (HostArray &result : results)
    bytes.push_back(std::move(result.bytes));
  return bytes;
}

} // namespace

std::optional<std::vector<ArgumentBytes>>
interpret(const GeneratedGraph &generated) {
  Tally tally;
  return Checker(generated, tally).interpreted();
}

std::optional<Failure> check(const GeneratedGraph &generated, Tally &tally) {
  return Checker(generated, tally).run();
}

} // namespace needle::fuzz
