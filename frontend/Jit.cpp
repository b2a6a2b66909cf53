// Jit.cpp - finds the signature of a call, prepares it once, runs it.
#include "needle/frontend/Jit.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Save.h"
#include "needle/frontend/Signature.h"
#include "needle/frontend/Variable.h"
#include "needle/runtime/Environment.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <ostream>

namespace needle::detail {

using runtime::BufferPtr;

bool isInlined() { return currentTracer(); }
void emptyJit(Where where) {
  throw Error(reported(where),
              "an empty Jit is called; make one with jit(function)");
}

namespace {
/// One signature: its key, its trace, its program.
struct Entry {
  std::vector<uint64_t> key;
  std::vector<ArgumentLeaf> leaves;
  std::string target; // the scope's at the call
  Traced traced;
  std::shared_ptr<const Compiled> compiled;
  runtime::Profile profile;
  Report report;
  // Of the call that runs; between calls they are empty and keep their memory.
  std::vector<runtime::Argument> arguments;
  runtime::Executed executed;
};
} // namespace

struct JitCore::State {
  explicit State(JitOptions given) : options(std::move(given)) {
    if (options.name.empty())
      options.name = JitOptions().name; // a function in the IR needs one
  }
  JitOptions options;
  // A function may ask its own Jit for calls() while it is traced.
  mutable std::recursive_mutex mutex;
  std::vector<std::unique_ptr<Entry>> entries;
  Entry *last = nullptr; // called last
  int compiles = 0, calls = 0;
  Miss miss;

