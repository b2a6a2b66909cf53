// CompletenessTest.cpp - no registered op lacks a gradient rule, a row, or a
// lowering. That each has an example is tools/check_examples.py's to say.
#include "opcases/Graphs.h"

#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Export.h"
#include "needle/ir/Import.h"
#include "needle/passes/Differentiable.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <set>

using namespace needle;
using namespace needle::test;

namespace {

/// What only passes make, after Autodiff; a scan's own rule sees to its yield.
const std::set<std::string> unseenByAutodiff = {"gradient", "kernel", "launch",
                                                "yield"};
/// What no program records: Simplify's and needle-opt's input may hold it.
const std::set<std::string> unrecorded = {"constant"};

/// The names of all registered ops without the dialect.
std::vector<mlir::RegisteredOperationName> allOps(mlir::MLIRContext &context) {
  std::vector<mlir::RegisteredOperationName> ops;
  for (mlir::RegisteredOperationName name : context.getRegisteredOperations())
    if (name.getDialectNamespace() == "needle")
      ops.push_back(name);
  return ops;
}
std::string nameOf(mlir::OperationName name) {
  return name.stripDialect().str();
}

TEST(Completeness, EveryOpHasAGradientRuleOrIsDeclaredToHaveNone) {
  auto context = codegen::makeContext();
  std::vector<mlir::RegisteredOperationName> ops = allOps(*context);
  EXPECT_GT(ops.size(), 60u);
  for (mlir::RegisteredOperationName op : ops)
    EXPECT_TRUE(unseenByAutodiff.count(nameOf(op)) ||
                op.hasInterface<passes::DifferentiableOpInterface>() ||
                op.hasInterface<passes::NotDifferentiableOpInterface>())
        << nameOf(op);
}

/// A row's module, and the ops that it holds after each stage.
class Compiled {
public:
  explicit Compiled(const Graph &graph) : context(codegen::makeContext()) {
    std::string error;
    auto target = codegen::TargetInfo::host("cpu", error);
    EXPECT_TRUE(mlir::succeeded(target)) << error;
    module =
        ir::importGraph(context.get(), graph, target->attribute(context.get()));
  }
  /// The graph it was made from, once more.
  Graph exported() { return *ir::exportGraph(*module); }
  /// Runs all stages but the one that leaves the dialect.
  void lower(std::set<std::string> &seen) {
    collect(seen);
    for (const codegen::Stage &stage : codegen::stages()) {
      if (stage.name == "llvm")
        return;
      mlir::PassManager passes(context.get());
      stage.addPasses(passes);
      EXPECT_TRUE(mlir::succeeded(passes.run(*module)));
      collect(seen);
      if (stage.name == "fuse")
        countHostKernels();
    }
  }
  int hostKernels = 0;

private:
  void collect(std::set<std::string> &seen) {
    module->walk([&](mlir::Operation *op) {
      if (op->getName().getDialectNamespace() == "needle")
        seen.insert(nameOf(op->getName()));
    });
  }
  void countHostKernels() {
    module->walk([&](ir::KernelOp kernel) {
      hostKernels += kernel.getKind() == "host";
    });
  }
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST(Completeness, EveryOpHasARowAndALoweringForTheCpu) {
  std::set<std::string> seen, named;
  for (const OpCase &row : opCases()) {
    SCOPED_TRACE(row.name);
    named.insert(row.op);
    Compiled compiled(
        recordedGraph(recordRow(row, row.shapes.back(), row.dtypes.back()))
            .graph);
    compiled.lower(seen);
    // Only what asks for another target leaves the cpu.
    EXPECT_EQ(compiled.hostKernels > 0, row.op == "to");
    EXPECT_TRUE(seen.count(row.op)) << "no row computes needle." << row.op;
  }
  auto context = codegen::makeContext();
  for (mlir::RegisteredOperationName op : allOps(*context)) {
    std::string name = nameOf(op);
    EXPECT_TRUE(seen.count(name) || unrecorded.count(name))
        << "no row of OpCases computes needle." << name;
  }
  for (const std::string &name : named)
    EXPECT_TRUE(
        mlir::RegisteredOperationName::lookup("needle." + name, context.get()))
        << name;
}

void collectOps(const Graph &graph, std::set<std::string> &ops) {
  for (const GraphNode &node : graph.nodes) {
    ops.insert(node.op);
    for (const Graph &body : node.regions)
      collectOps(body, ops);
  }
}

// GradientTest.cpp differences the rows that have gradients;
// numerics/CheckGradientTest.cpp what programs can't call.
TEST(Completeness, EveryRuleIsComparedWithDifferences) {
  std::set<std::string> differenced;
  for (const OpCase &row : opCases())
    if (row.order != Order::none)
      collectOps(
          recordedGraph(recordRow(row, row.shapes.back(), row.dtypes.back()))
              .graph,
          differenced);
  auto context = codegen::makeContext();
  for (mlir::RegisteredOperationName op : allOps(*context))
    EXPECT_TRUE(!op.hasInterface<passes::DifferentiableOpInterface>() ||
                differenced.count(nameOf(op)) || unrecorded.count(nameOf(op)) ||
                nameOf(op) == "erf_inv")
        << nameOf(op) << ": its gradient rule has no row of Order::once";
}

// The other half of JsonTest.cpp's: needle-opt reads what was dumped.
TEST(Completeness, GraphsAreTheSameAfterTheIr) {
  for (const OpCase &row : opCases())
    for (DType dtype : row.dtypes) {
      SCOPED_TRACE(row.name + " " + describe(row.shapes.back(), dtype));
      Graph graph =
          recordedGraph(recordRow(row, row.shapes.back(), dtype)).graph;
      EXPECT_EQ(toJson(Compiled(graph).exported()), toJson(graph));
    }
}

} // namespace
