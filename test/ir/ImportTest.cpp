// ImportTest.cpp - graphs become modules and come back as they were.
#include "needle/ir/Import.h"
#include "needle/codegen/Pipeline.h"
#include "needle/ir/Export.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <chrono>
#include <cmath>

using namespace needle;

namespace {

struct Import : testing::Test {
  Import() : context(registry(), mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    target = ir::TargetAttr::get(&context, "cpu", "avx2", 32, 1, 2);
  }
  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    codegen::registerDialects(registry);
    return registry;
  }

  /// The diagnostic that importing gives; "" when it works.
  std::string errorOf(const Graph &graph) {
    std::string text;
    mlir::ScopedDiagnosticHandler handler(
        &context, [&](mlir::Diagnostic &diagnostic) {
          llvm::raw_string_ostream(text)
              << diagnostic.getLocation() << ": " << diagnostic;
        });
    bool fine = bool(ir::importGraph(&context, graph, target));
    EXPECT_EQ(fine, text.empty());
    return text;
  }

  Graph roundTrip(const Graph &graph) {
    auto module = ir::importGraph(&context, graph, target);
    if (!module)
      return {};
    mlir::FailureOr<Graph> back = ir::exportGraph(*module);
    return mlir::succeeded(back) ? *back : Graph();
  }

  mlir::MLIRContext context;
  ir::TargetAttr target;
};

ValueType f32(std::initializer_list<Dim> shape) {
  return {DType::float32, Shape(shape), ""};
}

GraphArgument argument(ValueType type, const char *name, Role role) {
  GraphArgument argument;
  argument.type = type;
  argument.name = name;
  argument.role = role;
  return argument;
}

/// x squared, at step.cpp:7.
Graph square() {
  Graph graph;
  graph.files = {"step.cpp"};
  graph.arguments = {argument(f32({4}), "x", Role::input)};
  GraphNode node;
  node.op = "square";
  node.inputs = {0};
  node.results = {f32({4})};
  node.places = {{0, 7, -1}};
  graph.nodes = {node};
  graph.results = {{1, "y", -1}};
  return graph;
}

GraphNode constant(DType dtype, Elements elements) {
  GraphNode node;
  node.op = "constant";
  auto count =
      std::visit([](auto &list) { return list.size(); }, elements.values);
  node.results = {{dtype, Shape{count}, ""}};
  node.attributes = {{"value", elements}};
  return node;
}

} // namespace

TEST_F(Import, ArgumentsAndResultsSayWhatTheyAre) {
  Graph graph = square();
  graph.scopes = {"hidden", "out"};
  graph.arguments[0].role = Role::variable;
  graph.arguments[0].place = {0, 3, 0};
  graph.arguments.push_back(
      argument({DType::int64, Shape{2}, "reference"}, "", Role::constant));
  graph.arguments[1].indexLimit = 10;
  graph.arguments[1].indexOp = "take";
  graph.arguments[1].indexPlace = {0, 9, 1};
  graph.nodes[0].places = {{0, 7, 0}, {0, 8, -1}};
  graph.results = {{2, "y", 0}, {0, "", -1}, {2, "again", -1}};
  EXPECT_EQ(roundTrip(graph), graph);

  auto module = ir::importGraph(&context, graph, target);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  EXPECT_EQ(function.getName(), "main");
  auto text = [](mlir::Attribute attribute) {
    return mlir::cast<mlir::StringAttr>(attribute).str();
  };
  EXPECT_EQ(text(function.getArgAttr(0, "needle.role")), "variable");
  EXPECT_EQ(text(function.getArgAttr(1, "needle.index_op")), "take");
  EXPECT_EQ(text(function.getResultAttr(0, "needle.name")), "y");
  EXPECT_EQ((*module)->getAttr("needle.target"), target);
}

TEST_F(Import, ScopesAreNamesAndSeveralPlacesAreFused) {
  Graph graph = square();
  graph.scopes = {"hidden"};
  graph.nodes[0].places = {{0, 7, 0}, {0, 8, -1}};
  auto module = ir::importGraph(&context, graph, target);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  std::string text;
  llvm::raw_string_ostream(text) << function.getBody().front().front().getLoc();
  EXPECT_EQ(text, "loc(fused[\"hidden\"(\"step.cpp\":7:0), \"step.cpp\":8:0])");
}