  Entry *find(std::span<const uint64_t> key, uint8_t target);
  Entry &prepare(const CallArguments &arguments, TracedFunction &function,
                 Where where);
  void recheck(Entry &entry, const CallArguments &arguments,
               TracedFunction &function, Where where);
  void run(Entry &entry, const CallArguments &arguments, Where where,
           Words<Node *, 128> &results);
  std::string explain(const Entry &entry) const;
};

JitCore::JitCore(JitOptions options)
    : state(std::make_unique<State>(std::move(options))) {}
JitCore::~JitCore() = default;

// ---- signatures ------------------------------------------------------------
// Flags and frozen variables that the function reads are a part of it, too.
static bool isCurrent(const Entry &entry) {
  for (const auto &[flag, value] : entry.traced.flags)
    if (*flag != value)
      return false;
  for (const Traced::Touched &variable : entry.traced.variables)
    if (variable.cell->trainable != variable.isTrainable)
      return false;
  return true;
}

Entry *JitCore::State::find(std::span<const uint64_t> key, uint8_t target) {
  auto matches = [&](const Entry &entry) {
    return entry.key[0] == target &&
           std::ranges::equal(std::span(entry.key).subspan(1), key) &&
           isCurrent(entry);
  };
  if (last && matches(*last))
    return last;
  for (const std::unique_ptr<Entry> &entry : entries)
    if (matches(*entry))
      return entry.get();
  return nullptr;
}

std::string JitCore::State::explain(const Entry &entry) const {
  if (entries.empty())
    return "first call";
  const Entry &before = last ? *last : *entries.back();
  for (size_t i = 0; i < entry.leaves.size() && i < before.leaves.size(); ++i) {
    const ArgumentLeaf &now = entry.leaves[i], &then = before.leaves[i];
    if (now.value != then.value)
      return now.path + ": " + now.value + " instead of " + then.value;
  }
  if (entry.target != before.target)
    return "target " + entry.target + " instead of " + before.target;
  for (const auto &[flag, value] : before.traced.flags)
    if (*flag != value)
      return std::string("a flag that the function reads (training) is ") +
             (*flag ? "true" : "false") + " instead of " +
             (value ? "true" : "false");
  for (const Traced::Touched &variable : before.traced.variables)
    if (variable.cell->trainable != variable.isTrainable)
      return "variable " + Variable(variable.cell).name() + " is " +
             (variable.isTrainable ? "frozen instead of trainable"
                                   : "trainable instead of frozen");
  return "another structure of the arguments";
}

Entry &JitCore::State::prepare(const CallArguments &arguments,
                               TracedFunction &function, Where where) {
  auto entry = std::make_unique<Entry>();
  std::span<const uint64_t> words = arguments.words.words();
  entry->key.push_back(currentTarget());
  entry->key.insert(entry->key.end(), words.begin(), words.end());
  entry->leaves = describe(function);
  entry->target = TargetScope::current().name();
  miss = {explain(*entry), reported(where)};
  if (options.maxCompiles > 0 && compiles >= options.maxCompiles) {
    throw TraceError(reported(where), options.name + ": more than " +
                                          std::to_string(options.maxCompiles) +
                                          " signatures: " + miss.text);
  }
  entry->traced = traceFunction(options.name, function, arguments, where);
  const Traced &traced = entry->traced;
  // With NEEDLE_DUMP each function is compiled, so that it has its folder.
  entry->compiled =
      environment::dumpFolder().empty()
          ? getProgram(traced.words, traced.graph)
          : std::make_shared<const Compiled>(compileAndDump(traced.graph));
  static_cast<runtime::Report &>(entry->report) = entry->compiled->report;
  entry->report.name = options.name;
  entry->report.fromDisk = entry->compiled->isFromDisk;
  entry->report.targetCopies = int(std::ranges::count(
      traced.graph.nodes, std::string("to"), &GraphNode::op));
  ++compiles;
  entries.push_back(std::move(entry));
  return *entries.back();
}

void JitCore::State::recheck(Entry &entry, const CallArguments &arguments,
                             TracedFunction &function, Where where) {
  checkStale(entry.traced,
             traceFunction(options.name, function, arguments, where), where);
}

// ---- running ---------------------------------------------------------------
static BufferPtr number(uint64_t value) {
  BufferPtr buffer = runtime::Buffer::allocate(sizeof value);
  *buffer->as<uint64_t>() = value;
  return buffer;
}

// The variable's buffer is given up when the call replaces it and nobody else
// holds the value.
static runtime::Argument argumentOf(const Traced::Touched &variable) {
  const Node *node = variable.cell->value.get();
  bool isSole = node->refs.load(std::memory_order_acquire) == 1;
  return {borrowedBuffer(node), isSole && variable.update >= 0};
}

namespace {
/// The lists of an entry, filled for one call.
class Call {
public:
  Call(Entry &entry, std::span<Node *const> inputs)
      : entry(entry), inputs(inputs) {}
  ~Call() {
    entry.arguments.clear();
    entry.executed.results.clear();
  }
  Call(const Call &) = delete;
  /// Finds the arguments of the program. Whether all have been computed.
  bool bind();

private:
  runtime::Argument argument(const Traced::Source &source);
  Entry &entry;
  std::span<Node *const> inputs;
  BufferPtr key, count;
};
} // namespace

runtime::Argument Call::argument(const Traced::Source &source) {
  switch (source.kind) {
  case Traced::Source::Kind::argument:
  case Traced::Source::Kind::constant:
    break;
  case Traced::Source::Kind::key:
    key = number(randomState().key);
    return {key.get()};
  case Traced::Source::Kind::count:
    count = number(uint64_t(randomState().count));
    return {count.get()};
  case Traced::Source::Kind::variable:
    return argumentOf(entry.traced.variables[source.number]);
  }
  return {source.constant.get()};
}

bool Call::bind() {
  entry.arguments.resize(entry.traced.sources.size());
  runtime::Argument *next = entry.arguments.data();
  bool isComputed = true;
  for (const Traced::Source &source : entry.traced.sources) {
    *next = source.kind == Traced::Source::Kind::argument
                ? runtime::Argument{borrowedBuffer(inputs[source.number])}
                : argument(source);
    isComputed &= (next++)->buffer != nullptr;
  }
  for (const Traced::Touched &variable : entry.traced.variables)
    isComputed &= variable.cell->value.get()->is(Node::realized);
  return isComputed;
}

// Arguments and variables that are recorded and not computed yet.
static void realizeInputs(const Traced &traced, std::span<Node *const> inputs,
                          Where where) {
  std::vector<Tensor> waiting;
  for (Node *input : inputs)
    if (!borrowedBuffer(input))
      waiting.push_back(Tensor::share(input));
  for (const Traced::Touched &variable : traced.variables)
    if (!variable.cell->value.get()->is(Node::realized))
      waiting.push_back(variable.cell->value);
  if (!waiting.empty())
    realize(waiting, where);
}

static void printTap(const std::string &name, const ResultType &type,
                     BufferPtr value, Where where) {
  Tensor tapped = Tensor::adopt(recordValue(
      {&dataOp, type.dtype, type.target, type.shape.dims(), {}, {}, where},
      std::move(value)));
  std::fprintf(stderr, "%s: %s\n", name.c_str(), toString(tapped).c_str());
}

void JitCore::State::run(Entry &entry, const CallArguments &arguments,
                         Where where, Words<Node *, 128> &results) {
  const Traced &traced = entry.traced;
  std::span<Node *const> inputs = arguments.nodes.words();
  Call call(entry, inputs);
  if (!call.bind()) {
    realizeInputs(traced, inputs, where);
    call.bind();
  }
  int number = entry.report.calls + 1;
  runtime::ExecuteOptions options;
  options.shareUnchanged = false; // results share memory with nothing
  if ((number & (number - 1)) == 0)
    options.profile = &entry.profile;
  runtime::Executed &executed = entry.executed;
  entry.compiled->executable->execute(entry.arguments, options, executed);

  // From here on the call has happened.
  for (const Tracer::SetFlag &set : traced.setFlags)
    *set.flag = set.after;
  for (const Traced::Touched &variable : traced.variables)
    if (variable.update >= 0)
      setComputed(variable.cell,
                  std::move(executed.results[size_t(variable.update)]),
                  variable.assigned);
  advanceRandomState(traced.draws);
  entry.report.updatedInPlace = executed.updatedInPlace;
  entry.report.copiedVariables = executed.updatedByCopy;
  if (executed.mayFail || executed.done.ready())
    executed.done.wait(); // throws what the kernels found
  std::span<BufferPtr> values = executed.results;
  size_t count = traced.results.size();
  recordValues(dataOp, traced.results, values.first(count), Node::onPurpose,
               where, {results.extend(count), count});
  for (size_t i = 0; i < traced.taps.size(); ++i)
    printTap(traced.taps[i], traced.tapped[i], std::move(values[count + i]),
             where);
}

void JitCore::call(const CallArguments &arguments, TracedFunction &function,
                   Where where, Called &called) {
  State &s = *state;
  std::lock_guard lock(s.mutex);
  Entry *entry = s.find(arguments.words.words(), currentTarget());
  if (!entry) {
    entry = &s.prepare(arguments, function, where);
  } else if (int call = entry->report.calls + 1;
             s.options.recheck && call > 1 && (call & (call - 1)) == 0) {
    s.recheck(*entry, arguments, function, where);
  }
  s.last = entry;
  s.run(*entry, arguments, where, called.nodes);
  ++entry->report.calls;
  ++s.calls;
  called.skeleton = entry->traced.skeleton.get();
}

// ---- looking inside --------------------------------------------------------
int JitCore::compiles() const {
  std::lock_guard lock(state->mutex);
  return state->compiles;
}
int JitCore::calls() const {
  std::lock_guard lock(state->mutex);
  return state->calls;
}
Miss JitCore::lastMiss() const {
  std::lock_guard lock(state->mutex);
  return state->miss;
}

static const Entry &called(const Entry *last, Where where) {
  if (!last)
    throw Error(reported(where), "the jitted function has not been called yet");
  return *last;
}
// What the compiler and the file system say knows no line of its own.
static std::string compileAt(Where where, const Graph &graph,
                             const codegen::CompileOptions &options) {
  try {
    return compileFor(graph, options).ir;
  } catch (const Error &error) {
    if (error.where().line > 0)
      throw;
    throw CompileError(reported(where), error.what());
  }
}
Report JitCore::report(Where where) const {
  std::lock_guard lock(state->mutex);
  const Entry &entry = called(state->last, where);
  Report report = entry.report;
  report.times = entry.profile.entries();
  return report;
}
std::string JitCore::ir(std::string_view stage, Where where) const {
  std::lock_guard lock(state->mutex);
  codegen::CompileOptions options;
  options.stage = stage;
  return compileAt(where, called(state->last, where).traced.graph, options);
}
void JitCore::dump(const std::string &folder, Where where) const {
  std::lock_guard lock(state->mutex);
  codegen::CompileOptions options;
  options.dumpDirectory = folder;
  compileAt(where, called(state->last, where).traced.graph, options);
}

void JitCore::save(const std::string &path, const SaveOptions &options,
                   Where where) const {
  std::lock_guard lock(state->mutex);
  const Entry &entry = called(state->last, where);
  try {
    savedStep(entry.traced, entry.compiled->executable->program(), options)
        .save(path);
  } catch (const Error &error) {
    if (error.where().line > 0)
      throw;
    throw Error(reported(where), std::string("save: ") + error.what());
  }
}

} // namespace needle::detail

needle::Tensor needle::tap(std::string_view name, const Tensor &x,
                           Where where) {
  detail::check(x, "tap", where);
  if (x.get()->trace && !detail::isOpenTrace(x.get()->trace))
    detail::fail<TraceError>("tap", where,
                             "the value belongs to a trace that has ended");
  if (detail::OpenTrace *open = detail::innermostTrace();
      open && !open->iteration.empty())
    detail::fail<TraceError>("tap", where,
                             "a value in the body of a scan can't be reported; "
                             "stack it");
  if (detail::Tracer *tracer = detail::currentTracer())
    tracer->taps.emplace_back(name, x);
  else
    std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(),
                 toString(x, where).c_str());
  return x;
}

std::ostream &needle::operator<<(std::ostream &os, const Miss &miss) {
  os << miss.text;
  if (miss.where.line > 0)
    os << ", " << baseName(miss.where.file) << ":" << miss.where.line;
  return os;
}
