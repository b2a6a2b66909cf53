// Graph.h - the canonical graph: what was recorded, as plain structs.
// In from `frontend` (Canonicalize) or JSON; out to `ir` (Import) and JSON.
// Values are numbered: arguments first, then the results of the nodes in order.
#pragma once

#include "needle/runtime/DType.h"
#include "needle/runtime/Shape.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace needle {

/// Elements of a small constant, as written in dumps: floats as doubles,
/// integers and booleans as int64.
struct Elements {
  std::variant<std::vector<int64_t>, std::vector<double>> values;
  /// Value for value: NaN is NaN, -0 is not 0.
  bool operator==(const Elements &other) const;
};

/// int64_t, bool, double (F64Attr in the IR), string, integers, booleans are
/// not an array kind.
using AttributeValue = std::variant<int64_t, bool, double, std::string,
                                    std::vector<int64_t>, Elements>;

struct Attribute {
  std::string name; // snake_case, as in the IR
  AttributeValue value;
  /// Numbers compare as in Elements: the same constant, not an equal one.
  bool operator==(const Attribute &other) const;
};

/// Type of a value. An empty target means the graph's.
struct ValueType {
  DType dtype = DType::float32;
  Shape shape;
  std::string target;
  bool operator==(const ValueType &) const = default;
};

/// A place in the user's program: index into Graph::files, line, and the
/// module path ("hidden"), an index into Graph::scopes (-1: none).
struct Place {
  int32_t file = -1;
  int32_t line = 0;
  int32_t scope = -1;
  bool operator==(const Place &) const = default;
};

struct Graph;

/// One op. `op` is the IR's name without the dialect ("broadcast_to").
struct GraphNode {
  std::string op;
  std::vector<int64_t> inputs; // value numbers
  std::vector<ValueType> results;
  std::vector<Attribute> attributes; // sorted by name
  std::vector<Graph> regions;        // isolated sub-graphs (scan's body)
  std::vector<Place> places;         // several: merged ops; empty: unknown
  bool operator==(const GraphNode &) const = default;
};

/// What an argument is; shown in dumps, and what the runtime may do with it.
enum class Role : uint8_t {
  input,    // an argument of the call
  constant, // a captured tensor: the same at every call
  variable, // a cell's value; may have a result that updates it
  key,      // the thread's random key
  count     // and its counter
};
std::string toString(Role role);
/// The inverse of toString.
std::optional<Role> parseRole(std::string_view text);

struct GraphArgument {
  ValueType type;
  std::string name; // may be empty
  Role role = Role::input;
  Place place;
  /// This argument's values index something of this size: they are checked
  /// before the first kernel (-1: no). Negative values count from the end.
  int64_t indexLimit = -1;
  std::string indexOp; // the op that uses it so, and where
  Place indexPlace;
  bool operator==(const GraphArgument &) const = default;
};

struct GraphResult {
  int64_t value = 0;
  std::string name;
  /// The argument (a variable) whose next value this is; -1: none.
  int64_t updates = -1;
  bool operator==(const GraphResult &) const = default;
};

struct Graph {
  std::string name = "main";
  std::string target = "cpu"; // of values that name none
  std::vector<std::string> files;
  std::vector<std::string> scopes;
  std::vector<GraphArgument> arguments;
  std::vector<GraphNode> nodes;
  std::vector<GraphResult> results;
  bool operator==(const Graph &) const = default;
};

/// One JSON document with a trailing newline; the format is in runtime/Json.md.
/// Regions share the outer graph's files and scopes.
std::string toJson(const Graph &graph);
/// The inverse. Throws FormatError naming the line of `file` and what is wrong;
/// nesting depth, sizes and numbers are limited.
Graph fromJson(std::string_view text, const std::string &file);

} // namespace needle
