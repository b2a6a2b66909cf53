// GeneratorTest.cpp - random graphs hold every op, repeat, and are tested by
// bounds that say something.
#include "Check.h"
#include "Shrink.h"

#include "needle/codegen/CompileModule.h"
#include "needle/ir/Ops.h"

#include <gtest/gtest.h>

#include <set>

using namespace needle;

namespace {

/// What no graph holds: only passes make it, or it ends a body.
const std::set<std::string> notInGraphs = {"kernel", "launch", "yield"};

void collect(const Graph &graph, std::set<std::string> &ops) {
  for (const GraphNode &node : graph.nodes) {
    ops.insert(node.op);
    for (const Graph &body : node.regions)
      collect(body, ops);
  }
}

TEST(Generator, TheTableHoldsEveryOp) {
  std::set<std::string> made;
  for (const fuzz::OpMaker &maker : fuzz::opMakers())
    EXPECT_TRUE(made.insert(maker.op).second) << maker.op << " is there twice";
  auto context = codegen::makeContext();
  for (mlir::RegisteredOperationName op : context->getRegisteredOperations())
    if (op.getDialectNamespace() == "needle") {
      std::string name = op.stripDialect().str();
      EXPECT_NE(made.count(name), notInGraphs.count(name))
          << "needle." << name << ": add it to tools/needle-fuzz/*Makers.cpp";
    }
}

TEST(Generator, EveryOpIsGenerated) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 2000; ++seed)
    collect(fuzz::generate(seed).graph, seen);
  for (const fuzz::OpMaker &maker : fuzz::opMakers())
    EXPECT_TRUE(seen.count(maker.op)) << maker.op;
}

TEST(Generator, ASeedIsAGraph) {
  for (uint64_t seed : {3, 4}) {
    fuzz::GeneratedGraph a = fuzz::generate(seed), b = fuzz::generate(seed);
    EXPECT_EQ(a.graph, b.graph);
    EXPECT_EQ(a.arguments, b.arguments);
  }
  EXPECT_FALSE(fuzz::generate(3).graph == fuzz::generate(4).graph);
}

TEST(Generator, GraphsAreReallyCompared) {
  fuzz::Tally tally;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    auto failure = fuzz::check(fuzz::generate(seed), tally);
    EXPECT_FALSE(failure) << seed << ": " << failure->why;
  }
  EXPECT_EQ(tally.graphs, 100);
  EXPECT_GT(tally.elements, 10000);
  EXPECT_LT(tally.loose, tally.elements / 20);
  EXPECT_GT(tally.differences, 50);
}

// An index out of range fails; all else of the graph is left out.
TEST(Shrink, LeavesWhatFails) {
  fuzz::GeneratedGraph failing = fuzz::generate(2);
  Graph &graph = failing.graph;
  GraphArgument table, index;
  table.type = {float32, {4}, ""};
  table.name = "table";
  index.type = {int64, {2}, ""};
  index.name = "index";
  int64_t shift = 2;
  for (GraphNode &node : graph.nodes)
    for (int64_t &input : node.inputs)
      input += shift;
  for (GraphResult &result : graph.results) {
    result.value += shift;
    result.updates += result.updates < 0 ? 0 : shift;
  }
  graph.arguments.insert(graph.arguments.begin(), {table, index});
  std::vector<std::byte> floats(16), indices(16);
  indices[0] = std::byte(9);
  failing.arguments.insert(failing.arguments.begin(), {floats, indices});
  GraphNode take;
  take.op = "take";
  take.inputs = {0, 1};
  take.results = {{float32, {2}, ""}};
  take.attributes = {{"axis", int64_t(0)}};
  take.places = {{0, 1, -1}};
  int64_t values = int64_t(graph.arguments.size());
  for (const GraphNode &node : graph.nodes)
    values += int64_t(node.results.size());
  graph.nodes.push_back(take);
  GraphResult result;
  result.value = values;
  graph.results.push_back(result);

  fuzz::Tally tally;
  auto failure = fuzz::check(failing, tally);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->what, "interpreter");
  fuzz::GeneratedGraph small = fuzz::shrink(failing, failure->what);
  EXPECT_EQ(small.graph.nodes.size(), 1u);
  EXPECT_EQ(small.graph.nodes[0].op, "take");
  EXPECT_EQ(small.graph.arguments.size(), 2u);
  EXPECT_EQ(small.graph.results.size(), 1u);
  auto still = fuzz::check(small, tally);
  ASSERT_TRUE(still);
  EXPECT_EQ(still->what, failure->what);
}

} // namespace
