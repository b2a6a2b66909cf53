// Json.cpp - graphs survive JSON, and bad JSON is an error with a line.
#include "needle/runtime/Error.h"
#include "needle/runtime/Graph.h"
#include "needle/runtime/HexFloat.h"

#include <cmath>
#include <ctime>
#include <gtest/gtest.h>
#include <limits>

using namespace needle;

namespace {

/// One of everything.
Graph sample() {
  ValueType f32{DType::float32, Shape{2, 3}, ""};
  ValueType i64{DType::int64, Shape{}, "reference"};
  Graph graph;
  graph.name = "step \"one\"\n";
  graph.files = {"/home/me/träin.cpp", ""};
  graph.scopes = {"hidden", "out.\xf0\x9f\x98\x80"};
  GraphArgument x;
  x.type = f32;
  x.name = "x";
  x.place = {0, 12, -1};
  GraphArgument labels;
  labels.type = {DType::int32, Shape{0, 5}, ""};
  labels.role = Role::constant;
  labels.indexLimit = 10;
  labels.indexOp = "take";
  labels.indexPlace = {0, 14, 1};
  GraphArgument key;
  key.type = i64;
  key.role = Role::key;
  graph.arguments = {x, labels, key};

  GraphNode full;
  full.op = "full";
  full.results = {f32};
  full.attributes = {{"a_flag", true},
                     {"axes", std::vector<int64_t>{0, -1}},
                     {"count", std::numeric_limits<int64_t>::min()},
                     {"empty", std::vector<int64_t>{}},
                     {"kind", std::string("nan")},
                     {"scale", -0.0},
                     {"table", Elements{std::vector<double>{1.5, HUGE_VAL}}},
                     {"tiny", 5e-324},
                     {"whole", Elements{std::vector<int64_t>{3, 4}}}};
  full.places = {{0, 41, 0}, {1, 42, -1}, {-1, 0, -1}};
  GraphNode split;
  split.op = "split";
  split.inputs = {0};
  split.results = {f32, f32};
  GraphNode scan;
  scan.op = "scan";
  scan.inputs = {5, 1};
  scan.results = {f32};
  Graph body;
  body.name = "body";
  body.target = "reference";
  body.arguments = {x};
  split.regions = {};
  body.nodes = {split};
  body.results = {{2, "", -1}, {0, "carry", -1}};
  Graph inner = body;
  body.nodes[0].regions = {inner};
  scan.regions = {body, inner};
  graph.nodes = {full, split, scan};
  graph.results = {{6, "loss", -1}, {3, "w", 0}, {6, "", -1}};
  return graph;
}

std::string errorOf(std::string_view text) {
  try {
    fromJson(text, "/tmp/dump.json");
  } catch (const FormatError &error) {
    return error.what();
  }
  return "accepted";
}

/// sample()'s JSON with one piece replaced.
std::string with(const std::string &from, const std::string &to) {
  std::string text = toJson(sample());
  size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

} // namespace

TEST(Json, GraphsComeBackEqual) {
  Graph graph = sample();
  std::string text = toJson(graph);
  Graph again = fromJson(text, "dump.json");
  EXPECT_EQ(again, graph);
  EXPECT_EQ(toJson(again), text);
  EXPECT_EQ(fromJson(toJson(Graph()), "empty.json"), Graph());
}

TEST(Json, OneLinePerNodeWithFloatsInHexadecimal) {
  Graph graph;
  GraphNode node;
  node.op = "full";
  node.results = {{DType::float64, Shape{2}, ""}};
  node.attributes = {{"value", 3.0}};
  node.places = {{-1, 3, -1}};
  graph.nodes = {node};
  graph.results = {{0, "y", -1}};
  EXPECT_EQ(toJson(graph), R"({
 "needle": 1,
 "name": "main", "target": "cpu",
 "files": [],
 "scopes": [],
 "arguments": [],
 "nodes": [
   {"value": 0, "op": "full", "in": [], "out": [{"dtype": "float64", "shape": [2]}], "attributes": {"value": {"float": "0x1.8p+1"}}, "at": [[-1, 3]]}],
 "results": [
   {"value": 0, "name": "y"}]}
)");
}

TEST(Json, NaNsLoseTheirPayloadOnly) {
  Graph graph;
  GraphNode node;
  node.op = "full";
  node.attributes = {{"value", std::nan("0x123")},
                     {"values", Elements{std::vector<double>{-NAN, 1}}}};
  graph.nodes = {node};
  Graph again = fromJson(toJson(graph), "nan.json");
  EXPECT_TRUE(std::isnan(std::get<double>(again.nodes[0].attributes[0].value)));
  EXPECT_EQ(toJson(again), toJson(graph));
}

