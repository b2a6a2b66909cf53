// JsonWrite.cpp - a Graph as JSON, one line per node (Json.md).
#include "needle/runtime/Error.h"
#include "needle/runtime/Graph.h"
#include "needle/runtime/HexFloat.h"
#include "needle/runtime/JsonReader.h"

#include <charconv>
#include <cmath>

namespace needle {
namespace {

class Writer {
public:
  std::string take() { return std::move(out); }

  /// `indent`: spaces before the graph's keys; `depth`: regions around it.
  void graph(const Graph &graph, int indent, int depth) {
    if (depth > JsonReader::maxDepth / 4 - 2)
      throw FormatError("graph " + graph.name + " has regions nested deeper " +
                        "than " + std::to_string(depth - 1) + " levels");
    raw("{");
    line(indent);
    if (depth == 0) {
      raw("\"needle\": 1,");
      line(indent);
    }
    key("name");
    string(graph.name);
    raw(", ");
    key("target");
    string(graph.target);
    raw(",");
    line(indent);
    if (depth == 0) {
      key("files");
      list(graph.files, [&](const std::string &file) { string(file); });
      raw(",");
      line(indent);
      key("scopes");
      list(graph.scopes, [&](const std::string &scope) { string(scope); });
      raw(",");
      line(indent);
    }
    int64_t value = 0;
    key("arguments");
    lines(graph.arguments, indent, [&](const GraphArgument &item) {
      argument(item);
      ++value;
    });
    raw(",");
    line(indent);
    key("nodes");
    lines(graph.nodes, indent, [&](const GraphNode &item) {
      node(item, value, indent + 2, depth);
      value += int64_t(item.results.size());
    });
    raw(",");
    line(indent);
    key("results");
    lines(graph.results, indent,
          [&](const GraphResult &item) { result(item); });
    raw("}");
  }

private:
  void raw(std::string_view text) { out += text; }
  void line(int indent) {
    out += '\n';
    out.append(size_t(indent), ' ');
  }
  void integer(int64_t value) {
    char digits[24];
    out.append(digits,
               std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  void key(const char *name) {
    out += '"';
    out += name;
    out += "\": ";
  }
  void next(const char *name) {
    raw(", ");
    key(name);
  }

  /// Bytes that are no UTF-8 become U+FFFD: JSON has no way to write them.
  void string(std::string_view text);

  template <class Range, class Each>
  void list(const Range &range, const Each &each) {
    out += '[';
    bool first = true;
    for (const auto &item : range) {
      if (!first)
        raw(", ");
      first = false;
      each(item);
    }
    out += ']';
  }
  /// The same with one line per item.
  template <class Range, class Each>
  void lines(const Range &range, int indent, const Each &each) {
    out += '[';
    bool first = true;
    for (const auto &item : range) {
      if (!first)
        out += ',';
      first = false;
      line(indent + 2);
      each(item);
    }
    out += ']';
  }
  void integers(const std::vector<int64_t> &values) {
    list(values, [&](int64_t value) { integer(value); });
  }

  /// The members of a type, without braces.
  void type(const ValueType &type) {
    key("dtype");
    string(toString(type.dtype));
    next("shape");
    list(type.shape, [&](int64_t size) { integer(size); });
    if (!type.target.empty()) {
      next("target");
      string(type.target);
    }
  }
  void place(const Place &place) {
    out += '[';
    integer(place.file);
    raw(", ");
    integer(place.line);
    if (place.scope != -1) {
      raw(", ");
      integer(place.scope);
    }
    out += ']';
  }

  void argument(const GraphArgument &argument) {
    raw("{");
    key("role");
    string(toString(argument.role));
    raw(", ");
    type(argument.type);
    if (!argument.name.empty()) {
      next("name");
      string(argument.name);
    }
    if (argument.place != Place()) {
      next("at");
      place(argument.place);
    }
    if (argument.indexLimit != -1 || !argument.indexOp.empty() ||
        argument.indexPlace != Place()) {
      next("index");
      raw("{");
      key("limit");
      integer(argument.indexLimit);
      next("op");
      string(argument.indexOp);
      if (argument.indexPlace != Place()) {
        next("at");
        place(argument.indexPlace);
      }
      raw("}");
    }
    raw("}");
  }

  void node(const GraphNode &node, int64_t value, int indent, int depth) {
    raw("{");
    key("value");
    integer(value);
    next("op");
    string(node.op);
    next("in");
    integers(node.inputs);
    next("out");
    list(node.results, [&](const ValueType &result) {
      raw("{");
      type(result);
      raw("}");
    });
    if (!node.attributes.empty()) {
      next("attributes");
      raw("{");
      bool first = true;
      for (const Attribute &item : node.attributes) {
        if (!first)
          raw(", ");
        first = false;
        string(item.name);
        raw(": ");
        std::visit([&](const auto &value) { attribute(value); }, item.value);
      }
      raw("}");
    }
    if (!node.places.empty()) {
      next("at");
      list(node.places, [&](const Place &item) { place(item); });
    }
    if (!node.regions.empty()) {
      next("regions");
      list(node.regions,
           [&](const Graph &region) { graph(region, indent + 2, depth + 1); });
    }
    raw("}");
  }

  void attribute(int64_t value) { integer(value); }
  void attribute(bool value) { raw(value ? "true" : "false"); }
  void attribute(const std::string &value) { string(value); }
  void attribute(const std::vector<int64_t> &values) { integers(values); }
  void attribute(double value) {
    raw("{");
    key("float");
    string(hexFloat(value));
    raw("}");
  }
  void attribute(const Elements &elements) {
    raw("{");
    if (auto *values = std::get_if<std::vector<int64_t>>(&elements.values)) {
      key("integers");
      integers(*values);
    } else {
      key("floats");
      list(std::get<std::vector<double>>(elements.values),
           [&](double value) { string(hexFloat(value)); });
    }
    raw("}");
  }

  void result(const GraphResult &result) {
    raw("{");
    key("value");
    integer(result.value);
    if (!result.name.empty()) {
      next("name");
      string(result.name);
    }
    if (result.updates != -1) {
      next("updates");
      integer(result.updates);
    }
    raw("}");
  }

  std::string out;
};

/// Length of the UTF-8 character that `text` starts with; 0: there is none.
size_t characterLength(std::string_view text) {
  auto byte = [&](size_t i) {
    return i < text.size() ? uint32_t(uint8_t(text[i])) : 0;
  };
  uint32_t lead = byte(0);
  size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  uint32_t second = byte(1);
  bool fine =
      length == 1 || (length == 2 && lead >= 0xc2) ||
      (length == 3 && (lead != 0xe0 || second >= 0xa0) &&
       (lead != 0xed || second < 0xa0)) ||
      (length == 4 && lead <= 0xf4 && (lead != 0xf0 || second >= 0x90) &&
       (lead != 0xf4 || second < 0x90));
  return fine ? length : 0;
}

void Writer::string(std::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t length = characterLength(text);
    auto c = uint8_t(text[0]);
    if (length == 0) {
      raw("\xef\xbf\xbd");
      length = 1;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += char(c);
    } else if (c < ' ' || c == 0x7f) {
      static constexpr char digits[] = "0123456789abcdef";
      raw("\\u00");
      out += digits[c >> 4];
      out += digits[c & 15];
    } else {
      raw(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  out += '"';
}

} // namespace

std::string toJson(const Graph &graph) {
  Writer writer;
  writer.graph(graph, 1, 0);
  return writer.take() + "\n";
}

} // namespace needle
