// Passes.cpp - time of every stage over the number of ops: the slope.
// Graphs of 10^3 to 10^5 ops, each a loss whose gradient is asked for:
// `chain`, one op after the other; `wide`, thousands of short branches from one
// value; `blocks`, residual blocks of matmul, softmax and elementwise ops.
// What is measured is one stage alone, on the module that the stages before it
// made; google benchmark fits the order (N, NlgN) at the end of each family.
#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Import.h"

#include "mlir/Pass/PassManager.h"

#include <benchmark/benchmark.h>

using namespace needle;

namespace {

/// Ops one by one; a value is its number.
class GraphBuilder {
public:
  explicit GraphBuilder(int64_t arguments, Shape shape) : shape(shape) {
    graph.files.push_back("Passes.cpp");
    for (int64_t i = 0; i < arguments; ++i) {
      GraphArgument argument;
      argument.type.shape = shape;
      argument.place = {0, 1};
      graph.arguments.push_back(argument);
    }
  }

  int64_t op(const char *name, std::vector<int64_t> inputs,
             std::vector<Attribute> attributes = {}) {
    return add(name, std::move(inputs), std::move(attributes), shape);
  }
  int64_t size() const { return int64_t(graph.nodes.size()); }

  /// The sum of `y`, and its gradient with respect to `x`, a pin.
  Graph finish(int64_t y, int64_t x) {
    std::vector<int64_t> axes;
    for (int axis = 0; axis < shape.rank(); ++axis)
      axes.push_back(axis);
    int64_t loss =
        add("sum", {y}, {{"axes", axes}, {"keep_dims", false}}, Shape());
    int64_t gradient =
        add("gradient", {loss, x},
            {{"allow_unused", false}, {"has_cotangent", false}}, shape);
    for (int64_t value : {loss, gradient}) {
      GraphResult result;
      result.value = value;
      graph.results.push_back(result);
    }
    return std::move(graph);
  }

private:
  int64_t add(const char *name, std::vector<int64_t> inputs,
              std::vector<Attribute> attributes, const Shape &result) {
    GraphNode node;
    node.op = name;
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    node.results.push_back({DType::float32, result, ""});
    node.places.push_back({0, int32_t(10 + graph.nodes.size() % 80)});
    graph.nodes.push_back(std::move(node));
    return int64_t(graph.arguments.size() + graph.nodes.size()) - 1;
  }

  Graph graph;
  Shape shape;
};

Graph chain(int64_t ops) {
  GraphBuilder b(2, {64, 64});
  int64_t x = b.op("pin", {0}), y = x;
  while (b.size() < ops) {
    y = b.op("mul", {y, 1});
    y = b.op("add", {y, 1});
    y = b.op("tanh", {y});
  }
  return b.finish(y, x);
}

Graph wide(int64_t ops) {
  GraphBuilder b(2, {64, 64});
  int64_t x = b.op("pin", {0}), sum = x;
  while (b.size() < ops) {
    int64_t branch = b.op("tanh", {b.op("mul", {x, 1})});
    sum = b.op("add", {sum, branch});
  }
  return b.finish(sum, x);
}

Graph blocks(int64_t ops) {
  GraphBuilder b(3, {64, 64});
  int64_t x = b.op("pin", {0}), y = x;
  while (b.size() < ops) {
    int64_t scores = b.op("matmul", {y, 1},
                          {{"transpose_lhs", false}, {"transpose_rhs", true}});
    int64_t weights = b.op("softmax", {scores}, {{"axis", int64_t(1)}});
    int64_t mixed = b.op("matmul", {weights, 2},
                         {{"transpose_lhs", false}, {"transpose_rhs", false}});
    y = b.op("add", {y, b.op("tanh", {mixed})});
  }
  return b.finish(y, x);
}

void runStage(benchmark::State &state, Graph (*make)(int64_t), int stage) {
  Graph graph = make(state.range(0));
  std::string error;
  auto target = codegen::TargetInfo::host("cpu", error);
  if (mlir::failed(target))
    return state.SkipWithError(error.c_str());
  for (auto _ : state) {
    state.PauseTiming();
    {
      auto context = codegen::makeContext();
      auto module = ir::importGraph(context.get(), graph,
                                    target->attribute(context.get()));
      if (!module)
        return state.SkipWithError("the graph is refused");
      auto run = [&](int number) {
        mlir::PassManager passes(context.get());
        passes.enableVerifier(false);
        codegen::stages()[size_t(number)].addPasses(passes);
        return passes.run(*module);
      };
      for (int before = 0; before < stage; ++before)
        if (mlir::failed(run(before)))
          return state.SkipWithError("a stage failed");
      state.ResumeTiming();
      if (mlir::failed(run(stage)))
        return state.SkipWithError("the stage failed");
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
  state.SetComplexityN(state.range(0));
}

// From the graph to a program, machine code included.
void compileAll(benchmark::State &state, Graph (*make)(int64_t)) {
  Graph graph = make(state.range(0));
  std::string error, failed;
  auto target = codegen::TargetInfo::host("cpu", error);
  if (mlir::failed(target))
    return state.SkipWithError(error.c_str());
  for (auto _ : state) {
    auto context = codegen::makeContext();
    auto module =
        ir::importGraph(context.get(), graph, target->attribute(context.get()));
    codegen::CompileResult result;
    if (!module ||
        mlir::failed(codegen::compileModule(*module, {}, result, failed)))
      return state.SkipWithError("does not compile");
  }
  state.SetComplexityN(state.range(0));
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  constexpr std::pair<const char *, Graph (*)(int64_t)> graphs[] = {
      {"chain", chain}, {"wide", wide}, {"blocks", blocks}};
  for (auto [name, make] : graphs) {
    auto add = [&](std::string text, auto run) {
      benchmark::RegisterBenchmark((std::string(name) + "/" + text).c_str(),
                                   run)
          ->RangeMultiplier(10)
          ->Range(1000, 100000)
          ->Unit(benchmark::kMillisecond)
          ->Iterations(1)
          ->Complexity();
    };
    for (int stage = 0; codegen::stages()[size_t(stage)].name != "llvm";
         ++stage)
      add(std::string(codegen::stages()[size_t(stage)].name),
          [make = make, stage](benchmark::State &state) {
            runStage(state, make, stage);
          });
    add("compile",
        [make = make](benchmark::State &state) { compileAll(state, make); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