TEST_F(Import, NoPlaceIsNamedAfterThePartOfTheGraph) {
  Graph graph = square();
  graph.files.clear();
  graph.nodes[0].places.clear();
  auto module = ir::importGraph(&context, graph, target);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  std::string text;
  llvm::raw_string_ostream(text) << function.getBody().front().front().getLoc()
                                 << function.getArgument(0).getLoc();
  EXPECT_EQ(text, "loc(\"node 0\")loc(\"argument 0\")");
  EXPECT_EQ(roundTrip(graph), graph);
}

TEST_F(Import, TablesKeepTheirOrderAndUnusedNames) {
  Graph graph = square();
  graph.files = {"unused.cpp", "b.cpp", "a.cpp"};
  graph.scopes = {"out", "hidden"};
  graph.arguments[0].place = {2, 1, 1};
  graph.nodes[0].places = {{1, 7, 0}, {-1, 5, 1}, {-1, 0, -1}};
  EXPECT_EQ(roundTrip(graph), graph);
}

TEST_F(Import, AttributesOfEveryKindComeBack) {
  Graph graph;
  double nan = std::nan("");
  GraphNode full;
  full.op = "full";
  full.results = {{DType::float64, Shape{}, ""}};
  full.attributes = {{"value", -0.0}};
  GraphNode sum;
  sum.op = "sum";
  sum.inputs = {0};
  sum.results = {{DType::int32, Shape{1}, ""}};
  sum.attributes = {{"axes", std::vector<int64_t>{0}}, {"keep_dims", true}};
  graph.nodes = {
      constant(DType::int32, {std::vector<int64_t>{-1, INT32_MAX}}),
      sum,
      constant(DType::boolean, {std::vector<int64_t>{1, 0, 1}}),
      constant(DType::boolean, {std::vector<int64_t>{1, 1}}),
      constant(DType::int64, {std::vector<int64_t>{INT64_MIN, INT64_MAX}}),
      constant(DType::float32, {std::vector<double>{0.1f, -0.0, HUGE_VAL}}),
      constant(DType::float64, {std::vector<double>{0.1, 5e-324}}),
      constant(DType::float64, {std::vector<double>{}}),
      constant(DType::int64, {std::vector<int64_t>{}}),
      full};
  graph.results = {{9, "", -1}};
  EXPECT_EQ(roundTrip(graph), graph);
  graph.nodes = {constant(DType::float32, {std::vector<double>{nan}})};
  graph.results = {{0, "", -1}};
  Graph back = roundTrip(graph);
  ASSERT_EQ(back.nodes.size(), 1u);
  auto &elements = std::get<Elements>(back.nodes[0].attributes[0].value);
  EXPECT_TRUE(std::isnan(std::get<1>(elements.values)[0]));
}

TEST_F(Import, RegionsComeBackWithNamesAndTargets) {
  Graph graph;
  graph.files = {"step.cpp"};
  graph.arguments = {
      argument({DType::float32, Shape{}, "reference"}, "zero", Role::input)};
  Graph body;
  body.name = "body";
  body.target = "reference";
  body.arguments = {argument({DType::int64, Shape{}, ""}, "i", Role::input),
                    argument(f32({}), "", Role::count)};
  body.arguments[1].place = {0, 12, -1};
  GraphNode inner;
  inner.op = "square";
  inner.inputs = {1};
  inner.results = {f32({})};
  inner.places = {{0, 13, -1}};
  body.nodes = {inner};
  body.results = {{2, "carry", -1}};
  GraphNode scan;
  scan.op = "scan";
  scan.inputs = {0};
  scan.results = {{DType::float32, Shape{}, "reference"}};
  scan.attributes = {{"carries", int64_t(1)},
                     {"length", int64_t(3)},
                     {"reverse", false},
                     {"slices", int64_t(0)}};
  scan.regions = {body};
  graph.nodes = {scan};
  graph.results = {{1, "", -1}};
  EXPECT_EQ(roundTrip(graph), graph);
  // The usual body needs no words.
  graph.nodes[0].regions[0].name = "main";
  graph.nodes[0].regions[0].target = "cpu";
  graph.nodes[0].regions[0].arguments[1].role = Role::input;
  graph.nodes[0].regions[0].arguments[0].name = "";
  graph.nodes[0].regions[0].results[0].name = "";
  for (ValueType *type : {&graph.arguments[0].type, &graph.nodes[0].results[0]})
    type->target = "";
  EXPECT_EQ(roundTrip(graph), graph);
}