TEST(Json, KeysMayComeInAnyOrder) {
  std::string text = R"({
    "results": [{"updates": 0, "value": 1}],
    "nodes": [{"at": [[0, 7, 0]], "out": [{"shape": [], "dtype": "int64"}],
      "attributes": {"b": 1, "a": true}, "op": "neg", "in": [0]}],
    "arguments": [{"shape": [], "dtype": "int64", "role": "count"}],
    "scopes": ["s"], "files": ["f"], "target": "cpu", "name": "n",
    "needle": 1})";
  Graph graph = fromJson(text, "sorted.json");
  EXPECT_EQ(graph.results[0].updates, 0);
  EXPECT_EQ(graph.nodes[0].attributes[0].name, "a");
  EXPECT_EQ(graph.nodes[0].places[0], (Place{0, 7, 0}));
  EXPECT_EQ(graph.arguments[0].role, Role::count);
  EXPECT_EQ(fromJson(toJson(graph), "again.json"), graph);
}

TEST(Json, EveryTruncationIsAnError) {
  std::string text = toJson(sample());
  for (size_t length = 0; length + 2 < text.size(); ++length)
    ASSERT_NE(errorOf(std::string_view(text).substr(0, length)), "accepted")
        << length;
}

TEST(Json, EveryChangedByteIsReadOrAnError) {
  std::string text = toJson(sample());
  for (size_t i = 0; i < text.size(); ++i)
    for (char c : {'\0', '"', ']', '9', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      errorOf(changed); // must neither crash nor throw anything else
    }
}

TEST(Json, ErrorsNameFileLineAndWhatIsWrong) {
  auto expect = [](const std::string &text, const std::string &error) {
    EXPECT_EQ(errorOf(text), "dump.json:" + error);
  };
  expect("", "1: the graph is the end of the file, wanted an object");
  expect("[]", "1: the graph is [], wanted an object");
  expect("\n{\"needle\": 2", "2: \"needle\" (the format's version) is 2, "
                             "wanted an integer from 1 to 1");
  expect("{}", "1: the graph lacks the key \"name\"");
  expect(with("\"needle\": 1", "\"needle\": 1, \"needle\": 1"),
         "2: the graph has the key \"needle\" twice");
  expect(with("\"needle\": 1", "\"noodle\": 1"),
         "2: the graph has the unknown key \"noodle\", wanted one of name, "
         "target, arguments, nodes, results, needle, files, scopes");
  expect(with("\"in\": [5, 1]", "\"in\": [6, 1]"),
         "13: an input is value 6, wanted one of the 6 defined before it");
  expect(with("\"in\": [5, 1]", "\"in\": [-1, 1]"),
         "13: an input is value -1, wanted one of the 6 defined before it");
  expect(with("\"value\": 3, \"op\"", "\"value\": 4, \"op\""),
         "11: \"value\" is not 3, the number of this node's first result");
  expect(with("{\"value\": 6, \"name\": \"loss\"",
              "{\"value\": 7, \"name\": \"loss\""),
         "39: a result is value 7, wanted one of the 7 defined before it");
  expect(with("\"updates\": 0", "\"updates\": 3"),
         "40: \"updates\" (an argument) is 3, wanted an integer from 0 to 2");
  expect(with("[2, 3]", "[2, -3]"),
         "7: a size is -3, wanted an integer from 0 to 1099511627775");
  expect(with("[2, 3]", "[2, 3.5]"), "7: a size is 3.5, wanted an integer");
  expect(with("[2, 3]", "[2, 1e3]"), "7: a size is 1e3, wanted an integer");
  expect(with("[2, 3]", "[2, 03]"), "7: a size is 03, wanted an integer");
  expect(with("[2, 3]", "[1048576, 1048576]"),
         "7: shape [1048576, 1048576] has 2^40 elements or more");
  expect(with("[2, 3]", "[1,1,1,1,1,1,1,1,1]"),
         "7: a shape has more than 8 dimensions");
  expect(with("[2, 3]", "[99999999999999999999999]"),
         "7: a size is 99999999999999999999999, wanted an integer from 0 to "
         "1099511627775");
  expect(with("\"float32\"", "\"float16\""),
         "7: unknown dtype \"float16\", wanted boolean, int32, int64, "
         "bfloat16, float32 or float64");
  expect(with("\"float32\"", "32"), "7: \"dtype\" is 32, wanted a string");
  expect(with("\"constant\"", "\"weight\""),
         "8: unknown role \"weight\", wanted input, constant, variable, key "
         "or count");
  expect(with("\"at\": [0, 12]", "\"at\": [2, 12]"),
         "7: the file of a place is 2, wanted an integer from -1 to 1");
  expect(with("\"at\": [0, 12]", "\"at\": [0, 2147483648]"),
         "7: the line of a place is 2147483648, wanted an integer from 0 to "
         "2147483647");
  expect(with("\"at\": [0, 12]", "\"at\": [0]"),
         "7: a place needs a file and a line");
  expect(with("-0x0p+0", "0.5"),
         "11: \"float\" is \"0.5\", wanted a float such as \"0x1.8p+1\", "
         "\"-0x0p+0\", \"nan\" or \"inf\"");
  expect(with("\"kind\"", "\"count\""),
         "11: the attribute \"count\" is given twice");
  expect(with("{\"float\": \"-0x0p+0\"}", "{}"),
         "11: scale is empty, wanted \"float\", \"integers\" or \"floats\"");
  expect(with("true", "null"), "11: a_flag is null, wanted an integer");
  expect(toJson(sample()) + "x", "42: found x after the end of the document");
  expect(with("hidden", "hid\xc3"),
         "5: a control character or invalid UTF-8 in a string");
  expect(with("hidden", "\\ud83d"), "5: half a surrogate pair in a string");
}

TEST(Json, StringsMayUseAllEscapes) {
  Graph graph = fromJson(
      with("hidden", R"(\"\\\/\b\f\n\r\t\u0041\u00e4\u20ac\ud83d\ude00)"),
      "escapes.json");
  EXPECT_EQ(graph.scopes[0], "\"\\/\b\f\n\r\tA\u00e4\u20ac\U0001F600");
  EXPECT_EQ(fromJson(toJson(graph), "again.json"), graph);
}

TEST(Json, TextThatIsNoUtf8IsWrittenAsSuch) {
  Graph graph;
  graph.files = {"caf\xe9.cpp", "\xed\xa0\x80", "\xc0\x80", "\xf0\x9f\x98"};
  Graph again = fromJson(toJson(graph), "latin1.json");
  EXPECT_EQ(again.files[0], "caf\uFFFD.cpp");
  EXPECT_EQ(fromJson(toJson(again), "again.json"), again);
}

TEST(Json, NestingIsLimited) {
  auto nested = [](int depth) {
    std::string open = R"({"name": "r", "target": "cpu", "arguments": [],
      "results": [], "nodes": [{"op": "x", "in": [], "out": [], "regions": [)";
    std::string text =
        R"({"needle": 1, "files": [], "scopes": [], )" + open.substr(1);
    for (int i = 1; i < depth; ++i)
      text += open;
    for (int i = 0; i < depth; ++i)
      text += "]}]}";
    return text;
  };
  EXPECT_EQ(errorOf(nested(60)), "accepted");
  EXPECT_NE(errorOf(nested(100000)).find("nested deeper than 256"),
            std::string::npos);
  std::string brackets(1000000, '[');
  EXPECT_NE(errorOf(brackets), "accepted");
  EXPECT_NE(errorOf("{\"nodes\": " + brackets).find("nested deeper than 256"),
            std::string::npos);
  EXPECT_NE(errorOf(with("true", brackets)), "accepted");

  Graph graph, outer;
  for (int i = 0; i < 100; ++i) {
    outer = Graph();
    outer.nodes.resize(1);
    outer.nodes[0].regions.push_back(std::move(graph));
    graph = std::move(outer);
  }
  EXPECT_THROW(toJson(graph), FormatError);
}

TEST(Json, LongStringsAreRefused) {
  EXPECT_EQ(errorOf(with("hidden", std::string(65536, 'x'))), "accepted");
  EXPECT_EQ(errorOf(with("hidden", std::string(65537, 'x'))),
            "dump.json:5: a scope is longer than 65536 bytes");
}

// Sanitizers make each step some 20 times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int64_t manyNodes = 100000;
#else
constexpr int64_t manyNodes = 1000000;
#endif

TEST(Json, AMillionNodesTakeSecondsAndLittleStack) {
  Graph graph;
  graph.arguments.resize(1);
  GraphNode node;
  node.op = "add";
  node.results = {{DType::float32, Shape{128, 256}, ""}};
  node.places = {{-1, 41, -1}};
  for (int64_t i = 0; i < manyNodes; ++i) {
    node.inputs = {i, 0};
    graph.nodes.push_back(node);
  }
  graph.results = {{manyNodes, "y", -1}};
  std::clock_t start = std::clock(); // of this process: the machine may be busy
  EXPECT_EQ(fromJson(toJson(graph), "chain.json"), graph);
  EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 20); // about 2
}

TEST(HexFloat, EveryValueHasOneText) {
  for (double value : {0.0, -0.0, 1.0, -1.5, 3.0, 0.1, 5e-324, 1e-310, 1e308,
                       HUGE_VAL, -HUGE_VAL}) {
    std::string text = hexFloat(value);
    std::optional<double> again = parseHexFloat(text);
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(*again, value);
    EXPECT_EQ(std::signbit(*again), std::signbit(value));
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
  EXPECT_EQ(hexFloat(3), "0x1.8p+1");
  EXPECT_EQ(hexFloat(-0.0), "-0x0p+0");
  EXPECT_EQ(hexFloat(NAN), "nan");
  for (const char *text : {"", "0x", "1.5", "0x3p+0", "-nan", "0x1p+5000",
                           "0x1.8p+1 ", "0x1.8p1", "INF", "0x-1p+0", "--inf"})
    EXPECT_FALSE(parseHexFloat(text)) << text;
}
