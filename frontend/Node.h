// Node.h - one recorded op: counted references, slabs per thread, no lock.
// What makes it safe without a lock while recording:
//  1. a node is written once, before its handle exists; afterwards only `refs`,
//     `state`, `payload` and `visit` change;
//  2. only the thread that leases an arena allocates from it or reclaims its
//     memory; other threads hand dead nodes back;
//  3. evaluations walk and cut the graph under one mutex (Evaluate.cpp);
//     recording needs none, because it never follows the inputs of a node.
#pragma once

#include "needle/runtime/DType.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Shape.h"

#include <atomic>
#include <cstdint>
#include <span>

namespace needle::runtime {
class BufferPtr;
}

namespace needle::detail {

/// How an attribute is stored in a node's words: one word each; `ints` is a
/// count, then the values; `number` is a double in floating results, else an
/// integer. `hidden` words belong to the front end and are never dumped.
enum class Field : uint8_t { none, i64, boolean, f64, ints, number, hidden };
struct AttributeField {
  const char *name = nullptr;
  Field kind = Field::none;
};

enum class OpClass : uint8_t {
  plain,       // one op of the IR, one result
  several,     // one op, several results; types behind the attributes
  projection,  // result `index` of its input
  data,        // has its value from the start
  scalar,      // an int64 or float that is an argument of every program
  placeholder, // an argument of a trace or of a region's body
  version,     // a value of a variable: a constant to older history
  alias        // the operand under an identity of its own
};

/// An op as the front end knows it: the IR's name without the dialect and the
/// attributes in the order in which they are recorded.
struct OpInfo {
  const char *name;
  AttributeField fields[5] = {};
  OpClass kind = OpClass::plain;
  /// Number of the operand whose values index something; -1: none.
  int8_t indexOperand = -1;
  /// Number of the attribute word that points to an Owned; -1: none.
  int8_t ownedWord = -1;
};

/// A string as a template argument: op<"exp">.
template <size_t N> struct OpName {
  char text[N];
  consteval OpName(const char (&name)[N]) {
    for (size_t i = 0; i < N; ++i)
      text[i] = name[i];
  }
};
/// The op without attributes of this name.
template <OpName name> inline constexpr OpInfo op{name.text};

struct Arena;
struct Realization;
struct ResultType;

struct Node {
  enum State : uint8_t {
    realized = 1,  // `payload` holds the value
    cut = 2,       // the inputs have been let go
    tracked = 4,   // leads to a trainable variable or a requireGrad() tensor
    onPurpose = 8, // a leaf that is a constant to gradients by intent
    wanted = 16,   // trainable now, or made by requireGrad()
    onPath = 32,   // a recorded gradient goes through: keeps its inputs
    inPlace = 64   // `payload` lies in the node, behind its words
  };
  std::atomic<uint32_t> refs;
  DType dtype;
  uint8_t target; // index of a Target
  uint8_t rank;
  std::atomic<uint8_t> state;
  uint32_t attributeWords;
  uint32_t inputCount;
  uint32_t visit;    // position in the walk that met it last
  uint32_t trace;    // 0, or the trace or region it belongs to
  uint64_t sequence; // grows along the arena
  const OpInfo *op;
  union {
    const char *file;
    Node *next; // once dead: the list it is in
  };
  int32_t line;
  uint32_t scope; // module path
  Realization *payload;
  // then dims, attributes, inputs, one word each; with `inPlace` the payload

