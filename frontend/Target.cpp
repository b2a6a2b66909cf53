// Target.cpp - the targets there are, the process default and scopes.
#include "needle/frontend/Target.h"

#include "needle/frontend/Node.h"
#include "needle/runtime/Environment.h"

#include <array>
#include <atomic>

using namespace needle;
using detail::context;

namespace {
struct Known {
  std::string name, reason;
};
// A target's number is its position; "cpu" is the one graphs name by default.
const std::array<Known, 2> &known() {
  static const auto *known =
      new std::array<Known, 2>{{{"cpu", ""}, {"reference", ""}}};
  return *known;
}
// -1: not known yet, NEEDLE_BACKEND counts.
std::atomic<int16_t> processDefault{-1};
} // namespace

Target Target::cpu() { return ofNumber(0); }
Target Target::ofNumber(uint8_t number) {
  Target target;
  target.index = number;
  return target;
}

Target::Target(std::string_view name, Where where) {
  std::string all;
  for (size_t i = 0; i < known().size(); ++i) {
    if (known()[i].name == name) {
      index = uint8_t(i);
      return;
    }
    all += (i ? ", " : "") + known()[i].name;
  }
  throw TargetError(detail::reported(where), "unknown target '" +
                                                 std::string(name) +
                                                 "': there is " + all);
}

const std::string &Target::name() const { return known()[index].name; }
bool Target::available() const { return known()[index].reason.empty(); }
const std::string &Target::unavailableReason() const {
  return known()[index].reason;
}

static Target availableOnly(Target target, Where where) {
  if (!target.available())
    throw TargetError(detail::reported(where),
                      "target '" + target.name() +
                          "' is not available: " + target.unavailableReason());
  return target;
}

std::vector<Target> needle::targets() {
  std::vector<Target> all;
  for (size_t i = 0; i < known().size(); ++i)
    all.push_back(Target::ofNumber(uint8_t(i)));
  return all;
}

void needle::setDefaultTarget(Target target, Where where) {
  processDefault = availableOnly(target, where).number();
}
void needle::resetDefaultTarget() { processDefault = -1; }

// A throw leaves `target` unset, so the next op reports it again.
static Target fromEnvironment() {
  static const Target target = [] {
    std::string name = environment::backend();
    try {
      return availableOnly(name.empty() ? Target::cpu() : Target(name, Where()),
                           Where());
    } catch (const TargetError &error) {
      throw TargetError("NEEDLE_BACKEND=" + name + ": " + error.what());
    }
  }();
  return target;
}

TargetScope::TargetScope(Target target, Where where) : outer(context.target) {
  context.target = availableOnly(target, where).number();
}
TargetScope::~TargetScope() { context.target = outer; }
Target TargetScope::current() {
  if (context.target >= 0)
    return Target::ofNumber(uint8_t(context.target));
  int16_t set = processDefault.load(std::memory_order_relaxed);
  if (set < 0) {
    int16_t unknown = -1;
    set = fromEnvironment().number();
    // Unless another thread has just set it.
    if (!processDefault.compare_exchange_strong(unknown, set))
      set = unknown;
  }
  return Target::ofNumber(uint8_t(set));
}
