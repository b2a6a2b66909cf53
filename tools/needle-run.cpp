// needle-run.cpp - runs a dumped graph, compiled or interpreted, or compares.
#include "GraphFile.h"
#include "RunTool.h"
#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Diagnostics.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/ProgramBuilder.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/codegen/reference/Interpreter.h"
#include "needle/ir/Import.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Execution.h"
#include "needle/runtime/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <map>
#include <random>

using namespace needle;
using codegen::reference::HostArray;
using mlir::func::FuncOp;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("needle-run options");
cl::opt<std::string> file(cl::Positional, cl::desc("FILE (.json or .mlir)"),
                          cl::Required, cl::cat(category));
cl::opt<std::string> target("target", cl::desc("cpu or reference"),
                            cl::value_desc("NAME"), cl::cat(category));
cl::list<std::string> inputs("input", cl::desc("an argument from a file"),
                             cl::value_desc("NAME=FILE.npy"),
                             cl::cat(category));
cl::list<std::string> outputs("output", cl::desc("writes a result"),
                              cl::value_desc("NAME=FILE.npy"),
                              cl::cat(category));
cl::opt<uint64_t> seed("seed", cl::init(0), cl::cat(category),
                       cl::desc("of the arguments without a file: floats "
                                "standard normal, integers 0 or 1"));
cl::opt<std::string> compare("compare", cl::value_desc("reference"),
                             cl::cat(category),
                             cl::desc("with the interpreter's results; exit "
                                      "status 1 when they differ"));
cl::opt<double> rtol("rtol", cl::init(-1), cl::cat(category),
                     cl::desc("relative tolerance (f32 1e-4, f64 1e-10)"));
cl::opt<double> atol("atol", cl::init(-1), cl::cat(category),
                     cl::desc("absolute tolerance (f32 1e-5, f64 1e-12)"));
cl::opt<bool> profile("profile", cl::cat(category),
                      cl::desc("time per kernel and the memory plan"));
cl::opt<bool> timing("timing", cl::cat(category),
                     cl::desc("time per stage of the compiler"));
cl::opt<unsigned> runs("runs", cl::init(1), cl::cat(category),
                       cl::desc("with the same arguments; of more than one, "
                                "the profile leaves out the first"));

// ---- arguments
// ---------------------------------------------------------------

std::string nameOf(const std::string &name, size_t number) {
  return name.empty() ? std::to_string(number) : name;
}

/// The number of what is called `name` (or has that number) in `list`.
template <class Described>
size_t findNamed(const std::vector<Described> &list, const std::string &name,
                 const std::string &kind) {
  std::string known;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].name == name)
      return i;
    known += (i ? ", " : "") + nameOf(list[i].name, i);
  }
  for (size_t i = 0; i < list.size(); ++i)
    if (std::to_string(i) == name)
      return i;
  throw Error("no " + kind + " is called '" + name + "'; there are: " + known);
}

std::map<size_t, std::string> parseFiles(const cl::list<std::string> &options,
                                         const auto &described,
                                         const std::string &kind) {
  std::map<size_t, std::string> files;
  for (const std::string &option : options) {
    size_t equals = option.find('=');
    if (equals == option.npos)
      throw Error("--" + kind + "=" + option + ": want NAME=FILE.npy");
    files[findNamed(described, option.substr(0, equals),
                    kind == "input" ? "argument" : "result")] =
        option.substr(equals + 1);
  }
  return files;
}

HostArray arrayOf(const ValueType &type) {
  HostArray array{type.dtype, {type.shape.begin(), type.shape.end()}, {}};
  array.bytes.resize(runtime::byteSize(type));
  return array;
}

HostArray readInput(const std::string &path,
                    const runtime::ProgramArgument &argument) {
  NpyArray read = readNpy(path);
  if (read.dtype != argument.type.dtype || read.shape != argument.type.shape)
    throw Error(path + ": is " + toString(read.dtype) + " " +
                toString(read.shape) + ", the argument " +
                toString(argument.type.dtype) + " " +
                toString(argument.type.shape));
  HostArray array = arrayOf(argument.type);
  array.bytes = std::move(read.bytes);
  return array;
}