TEST_F(Import, TheTextKeepsEverything) {
  Graph graph = square();
  graph.name = "step \"one\"\n";
  graph.files = {"b \\ \"c\".cpp", "unused"};
  auto module = ir::importGraph(&context, graph, target);
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, mlir::OpPrintingFlags().enableDebugInfo());
  auto parsed = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(parsed) << text;
  auto back = ir::exportGraph(*parsed);
  ASSERT_TRUE(mlir::succeeded(back));
  EXPECT_EQ(*back, graph);
}

TEST_F(Import, MistakesAreDiagnosticsAtTheUsersPlace) {
  Graph graph = square();
  graph.nodes[0].op = "frobnicate";
  EXPECT_EQ(errorOf(graph), "loc(\"step.cpp\":7:0): unknown op 'frobnicate'");
  graph.nodes[0].op = "yield";
  EXPECT_EQ(errorOf(graph),
            "loc(\"step.cpp\":7:0): 'yield' ends a region, it is no node");
  graph = square();
  graph.nodes[0].inputs = {1};
  EXPECT_EQ(errorOf(graph), "loc(\"step.cpp\":7:0): node 0, 'square', uses "
                            "value 1 of 1 defined before it");
  graph = square();
  graph.nodes[0].attributes = {{"axis", int64_t(0)}};
  EXPECT_EQ(errorOf(graph),
            "loc(\"step.cpp\":7:0): 'square' has no attribute 'axis'");
  graph = square();
  graph.nodes[0].op = "sum";
  graph.nodes[0].attributes = {{"axes", std::string("all")}};
  EXPECT_EQ(errorOf(graph),
            "loc(\"step.cpp\":7:0): 'sum' op attribute 'axes' failed to "
            "satisfy constraint: i64 dense array attribute");
  graph = square();
  graph.nodes[0].results = {f32({5})};
  EXPECT_EQ(errorOf(graph),
            "loc(\"step.cpp\":7:0): 'needle.square' op requires the same "
            "type for all operands and results");
  graph = square();
  graph.results[0].value = 2;
  EXPECT_NE(errorOf(graph).find("result 0 is value 2"), std::string::npos);
  graph = square();
  graph.results[0].updates = 1;
  EXPECT_NE(errorOf(graph).find("updates argument 1"), std::string::npos);
}

TEST_F(Import, ElementsMustFitTheirTensor) {
  Graph graph;
  graph.nodes = {
      constant(DType::int32, {std::vector<int64_t>{int64_t(1) << 31}})};
  EXPECT_NE(errorOf(graph).find("2147483648 does not fit"), std::string::npos);
  graph.nodes = {constant(DType::boolean, {std::vector<int64_t>{2}})};
  EXPECT_NE(errorOf(graph).find("2 does not fit"), std::string::npos);
  graph.nodes = {constant(DType::int64, {std::vector<double>{1.0}})};
  EXPECT_NE(errorOf(graph).find("floats for a tensor of integers"),
            std::string::npos);
  graph.nodes = {constant(DType::float32, {std::vector<int64_t>{1}})};
  EXPECT_NE(errorOf(graph).find("integers for a tensor of floats"),
            std::string::npos);
  graph.nodes[0] = constant(DType::float32, {std::vector<double>{1, 2}});
  graph.nodes[0].results[0].shape = Shape{3};
  EXPECT_NE(errorOf(graph).find("2 elements for a tensor of 3"),
            std::string::npos);
}

TEST_F(Import, WhatIsNoGraphIsNotExported) {
  auto errorOf = [&](const char *text) {
    std::string error;
    mlir::ScopedDiagnosticHandler handler(
        &context,
        [&](mlir::Diagnostic &diagnostic) { error = diagnostic.str(); });
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    EXPECT_TRUE(mlir::failed(ir::exportGraph(*module)));
    return error;
  };
  EXPECT_EQ(errorOf("module {}"),
            "a graph is one function of one block, not 0 functions");
  EXPECT_EQ(errorOf("func.func @f() { %0 = arith.constant 1 : i32 return }"),
            "'arith.constant' op is no op of a graph");
  EXPECT_EQ(errorOf("func.func @f(%x: i32) { return }"),
            "a graph has no values of 'i32'");
}

// No recursion over the graph, and time that grows with its size only.
TEST_F(Import, AMillionOpsComeAndGo) {
  Graph graph = square();
  graph.nodes.assign(1000000, graph.nodes[0]);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    graph.nodes[i].inputs = {int64_t(i)};
    graph.nodes[i].places = {{0, int32_t(i % 1000), -1}};
  }
  graph.results[0].value = int64_t(graph.nodes.size());
  auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(roundTrip(graph) == graph);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
}
