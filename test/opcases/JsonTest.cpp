// JsonTest.cpp - graph -> JSON -> graph keeps everything, to the last bit; so
// does program -> bytes -> program.
#include "opcases/Graphs.h"

#include "needle/frontend/Compile.h"
#include "needle/runtime/ProgramFile.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace needle;
using namespace needle::test;

namespace {

using ProgramPtr = std::shared_ptr<const runtime::Program>;

ProgramPtr compiled(const Graph &graph) {
  return detail::compileFor(graph, {}).program;
}

ProgramPtr throughBytes(const runtime::Program &program) {
  runtime::ByteWriter writer;
  runtime::writeProgram(writer, program);
  runtime::ByteReader reader(writer.bytes, "row");
  ProgramPtr back = runtime::readProgram(reader, runtime::KernelsOf::anyBuild);
  reader.end();
  return back;
}

std::vector<std::string> bitsOf(const ProgramPtr &source,
                                const RecordedGraph &recorded) {
  runtime::Executable program(source);
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
    ProgramPtr program = compiled(recorded.graph);
    std::vector<std::string> bits = bitsOf(program, recorded);
    EXPECT_EQ(bitsOf(compiled(back), recorded), bits);
    if (runtime::whyNotStorable(*program).empty()) {
      EXPECT_EQ(bitsOf(throughBytes(*program), recorded), bits);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Op, JsonRoundTrip, testing::ValuesIn(opCases()),
                         [](const testing::TestParamInfo<OpCase> &info) {
                           return info.param.name;
                         });

} // namespace