  const uint64_t *words() const {
    return reinterpret_cast<const uint64_t *>(this + 1);
  }
  uint64_t *words() { return reinterpret_cast<uint64_t *>(this + 1); }
  std::span<const int64_t> dims() const {
    return {reinterpret_cast<const int64_t *>(words()), rank};
  }
  Shape shape() const { return Shape::unchecked(dims()); }
  std::span<const uint64_t> attributes() const {
    return {words() + rank, attributeWords};
  }
  uint64_t *attributes() { return words() + rank; }
  std::span<Node *const> inputs() const {
    return {reinterpret_cast<Node *const *>(words() + rank + attributeWords),
            inputCount};
  }
  Node *input(size_t i) const { return inputs()[i]; }
  Where where() const { return {file, line}; }
  bool is(State s) const { return state.load(std::memory_order_acquire) & s; }
  void set(State s) { state.fetch_or(s, std::memory_order_release); }
  void clear(State s) {
    state.fetch_and(uint8_t(~s), std::memory_order_release);
  }
};

/// What a node owns beside its inputs (the body of a scan).
class Owned {
public:
  virtual ~Owned() = default;
  /// Hands each node it holds a reference of to `take`.
  virtual void letGo(void (*take)(Node *, void *), void *to) = 0;
};

/// What record() writes; `where` is the user's line.
struct NewNode {
  const OpInfo *op;
  DType dtype = DType::float32;
  uint8_t target = 0;
  std::span<const int64_t> dims;
  std::span<const uint64_t> attributes;
  std::span<Node *const> inputs;
  Where where;
};

/// What recording reads of its thread.
struct Context {
  Arena *arena = nullptr;
  uint32_t trace = 0;  // innermost trace or region
  uint32_t scope = 0;  // module path
  Where library;       // the outermost LibraryScope's; line 0: none
  int16_t target = -1; // innermost TargetScope's; -1: the process default
  int8_t lazy = -1;    // innermost LazyScope's; -1: the process default
};
// initial-exec: one load instead of a call, also in a shared library.
extern constinit thread_local Context context
    __attribute__((tls_model("initial-exec")));

/// The one way into the graph: a node with one reference for the caller. Inputs
/// of a trace that is not open here throw TraceError.
Node *record(const NewNode &node);

/// The same for a node that has its value from the start and belongs to no
/// trace; without inputs. `state` goes with `realized` and `cut`.
Node *recordValue(const NewNode &node, runtime::BufferPtr value,
                  uint8_t state = 0);
/// `nodes[i]` becomes a node of `values[i]`, which is moved in. When it throws,
/// those that are not null have been recorded.
void recordValues(const OpInfo &op, std::span<const ResultType> types,
                  std::span<runtime::BufferPtr> values, uint8_t state,
                  Where where, std::span<Node *> nodes);

inline void retain(Node *node) {
  node->refs.fetch_add(1, std::memory_order_relaxed);
}
/// A loop, not a recursion: a chain of 10^6 dies within a small stack.
void destroy(Node *node) noexcept;
/// Nodes lie in slabs that start with their arena.
inline constexpr size_t slabBytes = 1 << 16;
inline bool isMine(const Node *node) {
  return *reinterpret_cast<Arena **>(reinterpret_cast<uintptr_t>(node) &
                                     ~(slabBytes - 1)) == context.arena;
}
inline void release(Node *node) noexcept {
  // The only reference and our own arena: no locked instruction is needed.
  if (node->refs.load(std::memory_order_acquire) == 1 && isMine(node))
    node->refs.store(0, std::memory_order_relaxed);
  else if (node->refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  destroy(node);
}
/// `a` was recorded before `b`, as far as one thread can tell: nodes of another
/// thread count as after.
bool recordedBefore(const Node *a, const Node *b);

/// A number for a module path, and back; 0 is the empty path.
uint32_t internScope(std::string_view path);
const std::string &scopeName(uint32_t scope);

/// The line an op or error reports: that of the outermost LibraryScope, else
/// the op's own.
inline Where reported(Where where) {
  return context.library.line > 0 ? context.library : where;
}

/// "hidden: matmul: text", to be thrown as an Error at the user's line.
std::string complaint(const char *op, const std::string &text);

} // namespace needle::detail

namespace needle {
/// Nodes alive in the process: a test hook for leaks.
int64_t liveTensors();
} // namespace needle
