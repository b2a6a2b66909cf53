// Signature.cpp - tracing a function, and comparing two traces of it.
#include "needle/frontend/Signature.h"

#include "needle/frontend/Evaluate.h"

#include <charconv>
#include <cstring>
#include <sstream>

namespace needle::detail {

// ---- arguments -------------------------------------------------------------
void CallArguments::failEmpty() const {
  throw Error(reported(where),
              "an argument of a jitted function is an empty tensor");
}
void CallArguments::text(const std::string &value) {
  words.push(value.size());
  for (size_t i = 0; i < value.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, value.data() + i, std::min<size_t>(8, value.size() - i));
    words.push(word);
  }
}

namespace {
class Describer final : public TreeVisitor {
public:
  void tensor(const Tensor &tensor) override {
    std::string text = toString(tensor.shape());
    if (tensor.dtype() != DType::float32)
      text = toString(tensor.dtype()) + " " + text;
    if (!(tensor.target() == TargetScope::current()))
      text += " on " + tensor.target().name();
    add(text);
  }
  void number(int64_t value) override { add(std::to_string(value)); }
  void text(const std::string &value) override { add("\"" + value + "\""); }
  void children(size_t size) override {
    add(std::to_string(size) + (size == 1 ? " element" : " elements"));
  }
  void enter(size_t child) override {
    lengths.push_back(path.size());
    std::string number = std::to_string(child);
    path += path.empty() ? "argument " + number : "[" + number + "]";
  }
  void leave() override {
    path.resize(lengths.back());
    lengths.pop_back();
  }
  std::vector<ArgumentLeaf> leaves;

private:
  void add(std::string value) { leaves.push_back({path, std::move(value)}); }
  std::string path;
  std::vector<size_t> lengths;
};
} // namespace

std::vector<ArgumentLeaf> describe(const TracedFunction &function) {
  Describer describer;
  function.visit(describer);
  return std::move(describer.leaves);
}

// ---- tracing ---------------------------------------------------------------
namespace {
// The nodes of a trace while it becomes a graph.
class Tracing {
public:
  Tracing(TracedFunction &function, const CallArguments &arguments,
          Where where);
  void realizeCaptured(Where where);
  void finish(Traced &traced);

private:
  Walk walk() const;
  std::vector<Traced::Source> sources(const Walk &walk) const;
  Tracer tracer;
  std::vector<Tensor> placeholders, results;
  std::vector<Node *> roots; // results, taps, next values of variables
};
} // namespace

Tracing::Tracing(TracedFunction &function, const CallArguments &arguments,
                 Where where) {
  Tracer::Opened opened(tracer);
  for (const Node *node : arguments.nodes.words()) {
    placeholders.push_back(tracer.argument(node->dtype, node->shape(),
                                           Target::ofNumber(node->target),
                                           Role::input, where));
  }
  results = function.trace(placeholders);
  for (const Tensor &result : results) {
    if (result.empty())
      throw TraceError(reported(where),
                       "a result of the jitted function is an empty tensor");
    roots.push_back(result.get());
  }
  for (const auto &[name, value] : tracer.taps)
    roots.push_back(value.get());
  for (const Tracer::Lifted &variable : tracer.lifted)
    if (variable.isAssigned)
      roots.push_back(variable.value.get());
}

Walk Tracing::walk() const {
  Walk walk(WalkMode::jit);
  for (const Tensor &placeholder : placeholders)
    walk.addArgument(placeholder.get());
  walk.addRoots(roots);
  return walk;
}

// What was recorded outside and has no value yet: constants from now on.
void Tracing::realizeCaptured(Where where) {
  std::vector<Tensor> captured;
  {
    std::lock_guard lock(graphMutex());
    for (const Walk::Entry &entry : walk().entries)
      if (entry.kind == Walk::Kind::argument &&
          entry.node->op->kind != OpClass::placeholder && !bufferOf(entry.node))
        captured.push_back(Tensor::share(entry.node));
  }
  if (!captured.empty())
    realize(captured, where);
}

