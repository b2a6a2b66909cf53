// JsonRead.cpp - a Graph from JSON that may be anything (Json.md).
#include "needle/runtime/Graph.h"
#include "needle/runtime/JsonReader.h"
#include "needle/runtime/ShapeRules.h"

#include <algorithm>
#include <array>
#include <limits>

namespace needle {
namespace {

constexpr int64_t anyLow = std::numeric_limits<int64_t>::min();
constexpr int64_t anyHigh = std::numeric_limits<int64_t>::max();
constexpr int64_t maxElements = int64_t(1) << 40;

class GraphReader {
public:
  GraphReader(std::string_view text, const std::string &file)
      : json(text, file) {}

  Graph read() {
    Graph result;
    root = &result;
    graph(result, "the graph", 0);
    json.finish();
    return result;
  }

private:
  /// Keys of a graph. The first four may come in any order and need no other;
  /// the last three build on all before them.
  enum Key { name, target, arguments, nodes, results, version, files, scopes };

  void graph(Graph &to, const char *what, int depth) {
    constexpr size_t later = std::numeric_limits<size_t>::max();
    std::array<size_t, 3> starts{later, later, later};
    std::initializer_list<const char *> keys = {"name",  "target",  "arguments",
                                                "nodes", "results", "needle",
                                                "files", "scopes"};
    size_t known = depth ? 5 : 8;
    // In the usual order nothing is read twice.
    size_t done = arguments;
    bool tablesRead = depth > 0;
    uint64_t seen = 0;
    auto onKey = [&](size_t key) {
      seen |= uint64_t(1) << key;
      if (key >= arguments && key <= results) {
        tablesRead |= (seen >> files & 1) && (seen >> scopes & 1);
        if (tablesRead && key == done) {
          section(to, key, depth);
          ++done;
        } else {
          starts[key - arguments] = json.skip();
        }
      } else {
        header(to, key);
      }
    };
    if (depth)
      json.object(what, {"name", "target", "arguments", "nodes", "results"},
                  known, onKey);
    else
      json.object(what, keys, known, onKey);
    size_t end = json.here();
    for (; done <= results; ++done) {
      json.goTo(starts[done - arguments]);
      section(to, done, depth);
    }
    json.goTo(end);
  }

  void header(Graph &to, size_t key) {
    switch (key) {
    case name:
      to.name = json.string("\"name\"");
      break;
    case target:
      to.target = json.string("\"target\"");
      break;
    case version:
      json.integer("\"needle\" (the format's version)", 1, 1);
      break;
    case files:
      json.array("\"files\"",
                 [&] { to.files.push_back(json.string("a file")); });
      break;
    case scopes:
      json.array("\"scopes\"",
                 [&] { to.scopes.push_back(json.string("a scope")); });
      break;
    }
  }

  void section(Graph &to, size_t key, int depth) {
    if (key == arguments)
      json.array("\"arguments\"", [&] { to.arguments.push_back(argument()); });
    else if (key == nodes)
      nodeList(to, depth);
    else
      json.array("\"results\"", [&] { to.results.push_back(result(to)); });
  }

  void nodeList(Graph &to, int depth) {
    int64_t value = int64_t(to.arguments.size());
    json.array("\"nodes\"", [&] {
      to.nodes.emplace_back();
      node(to.nodes.back(), value, depth);
      value += int64_t(to.nodes.back().results.size());
    });
    values = value;
  }

  /// Reads one of a type's members: dtype, shape, target.
  void typeMember(ValueType &type, size_t which) {
    if (which == 0) {
      std::string text = json.string("\"dtype\"");
      std::optional<DType> dtype = parseDType(text);
      if (!dtype)
        json.fail("unknown dtype \"" + text.substr(0, 40) +
                  "\", wanted boolean, int32, int64, bfloat16, float32 or "
                  "float64");
      type.dtype = *dtype;
    } else if (which == 1) {
      std::vector<int64_t> sizes;
      json.array("\"shape\"", [&] {
        if (sizes.size() == size_t(Shape::maxRank))
          json.fail("a shape has more than 8 dimensions");
        sizes.push_back(json.integer("a size", 0, maxElements - 1));
      });
      rules::Inferred shape = rules::checked(sizes);
      if (!shape.ok())
        json.fail(shape.error);
      type.shape = shape.shape;
    } else {
      type.target = json.string("\"target\"");
      if (type.target.empty())
        json.fail("\"target\" is empty; leave it out for the graph's target");
    }
  }

  Place place() {
    Place place;
    int count = 0;
    json.array("a place", [&] {
      if (count == 0)
        place.file = int32_t(json.integer("the file of a place", -1,
                                          int64_t(root->files.size()) - 1));
      else if (count == 1)
        place.line = int32_t(json.integer("the line of a place", 0,
                                          std::numeric_limits<int32_t>::max()));
      else if (count == 2)
        place.scope = int32_t(json.integer("the scope of a place", -1,
                                           int64_t(root->scopes.size()) - 1));
      else
        json.fail("a place has more than file, line and scope");
      ++count;
    });
    if (count < 2)
      json.fail("a place needs a file and a line");
    return place;
  }

