// JsonTest.cpp - graph -> JSON -> graph keeps everything, to the last bit.
#include "opcases/Graphs.h"

#include "needle/frontend/Compile.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace needle;
using namespace needle::test;

namespace {

std::vector<std::string> bitsOf(const Graph &graph,
                                const RecordedGraph &recorded) {
  runtime::Executable program(detail::compileFor(graph, {}).program);
  std::vector<runtime::BufferPtr> arguments;
  for (const runtime::BufferPtr &argument : recorded.arguments)
    arguments.push_back(argument);
  runtime::Executed executed = program.execute(std::move(arguments));
  executed.done.wait();
  std::vector<std::string> bits;
  for (size_t i = 0; i < executed.results.size(); ++i) {
    size_t size = runtime::byteSize(program.program().results[i].type);
    bits.emplace_back(size, '\0');
    if (size)
      std::memcpy(bits.back().data(), executed.results[i]->data(), size);
  }
  return bits;
}

class JsonRoundTrip : public testing::TestWithParam<OpCase> {};

TEST_P(JsonRoundTrip, KeepsTheGraphAndItsResults) {
  const OpCase &row = GetParam();
  for (DType dtype : row.dtypes) {
    const std::vector<Shape> &shapes = row.shapes.back();
    SCOPED_TRACE(describe(shapes, dtype));
    RecordedGraph recorded = recordedGraph(recordRow(row, shapes, dtype));
    std::string text = toJson(recorded.graph);
    Graph back = fromJson(text, "row.json");
    EXPECT_EQ(back, recorded.graph);
    EXPECT_EQ(toJson(back), text);
    EXPECT_EQ(bitsOf(back, recorded), bitsOf(recorded.graph, recorded));
  }
}

INSTANTIATE_TEST_SUITE_P(Op, JsonRoundTrip, testing::ValuesIn(opCases()),
                         [](const testing::TestParamInfo<OpCase> &info) {
                           return info.param.name;
                         });

} // namespace
