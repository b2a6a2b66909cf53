// Module.cpp - the tree behind nn::Module.
#include "needle/frontend/nn/Module.h"

#include "needle/frontend/Cell.h"
#include "needle/frontend/Trace.h"
#include "needle/runtime/Error.h"

#include <algorithm>

namespace needle::nn {

struct Module::Members {
  std::string name;
  const Members *parent = nullptr; // on the heap: stays put when modules move
  /// Outlives the module where a jitted function has read it.
  std::shared_ptr<bool> training = std::make_shared<bool>(true);
  std::vector<NamedVariable> parameters, buffers;
  std::vector<std::unique_ptr<Module>> children;

  /// Calls visit(path, members) for a module and all below it, parents first.
  /// The depth is that of the user's model, so a recursion is safe.
  template <class Visit>
  void walk(const std::string &path, const Visit &visit) const {
    visit(path, *this);
    for (const auto &child : children)
      child->members->walk(path + child->members->name + ".", visit);
  }
};

Module::Module() : members(std::make_unique<Members>()) {}
Module::Module(Module &&) noexcept = default;
Module &Module::operator=(Module &&) noexcept = default;
Module::~Module() = default;

std::string Module::path() const {
  std::string path = members->name;
  for (const Members *m = members->parent; m; m = m->parent)
    if (!m->name.empty())
      path = m->name + "." + path;
  return path;
}

void Module::checkName(const Name &given) const {
  const std::string &name = given.text;
  if (name.empty() || name.find('.') != std::string::npos)
    throw Error(given.where, "Module: the name \"" + name +
                                 "\" is empty or holds a '.', wanted a plain "
                                 "name");
  auto isTaken = [&](const auto &list) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto &entry) { return entry.first == name; });
  };
  bool taken = isTaken(members->parameters) || isTaken(members->buffers) ||
               std::any_of(members->children.begin(), members->children.end(),
                           [&](const auto &child) {
                             return child->members->name == name;
                           });
  if (taken)
    throw Error(given.where, "Module: the name \"" + name + "\" is used twice");
}

void Module::adopt(Name name, std::unique_ptr<Module> module) {
  checkName(name);
  // Dumps and errors name a variable by its path from the root.
  module->members->walk("", [&](const std::string &path, const Members &m) {
    for (const auto *list : {&m.parameters, &m.buffers})
      for (const auto &[local, variable] : *list)
        if (variable.name() == path + local) // else it is another module's
          variable.name(name.text + "." + path + local);
  });
  module->members->name = std::move(name.text);
  module->members->parent = members.get();
  members->children.push_back(std::move(module));
}

Variable Module::parameter(Name name, const Tensor &value, Where where) {
  return parameter(std::move(name), Variable(value, where));
}

Variable Module::parameter(Name name, const Variable &variable) {
  checkName(name);
  if (!*variable.get()->name) // else the user's, or another module's
    variable.name(name.text);
  members->parameters.emplace_back(std::move(name.text), variable);
  return variable;
}

Variable Module::buffer(Name name, const Tensor &value, Where where) {
  checkName(name);
  Variable variable(value, where);
  variable.trainable(false, where).name(name.text);
  members->buffers.emplace_back(std::move(name.text), variable);
  return variable;
}

std::vector<NamedVariable> Module::namedParameters() const {
  std::vector<NamedVariable> all;
  members->walk("", [&](const std::string &path, const Members &m) {
    for (const auto &[name, variable] : m.parameters)
      if (std::none_of(all.begin(), all.end(), [&](const NamedVariable &seen) {
            return seen.second.id() == variable.id();
          }))
        all.emplace_back(path + name, variable);
  });
  return all;
}

std::vector<Variable> Module::parameters() const {
  std::vector<Variable> all;
  for (const NamedVariable &named : namedParameters())
    all.push_back(named.second);
  return all;
}

std::vector<NamedVariable> Module::namedBuffers() const {
  std::vector<NamedVariable> all;
  members->walk("", [&](const std::string &path, const Members &m) {
    for (const auto &[name, variable] : m.buffers)
      all.emplace_back(path + name, variable);
  });
  return all;
}

void Module::train(bool on) {
  setState(members->training, on);
  for (const auto &child : members->children)
    child->train(on);
}

bool Module::training() const { return readsState(members->training); }

} // namespace needle::nn