/// Floats standard normal, integers 0 or 1 (keys: any), booleans even.
HostArray drawInput(const runtime::ProgramArgument &argument,
                    std::mt19937_64 &random) {
  HostArray array = arrayOf(argument.type);
  std::normal_distribution<double> normal;
  // A valid index, should it be one.
  uint64_t integers = argument.indexLimit == 1 ? 1 : 2;
  auto fill = [&](auto null, auto draw) {
    for (int64_t i = 0; i < array.elements(); ++i)
      array.data<decltype(null)>()[i] = decltype(null)(draw());
  };
  auto integer = [&] {
    return argument.role == Role::key ? random() : (random() >> 32) % integers;
  };
  withElement(array.dtype, [&](auto zero) {
    if (array.dtype == DType::boolean)
      fill(zero, [&] { return random() >> 63; });
    else if (isFloating(array.dtype))
      fill(zero, [&] { return normal(random); });
    else
      fill(zero, integer);
  });
  return array;
}

std::vector<HostArray> makeArguments(const runtime::Program &program) {
  std::map<size_t, std::string> files =
      parseFiles(inputs, program.arguments, "input");
  std::mt19937_64 random(seed);
  std::vector<HostArray> arguments;
  for (size_t i = 0; i < program.arguments.size(); ++i) {
    // Drawn in any case: a file for one leaves the others as they are.
    HostArray drawn = drawInput(program.arguments[i], random);
    auto path = files.find(i);
    arguments.push_back(path == files.end()
                            ? std::move(drawn)
                            : readInput(path->second, program.arguments[i]));
  }
  return arguments;
}

// ---- results
// -----------------------------------------------------------------

struct Difference {
  double absolute = 0, relative = 0;
  bool agrees = true;
};

template <class T>
Difference differenceOf(const T *got, const T *want, int64_t count,
                        double relative, double absolute) {
  Difference all;
  for (int64_t i = 0; i < count; ++i) {
    double a = double(got[i]), b = double(want[i]);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double error = std::fabs(a - b);
    all.agrees &= error <= absolute + relative * std::fabs(b);
    if (std::isnan(error))
      error = INFINITY;
    all.absolute = std::max(all.absolute, error);
    all.relative = std::max(all.relative, error / std::fabs(b));
  }
  return all;
}

struct Tolerance {
  double relative, absolute;
};
Tolerance toleranceOf(DType dtype) {
  switch (dtype) {
  case DType::bfloat16:
    return {1.6e-2, 1e-5};
  case DType::float32:
    return {1e-4, 1e-5};
  case DType::float64:
    return {1e-10, 1e-12};
  default:
    return {0, 0};
  }
}

Difference differenceOf(const HostArray &want, const void *got) {
  auto [relative, absolute] = toleranceOf(want.dtype);
  return withElement(want.dtype, [&](auto zero) {
    using T = decltype(zero);
    return differenceOf(static_cast<const T *>(got), want.data<T>(),
                        want.elements(), rtol < 0 ? relative : double(rtol),
                        atol < 0 ? absolute : double(atol));
  });
}

template <class T> void printElements(const void *data, int64_t count) {
  for (int64_t i = 0; i < std::min<int64_t>(count, 8); ++i)
    llvm::outs() << ' '
                 << llvm::format("%.9g",
                                 double(static_cast<const T *>(data)[i]));
  llvm::outs() << (count > 8 ? " ...\n" : "\n");
}

void printResult(const std::string &name, const ValueType &type,
                 const void *data) {
  llvm::outs() << name << ": " << toString(type.dtype) << ' '
               << toString(type.shape) << " =";
  int64_t count = type.shape.elements();
  withElement(type.dtype,
              [&](auto zero) { printElements<decltype(zero)>(data, count); });
}

/// Prints the largest errors; returns whether all results agree.
bool compareResults(FuncOp function, const std::vector<HostArray> &arguments,
                    const runtime::Program &program,
                    const std::vector<runtime::BufferPtr> &results) {
  llvm::SmallVector<HostArray> wanted;
  if (mlir::failed(codegen::reference::interpret(function, arguments, wanted)))
    throw Error("the interpreter cannot run this");
  bool agree = true;
  for (size_t i = 0; i < results.size(); ++i) {
    Difference difference = differenceOf(wanted[i], results[i]->data());
    llvm::outs() << nameOf(program.results[i].name, i) << ": "
                 << (difference.agrees ? "agrees" : "DIFFERS")
                 << ", largest error "
                 << llvm::format("%.3g", difference.absolute) << " absolute, "
                 << llvm::format("%.3g", difference.relative) << " relative\n";
    agree &= difference.agrees;
  }
  return agree;
}

// ---- the program
// -------------------------------------------------------------

/// "FILE: what was said", with the user's place unless it is in FILE itself.
[[noreturn]] void raise(const codegen::Diagnostics::Text &said) {
  std::string text = said.text.empty() ? "cannot be run" : said.text;
  std::string place = said.line ? ":" + std::to_string(said.line) + ": " : ": ";
  if (said.file == file)
    throw Error(file + place + text);
  throw Error(file + ": " + std::string(baseName(said.file)) +
              (said.file.empty() ? "" : place) + text);
}