std::vector<Traced::Source> Tracing::sources(const Walk &walk) const {
  using Source = Traced::Source;
  std::unordered_map<const Node *, Source> known;
  for (uint32_t i = 0; i < placeholders.size(); ++i)
    known[placeholders[i].get()] = {Source::Kind::argument, i, {}};
  for (uint32_t i = 0; i < tracer.lifted.size(); ++i)
    known[tracer.lifted[i].placeholder.get()] = {Source::Kind::variable, i, {}};
  if (!tracer.keyArgument.empty())
    known[tracer.keyArgument.get()] = {Source::Kind::key, 0, {}};
  if (!tracer.countArgument.empty())
    known[tracer.countArgument.get()] = {Source::Kind::count, 0, {}};
  std::vector<Source> sources;
  for (uint32_t entry : argumentEntries(walk)) {
    Node *node = walk.entries[entry].node;
    auto it = known.find(node);
    sources.push_back(it != known.end()
                          ? it->second
                          : Source{Source::Kind::constant, 0, bufferOf(node)});
  }
  return sources;
}

void Tracing::finish(Traced &traced) {
  auto typeOf = [](const Tensor &tensor) {
    return ResultType{tensor.dtype(), tensor.shape(), tensor.get()->target};
  };
  std::lock_guard lock(graphMutex());
  Walk walk = this->walk();
  for (const Tensor &result : results)
    traced.results.push_back(typeOf(result));
  size_t next = results.size();
  for (const auto &[name, value] : tracer.taps) {
    traced.tapped.push_back(typeOf(value));
    traced.taps.push_back(name);
    walk.outputs[next++].name = name;
  }
  for (const Tracer::Lifted &variable : tracer.lifted) {
    int32_t update = variable.isAssigned ? int32_t(next++) : -1;
    traced.variables.push_back(
        {variable.cell, variable.isTrainable, update, variable.assigned});
    if (!variable.isAssigned)
      continue;
    Walk::Output &output = walk.outputs[size_t(update)];
    output.name = variableName(variable.value.get());
    if (walk.isVisited(variable.placeholder.get()))
      output.updates = variable.placeholder.get()->visit;
  }
  traced.flags = tracer.flags;
  traced.setFlags = tracer.setFlags;
  traced.draws = tracer.draws;
  traced.graph = buildGraph(walk, traced.name);
  walk.appendWords(traced.words);
  traced.sources = sources(walk);
}

Traced traceFunction(const std::string &name, TracedFunction &function,
                     const CallArguments &arguments, Where where) {
  Traced traced;
  traced.name = name;
  Tracing tracing(function, arguments, where);
  traced.skeleton = function.skeleton();
  tracing.realizeCaptured(where);
  tracing.finish(traced);
  return traced;
}

// ---- stale captures --------------------------------------------------------
// The fewest digits that tell a number from all others of its type.
static std::string shortest(std::floating_point auto value) {
  char text[32];
  return {text, std::to_chars(text, std::end(text), value).ptr};
}

static std::string shown(const AttributeValue &value) {
  struct Printer {
    std::ostringstream text;
    void operator()(int64_t v) { text << v; }
    void operator()(bool v) { text << (v ? "true" : "false"); }
    void operator()(double v) { text << shortest(v); }
    void operator()(const std::string &v) { text << '"' << v << '"'; }
    void operator()(const std::vector<int64_t> &v) {
      text << '[';
      for (size_t i = 0; i < v.size(); ++i)
        text << (i ? ", " : "") << v[i];
      text << ']';
    }
    void operator()(const Elements &) { text << "another constant"; }
  } printer;
  std::visit(std::ref(printer), value);
  return printer.text.str();
}

static Where whereOf(const Graph &graph, const std::vector<Place> &places,
                     Where otherwise) {
  if (places.empty() || places[0].file < 0)
    return otherwise;
  return {internFile(graph.files[size_t(places[0].file)]), places[0].line};
}

[[noreturn]] static void stale(Where where, const std::string &what,
                               const std::string &now,
                               const std::string &before) {
  throw StaleCaptureError(where, "stale capture: " + what + " is " + now +
                                     ", was " + before +
                                     " when the function was traced; pass it "
                                     "as an argument, make it a variable, or "
                                     "jit again");
}