  void index(GraphArgument &to) {
    json.object("\"index\"", {"limit", "op", "at"}, 2, [&](size_t key) {
      if (key == 0)
        to.indexLimit = json.integer("\"limit\"", -1, maxElements - 1);
      else if (key == 1)
        to.indexOp = json.string("\"op\"");
      else
        to.indexPlace = place();
    });
  }

  GraphArgument argument() {
    GraphArgument to;
    json.object("an argument",
                {"dtype", "shape", "role", "target", "name", "at", "index"}, 3,
                [&](size_t key) {
                  if (key <= 1)
                    typeMember(to.type, key);
                  else if (key == 2)
                    to.role = role();
                  else if (key == 3)
                    typeMember(to.type, 2);
                  else if (key == 4)
                    to.name = json.string("\"name\"");
                  else if (key == 5)
                    to.place = place();
                  else
                    index(to);
                });
    return to;
  }

  Role role() {
    std::string text = json.string("\"role\"");
    std::optional<Role> role = parseRole(text);
    if (!role)
      json.fail("unknown role \"" + text.substr(0, 40) +
                "\", wanted input, constant, variable, key or count");
    return *role;
  }

  ValueType type() {
    ValueType to;
    json.object("a type", {"dtype", "shape", "target"}, 2,
                [&](size_t key) { typeMember(to, key); });
    return to;
  }

  /// A reference to one of the `defined` values before it.
  int64_t valueNumber(const char *what, int64_t defined) {
    int64_t value = json.integer(what, anyLow, anyHigh);
    if (value < 0 || value >= defined)
      json.fail(std::string(what) + " is value " + std::to_string(value) +
                ", wanted one of the " + std::to_string(defined) +
                " defined before it");
    return value;
  }

  void node(GraphNode &to, int64_t value, int depth) {
    json.object(
        "a node", {"op", "in", "out", "value", "attributes", "at", "regions"},
        3, [&](size_t key) {
          switch (key) {
          case 0:
            to.op = json.string("\"op\"");
            break;
          case 1:
            json.array("\"in\"", [&] {
              to.inputs.push_back(valueNumber("an input", value));
            });
            break;
          case 2:
            json.array("\"out\"", [&] { to.results.push_back(type()); });
            break;
          case 3:
            if (json.integer("\"value\"", anyLow, anyHigh) != value)
              json.fail("\"value\" is not " + std::to_string(value) +
                        ", the number of this node's first result");
            break;
          case 4:
            attributes(to);
            break;
          case 5:
            json.array("\"at\"", [&] { to.places.push_back(place()); });
            break;
          default:
            json.array("\"regions\"", [&] {
              to.regions.emplace_back();
              graph(to.regions.back(), "a region", depth + 1);
            });
          }
        });
  }

  void attributes(GraphNode &to) {
    json.anyObject("\"attributes\"", [&](const std::string &key) {
      to.attributes.push_back({key, attribute(key)});
    });
    auto byName = [](const Attribute &a, const Attribute &b) {
      return a.name < b.name;
    };
    std::stable_sort(to.attributes.begin(), to.attributes.end(), byName);
    auto twice = std::adjacent_find(to.attributes.begin(), to.attributes.end(),
                                    [](const Attribute &a, const Attribute &b) {
                                      return a.name == b.name;
                                    });
    if (twice != to.attributes.end())
      json.fail("the attribute \"" + twice->name.substr(0, 40) +
                "\" is given twice");
  }

  AttributeValue attribute(const std::string &key) {
    const char *what = key.c_str();
    switch (json.next()) {
    case '"':
      return json.string(what);
    case 't':
    case 'f':
      return json.boolean(what);
    case '[':
      return integers(what);
    case '{':
      return floatOrElements(what);
    default:
      return json.integer(what, anyLow, anyHigh);
    }
  }

  std::vector<int64_t> integers(const char *what) {
    std::vector<int64_t> list;
    json.array(what, [&] {
      list.push_back(json.integer("an integer", anyLow, anyHigh));
    });
    return list;
  }

  AttributeValue floatOrElements(const char *what) {
    std::optional<AttributeValue> value;
    json.object(what, {"float", "integers", "floats"}, 0, [&](size_t key) {
      if (value)
        json.fail(std::string(what) + " has more than one value");
      if (key == 0) {
        value = json.hexFloat("\"float\"");
      } else if (key == 1) {
        value = Elements{integers("\"integers\"")};
      } else {
        std::vector<double> list;
        json.array("\"floats\"",
                   [&] { list.push_back(json.hexFloat("an element")); });
        value = Elements{std::move(list)};
      }
    });
    if (!value)
      json.fail(std::string(what) +
                " is empty, wanted \"float\", \"integers\" or \"floats\"");
    return std::move(*value);
  }

  GraphResult result(const Graph &graph) {
    GraphResult to;
    json.object("a result", {"value", "name", "updates"}, 1, [&](size_t key) {
      if (key == 0)
        to.value = valueNumber("a result", values);
      else if (key == 1)
        to.name = json.string("\"name\"");
      else
        to.updates = json.integer("\"updates\" (an argument)", 0,
                                  int64_t(graph.arguments.size()) - 1);
    });
    return to;
  }

  JsonReader json;
  const Graph *root = nullptr; // has the tables of files and scopes
  int64_t values = 0;          // of the graph whose nodes were read last
};

} // namespace

Graph fromJson(std::string_view text, const std::string &file) {
  return GraphReader(text, file).read();
}

} // namespace needle
