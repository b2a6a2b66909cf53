// Jit.h - functions that are traced once per signature and replayed.
#pragma once

#include "needle/frontend/Record.h"
#include "needle/frontend/Report.h"
#include "needle/frontend/Tree.h"
#include "needle/frontend/Variable.h"
#include "needle/frontend/ops/Create.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace needle {

struct JitOptions {
  /// In dumps, reports and folders of NEEDLE_DUMP; empty: the default.
  std::string name = "jit";
  /// A call that would prepare more signatures throws TraceError; 0: no limit.
  int maxCompiles = 0;
  /// Calls 2, 4, 8, ... of a signature trace again and throw StaleCaptureError
  /// when the function has come to do something else.
  bool recheck = true;
};

/// Names for Step::run, in place of "input0", ... and "result0", ...: of the
/// tensors among the arguments, and in the result, in order. Empty: none.
struct SaveOptions {
  std::vector<std::string> inputs = {};
  std::vector<std::string> results = {};
};

namespace detail {

/// The leaves of a call's arguments, flat: tensors, and the words that make up
/// the signature. Without allocation for few of them.
class CallArguments final : public TreeVisitor {
public:
  explicit CallArguments(Where where) : where(where) {}
  void tensor(const Tensor &tensor) override {
    Node *node = tensor.get();
    if (!node) [[unlikely]]
      failEmpty();
    nodes.push(node);
    std::span<const int64_t> dims = node->dims();
    uint64_t *word = words.extend(1 + dims.size());
    *word = uint64_t(node->dtype) | uint64_t(node->target) << 8 |
            uint64_t(node->rank) << 16 | uint64_t(1) << 63;
    for (int64_t dim : dims)
      *++word = uint64_t(dim);
  }
  void number(int64_t value) override { words.push(uint64_t(value)); }
  void text(const std::string &value) override;
  void children(size_t size) override { words.push(size); }

  Words<uint64_t, 256> words;
  Words<Node *, 128> nodes; // borrowed

private:
  [[noreturn]] void failEmpty() const;
  Where where; // of the call
};

/// The traced function with its types erased.
class TracedFunction {
public:
  /// Runs it on `placeholders`; gives its results in order.
  virtual std::vector<Tensor>
  trace(const std::vector<Tensor> &placeholders) = 0;
  /// The result's structure of the last trace, for Jit to fill in.
  virtual std::shared_ptr<void> skeleton() = 0;
  virtual void visit(TreeVisitor &visitor) const = 0;

protected:
  ~TracedFunction() = default;
};

/// The signatures of one jitted function. Calls lock it: several threads may
/// call one Jit, one at a time gets through.
class JitCore {
public:
  explicit JitCore(JitOptions options);
  ~JitCore();

  /// The results of a call, and their structure.
  class Called {
  public:
    Called() = default;
    ~Called() {
      for (Node *node : nodes.words().subspan(taken))
        if (node)
          release(node);
    }
    Called(const Called &) = delete;
    Tensor next() { return Tensor::adopt(nodes.words()[taken++]); }
    const void *skeleton = nullptr;

  private:
    friend class JitCore;
    Words<Node *, 128> nodes;
    size_t taken = 0;
  };
  void call(const CallArguments &arguments, TracedFunction &function,
            Where where, Called &called);
  int compiles() const;
  int calls() const;
  Miss lastMiss() const;
  Report report(Where where) const;
  std::string ir(std::string_view stage, Where where) const;
  void dump(const std::string &folder, Where where) const;
  void save(const std::string &path, const SaveOptions &options,
            Where where) const;

private:
  struct State;
  std::unique_ptr<State> state;
};
/// An argument that is a tensor: a Variable gives its value, a C++ number is a
/// float32 scalar.
class TensorArgument {
public:
  TensorArgument(const Tensor &tensor) : value(tensor) {}
  TensorArgument(const Variable &variable) : owned(variable), value(owned) {}
  template <Arithmetic T>
  TensorArgument(T number, Where where = Where::here())
      : owned(needle::tensor(number, where)), value(owned) {}
  TensorArgument(const TensorArgument &) = delete;

private:
  Tensor owned;

public:
  const Tensor &value;
};
template <class T>
using Argument = std::conditional_t<std::same_as<T, Tensor>, TensorArgument, T>;
template <class T> const T &unwrap(const T &argument) { return argument; }
inline const Tensor &unwrap(const TensorArgument &argument) {
  return argument.value;
}

/// Is a function being traced on this thread, so that a jitted one is inlined?
bool isInlined();
[[noreturn]] void emptyJit(Where where);

template <class F> struct SignatureOf;
template <class C, class R, class... A> struct SignatureOf<R (C::*)(A...)> {
  using type = R(std::remove_cvref_t<A>...);
};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...) const> {
  using type = R(std::remove_cvref_t<A>...);
};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...) noexcept> {
  using type = R(std::remove_cvref_t<A>...);
};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...) const noexcept> {
  using type = R(std::remove_cvref_t<A>...);
};

} // namespace detail

template <class Signature> class Jit;

