// Target.h - where ops run: the scope's target.
#pragma once

#include "needle/runtime/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace needle {

/// A place that can run ops: "cpu" (compiled kernels) or "reference" (the
/// interpreter). Cheap to copy and to compare.
class Target {
public:
  static Target cpu();
  /// Throws TargetError naming what was asked for and what there is.
  Target(const char *name, Where where = Where::here())
      : Target(std::string_view(name), where) {}
  Target(const std::string &name, Where where = Where::here())
      : Target(std::string_view(name), where) {}
  Target(std::string_view name, Where where = Where::here());

  const std::string &name() const;
  bool available() const;
  /// Empty when available.
  const std::string &unavailableReason() const;
  friend bool operator==(Target a, Target b) { return a.index == b.index; }

  /// For the front end: targets are numbered.
  uint8_t number() const { return index; }
  static Target ofNumber(uint8_t number);

private:
  Target() = default;
  uint8_t index = 0;
};

/// Every target needle knows, also those this machine lacks.
std::vector<Target> targets();

/// The target of threads and scopes that name none; without a call it is
/// NEEDLE_BACKEND, else cpu. Throws TargetError when it isn't available.
void setDefaultTarget(Target target, Where where = Where::here());
void resetDefaultTarget();

/// Ops recorded on this thread while the scope lives run on `target`. Scopes
/// nest; the outer target is back when it ends, also by an exception.
class TargetScope {
public:
  /// Throws TargetError when the target isn't available.
  [[nodiscard]] TargetScope(Target target, Where where = Where::here());
  ~TargetScope();
  TargetScope(const TargetScope &) = delete;
  /// The target that an op recorded here and now gets.
  static Target current();

private:
  int16_t outer;
};

} // namespace needle