mlir::OwningOpRef<mlir::ModuleOp>
readModule(mlir::MLIRContext *context, const codegen::Diagnostics::Text &said) {
  std::string error;
  GraphFile input = openGraphFile(file, error);
  if (!input.text)
    throw Error(error);
  llvm::StringRef text = input.text->getBuffer();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  if (input.isJson) {
    Graph graph = fromJson(text, file);
    codegen::TargetInfo named; // replaced by what this machine has
    named.name = graph.target;
    module = ir::importGraph(context, graph, named.attribute(context));
  } else {
    module = mlir::parseSourceString<mlir::ModuleOp>(
        text, mlir::ParserConfig(context), file);
  }
  if (!module)
    raise(said);
  return module;
}

mlir::OwningOpRef<mlir::ModuleOp>
makeReference(mlir::ModuleOp module, const codegen::Diagnostics::Text &said) {
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  mlir::PassManager passes(module.getContext());
  codegen::stages().front().addPasses(passes); // the gradients
  if (mlir::failed(passes.run(*copy)))
    raise(said);
  return copy;
}

void printTiming(const runtime::Report &report) {
  auto line = [](double ms, const std::string &name) {
    llvm::outs() << llvm::format("%10.3f ms  ", ms) << name << '\n';
  };
  double rest = report.compileMs;
  for (const auto &[stage, ms] : report.stageMs) {
    line(ms, stage);
    rest -= ms;
  }
  line(rest, "other");
  line(report.compileMs, "all of compiling");
}

int run() {
  if (!compare.empty() && compare != "reference")
    throw Error("--compare=" + compare + ": can be reference only");
  if (runs == 0)
    throw Error("--runs=0: the results are those of a run");
  std::unique_ptr<mlir::MLIRContext> context = codegen::makeContext();
  codegen::Diagnostics::Text said;
  codegen::Diagnostics diagnostics(context.get(), said);
  mlir::OwningOpRef<mlir::ModuleOp> module = readModule(context.get(), said);
  std::string error;
  auto written =
      (*module)->getAttrOfType<needle::ir::TargetAttr>("needle.target");
  std::string name = !target.empty() ? std::string(target)
                     : written       ? written.getName().str()
                                     : "cpu";
  mlir::FailureOr<codegen::TargetInfo> info =
      codegen::TargetInfo::host(name, error);
  if (mlir::failed(info))
    throw TargetError(error);
  (*module)->setAttr("needle.target", info->attribute(context.get()));
  mlir::OwningOpRef<mlir::ModuleOp> reference;
  if (!compare.empty())
    reference = makeReference(*module, said);

  codegen::CompileResult compiled;
  std::string stage;
  if (mlir::failed(codegen::compileModule(*module, {}, compiled, stage)))
    raise(said);
  const runtime::Program &program = *compiled.program;
  std::map<size_t, std::string> files =
      parseFiles(outputs, program.results, "output");
  std::vector<HostArray> arguments = makeArguments(program);
  runtime::Profile times;
  runtime::ExecuteOptions options;
  runtime::Executable executable(compiled.program);
  runtime::Executed executed;
  for (unsigned i = 0; i < runs; ++i) {
    std::vector<runtime::BufferPtr> buffers;
    for (const HostArray &argument : arguments)
      buffers.push_back(runtime::Buffer::copyOf(argument.bytes.data(),
                                                argument.bytes.size()));
    options.profile = profile && (i > 0 || runs == 1) ? &times : nullptr;
    executed = executable.execute(std::move(buffers), options);
    executed.done.wait();
  }

  for (size_t i = 0; i < program.results.size(); ++i) {
    const ValueType &type = program.results[i].type;
    const void *data = executed.results[i]->data();
    printResult(nameOf(program.results[i].name, i), type, data);
    if (files.contains(i))
      writeNpy(files[i], type.dtype, type.shape, data);
  }
  if (timing)
    printTiming(compiled.report);
  if (profile)
    llvm::outs() << times.table() << "kernels: " << compiled.report.kernels
                 << ", compiled in "
                 << llvm::format("%.1f", compiled.report.compileMs)
                 << " ms\nmemory: arena " << compiled.report.arenaBytes
                 << " bytes, all intermediates "
                 << compiled.report.sumOfIntermediateBytes << " bytes\n";
  if (!reference)
    return 0;
  FuncOp function = *reference->getOps<FuncOp>().begin();
  return compareResults(function, arguments, program, executed.results) ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "needle-run: runs a dumped graph\n");
  return runTool("needle-run", run);
}
