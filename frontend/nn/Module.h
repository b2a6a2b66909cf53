// Module.h - a tree of named parameters, buffers and child modules.
#pragma once

#include "needle/frontend/Tensor.h"
#include "needle/frontend/Variable.h"

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace needle::nn {

using NamedVariable = std::pair<std::string, Variable>;

/// The name of a member, and the line that gives it.
struct Name {
  template <std::convertible_to<std::string> S>
  Name(S &&text, Where where = Where::here())
      : text(std::forward<S>(text)), where(where) {}
  std::string text;
  Where where;
};

/// Base of all layers and models. A module is called through its own
/// operator(), with whatever signature it needs. Modules move and do not copy;
/// children live on the heap, so references to them survive a move.
class Module {
public:
  Module();
  Module(Module &&) noexcept;
  Module &operator=(Module &&) noexcept;
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;
  virtual ~Module();

  /// Parameters of this module and its children, depth first in order of
  /// creation; a shared one once, under the first of its names.
  std::vector<Variable> parameters() const;
  /// The same with paths: "hidden.weight".
  std::vector<NamedVariable> namedParameters() const;
  /// State that is saved but not trained (running statistics).
  std::vector<NamedVariable> namedBuffers() const;

  /// Sets the mode of this module and all children (dropout and the like).
  void train(bool on = true);
  void eval() { train(false); }
  /// A jitted function that asks is compiled once for each mode.
  bool training() const;

  /// Its path from the root: "encoder.hidden"; empty for a root. Errors and
  /// the IR name it next to the user's line.
  std::string path() const;

protected:
  /// Moves `module` into this one under `name` and returns it. Names are not
  /// empty, hold no '.', and are used once (Error otherwise).
  template <std::derived_from<Module> T> T &child(Name name, T &&module) {
    auto owned = std::make_unique<T>(std::move(module));
    T &reference = *owned;
    adopt(std::move(name), std::move(owned));
    return reference;
  }
  /// Makes a T(args...) in place.
  template <std::derived_from<Module> T, class... A>
  T &child(Name name, A &&...args) {
    auto owned = std::make_unique<T>(std::forward<A>(args)...);
    T &reference = *owned;
    adopt(std::move(name), std::move(owned));
    return reference;
  }
  /// A trainable variable of this module.
  Variable parameter(Name name, const Tensor &value,
                     Where where = Where::here());
  /// Shares a variable that something else owns as well.
  Variable parameter(Name name, const Variable &variable);
  /// A variable that is saved but not trained.
  Variable buffer(Name name, const Tensor &value, Where where = Where::here());

private:
  struct Members;
  void adopt(Name name, std::unique_ptr<Module> module);
  void checkName(const Name &name) const;
  std::unique_ptr<Members> members;
};

} // namespace needle::nn