/// A function that is recorded at its first call of a signature, compiled, and
/// replayed by later ones. Arguments and results are trees (Tree.h). Variables
/// it touches are inputs and outputs of the step, updated in place when nobody
/// else holds their value; other captured tensors and C++ values are constants.
/// Copies share the signatures. Captures must outlive it.
template <class R, class... A> class Jit<R(A...)> {
public:
  static_assert((!std::floating_point<A> && ...),
                "a jitted function takes no float or double: every value would "
                "be another signature. Take const needle::Tensor &; a C++ "
                "scalar converts");
  static_assert(((detail::isTree<A>() || std::floating_point<A>)&&...),
                "arguments of a jitted function are tensors, keys, bools, "
                "integers, enums, strings, and std containers, tuples or "
                "aggregates of them");
  static_assert(std::is_void_v<R> || detail::isTree<R>(),
                "the result of a jitted function is a tensor, key, bool, "
                "integer, enum, string, or a std container, tuple or aggregate "
                "of them");

  Jit() = default;
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Jit> &&
           std::is_invocable_r_v<
               R, F &, const A &...>) explicit Jit(F function,
                                                   JitOptions options = {})
      : function(std::make_shared<Holder<F>>(std::move(function))),
        core(std::make_shared<detail::JitCore>(std::move(options))) {}

  /// Throws what the function throws while it is traced, TraceError,
  /// StaleCaptureError, CompileError, and IndexError for indices among the
  /// arguments that are out of range; then nothing has changed.
  R operator()(const detail::Argument<A> &...arguments,
               Where where = Where::here()) const {
    if (!function)
      detail::emptyJit(where);
    if (detail::isInlined())
      return function->call(detail::unwrap(arguments)...);
    detail::CallArguments flat(where);
    (detail::visitTree(detail::unwrap(arguments), flat), ...);
    Traced traced(*function, detail::unwrap(arguments)...);
    detail::JitCore::Called called;
    core->call(flat, traced, where, called);
    if constexpr (std::same_as<R, Tensor>) {
      return called.next();
    } else if constexpr (!std::is_void_v<R>) {
      auto next = [&](const Tensor &) { return called.next(); };
      return detail::mapTree(*static_cast<const R *>(called.skeleton), next);
    }
  }

  /// Signatures prepared so far, and calls that returned.
  int compiles() const { return core ? core->compiles() : 0; }
  int calls() const { return core ? core->calls() : 0; }
  /// Why the last compile was needed.
  Miss lastMiss(Where where = Where::here()) const {
    return used(where).lastMiss();
  }
  /// Of the signature called last; so are ir() and dump(). Error before a call.
  Report report(Where where = Where::here()) const {
    return used(where).report(where);
  }
  /// The IR after a stage of the pipeline ("autodiff", "fuse", ...).
  std::string ir(std::string_view stage, Where where = Where::here()) const {
    return used(where).ir(stage, where);
  }
  /// traced.json and the IR after every stage, as files in `folder`.
  void dump(const std::string &folder, Where where = Where::here()) const {
    used(where).dump(folder, where);
  }
  /// Writes the compiled step of the signature called last, with the values
  /// that its variables and captured tensors have now, for programs that link
  /// needle::runtime alone: needle::Step::load (runtime/Step.h). It runs on
  /// CPUs that have the instructions it was compiled for (NEEDLE_CPU). The file
  /// is whole or absent. Error before a call, when `options` name another
  /// number of tensors or one name twice, when the step has work on the
  /// reference target, and when the file can't be written.
  void save(const std::string &path, const SaveOptions &options = {},
            Where where = Where::here()) const {
    used(where).save(path, options, where);
  }

private:
  struct Function {
    virtual ~Function() = default;
    virtual R call(const A &...arguments) = 0;
  };
  template <class F> struct Holder final : Function {
    explicit Holder(F f) : f(std::move(f)) {}
    R call(const A &...arguments) override { return f(arguments...); }
    F f;
  };
  // One call: rebuilds the arguments from placeholders, takes the result apart.
  struct Traced final : detail::TracedFunction {
    Traced(Function &function, const A &...arguments)
        : function(function), arguments(arguments...) {}
    std::vector<Tensor>
    trace(const std::vector<Tensor> &placeholders) override {
      size_t at = 0;
      auto next = [&](const Tensor &) { return placeholders[at++]; };
      return std::apply(
          [&](const A &...original) {
            // Braces evaluate left to right.
            std::tuple<A...> traced{detail::mapTree(original, next)...};
            return std::apply(
                [&](const A &...values) { return run(values...); }, traced);
          },
          arguments);
    }
    std::vector<Tensor> run(const A &...values) {
      std::vector<Tensor> results;
      if constexpr (std::is_void_v<R>) {
        function.call(values...);
      } else {
        R result = function.call(values...);
        auto take = [&](const Tensor &tensor) {
          results.push_back(tensor);
          return Tensor();
        };
        structure = std::make_shared<R>(detail::mapTree(result, take));
      }
      return results;
    }
    std::shared_ptr<void> skeleton() override { return structure; }
    void visit(detail::TreeVisitor &visitor) const override {
      size_t number = 0;
      auto one = [&](const auto &argument) {
        visitor.enter(number++);
        detail::visitTree(argument, visitor);
        visitor.leave();
      };
      std::apply([&](const A &...all) { (one(all), ...); }, arguments);
    }
    Function &function;
    std::tuple<const A &...> arguments;
    std::shared_ptr<void> structure;
  };

  const detail::JitCore &used(Where where) const {
    if (!core)
      detail::emptyJit(where);
    return *core;
  }
  std::shared_ptr<Function> function;
  std::shared_ptr<detail::JitCore> core;
};

/// jit([&](const Tensor &x) { ... }): the signature is the lambda's.
template <class F> [[nodiscard]] auto jit(F function, JitOptions options = {}) {
  using Signature =
      typename detail::SignatureOf<decltype(&F::operator())>::type;
  return Jit<Signature>(std::move(function), std::move(options));
}
template <class R, class... A>
[[nodiscard]] auto jit(R (*function)(A...), JitOptions options = {}) {
  return Jit<R(std::remove_cvref_t<A>...)>(function, std::move(options));
}

/// `x`; its value goes to stderr with `name`, in a jitted function at every
/// call.
Tensor tap(std::string_view name, const Tensor &x, Where where = Where::here());

} // namespace needle