// The first op that differs; regions are compared like the function.
static void compareNodes(const Graph &before, const Graph &now,
                         const Graph &files, Where where) {
  for (size_t i = 0; i < now.nodes.size(); ++i) {
    const GraphNode &b = now.nodes[i];
    Where at = whereOf(files, b.places, where);
    if (i >= before.nodes.size())
      stale(at, "an op more", b.op, "none");
    const GraphNode &a = before.nodes[i];
    if (a.op != b.op)
      stale(at, "an op", b.op, a.op);
    for (size_t k = 0; k < b.attributes.size() && k < a.attributes.size(); ++k)
      if (!(a.attributes[k] == b.attributes[k]))
        stale(at, b.op + "'s " + b.attributes[k].name,
              shown(b.attributes[k].value), shown(a.attributes[k].value));
    if (a.results != b.results)
      stale(at, b.op + "'s result", toString(b.results[0].shape),
            toString(a.results[0].shape));
    if (a.inputs != b.inputs)
      stale(at, b.op + "'s operand", "another value", "what it was");
    for (size_t k = 0; k < b.regions.size() && k < a.regions.size(); ++k)
      compareNodes(a.regions[k], b.regions[k], files, where);
  }
  if (before.nodes.size() > now.nodes.size())
    stale(where, "the op after the last", "none",
          before.nodes[now.nodes.size()].op);
}

static std::string element(const runtime::BufferPtr &buffer, DType dtype,
                           size_t offset) {
  size_t i = offset / byteSize(dtype);
  return withElement(dtype, [&](auto zero) -> std::string {
    using T = decltype(zero);
    T value = buffer->as<T>()[i];
    if constexpr (std::same_as<T, uint8_t>)
      return value ? "true" : "false";
    else if constexpr (std::integral<T>)
      return std::to_string(value);
    else if constexpr (std::same_as<T, double>)
      return shortest(value);
    else
      return shortest(float(value));
  });
}

static void compareConstants(const Traced &before, const Traced &now, size_t i,
                             Where where) {
  const runtime::BufferPtr &a = before.sources[i].constant,
                           &b = now.sources[i].constant;
  const GraphArgument &argument = now.graph.arguments[i];
  size_t bytes = runtime::byteSize(argument.type);
  a->ready().join();
  b->ready().join();
  if (a == b || !std::memcmp(a->data(), b->data(), bytes))
    return;
  size_t at = 0;
  while (a->as<uint8_t>()[at] == b->as<uint8_t>()[at])
    ++at;
  DType dtype = argument.type.dtype;
  stale(whereOf(now.graph, {argument.place}, where),
        "element " + std::to_string(at / byteSize(dtype)) +
            " of a captured tensor " + toString(argument.type.shape),
        element(b, dtype, at), element(a, dtype, at));
}

void checkStale(const Traced &before, const Traced &now, Where where) {
  const Graph &a = before.graph, &b = now.graph;
  for (size_t i = 0; i < b.arguments.size() && i < a.arguments.size(); ++i) {
    const Traced::Source &x = before.sources[i], &y = now.sources[i];
    Where at = whereOf(b, {b.arguments[i].place}, where);
    if (x.kind != y.kind || !(a.arguments[i].type == b.arguments[i].type))
      stale(at, "what the function reads", b.arguments[i].name,
            a.arguments[i].name);
    if (x.kind == Traced::Source::Kind::variable &&
        before.variables[x.number].cell != now.variables[y.number].cell)
      stale(at, "a variable", b.arguments[i].name, a.arguments[i].name);
    if (x.kind == Traced::Source::Kind::constant)
      compareConstants(before, now, i, where);
  }
  compareNodes(a, b, b, where);
  if (a.arguments.size() != b.arguments.size())
    stale(where, "the number of values read",
          std::to_string(b.arguments.size()),
          std::to_string(a.arguments.size()));
  bool areResultsSame = a.results.size() == b.results.size();
  for (size_t i = 0; areResultsSame && i < a.results.size(); ++i)
    areResultsSame = a.results[i].value == b.results[i].value &&
                     a.results[i].updates == b.results[i].updates;
  auto setsTheSame = [](const Tracer::SetFlag &x, const Tracer::SetFlag &y) {
    return x.flag == y.flag && x.after == y.after;
  };
  if (!areResultsSame ||
      !std::ranges::equal(before.setFlags, now.setFlags, setsTheSame))
    stale(where, "what the function returns or assigns", "another value",
          "what it was");
}

} // namespace needle::detail
