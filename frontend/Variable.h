// Variable.h - a cell that holds a tensor and changes by assign() only.
#pragma once

#include "needle/frontend/Tensor.h"

#include <memory>

namespace needle {

namespace detail {
struct Cell;
}

/// Copies alias one cell. A Variable converts to the Tensor it holds at that
/// point of the program; what was read before keeps the old value. Used by one
/// thread at a time.
class Variable {
public:
  /// A cell that starts with `value`, trainable.
  explicit Variable(const Tensor &value, Where where = Where::here());
  Variable(const Variable &) = default;
  Variable &operator=(const Variable &) = delete;

  operator Tensor() const;
  Shape shape() const;
  int64_t dim(int axis, Where where = Where::here()) const {
    return shape()[{axis, where}];
  }
  DType dtype() const;
  Target target() const;
  template <ElementNumber T = double>
  T item(Where where = Where::here()) const {
    return Tensor(*this).item<T>(where);
  }
  template <ElementNumber T>
  std::vector<T> toVector(Where where = Where::here()) const {
    return Tensor(*this).toVector<T>(where);
  }

  /// The variable's value from here on. ShapeError or DTypeError unless `value`
  /// has the variable's shape and dtype, TargetError unless its target.
  void assign(const Tensor &value, Where where = Where::here()) const;
  /// What backward() has added up; empty before, and after zeroGrad(). In a
  /// jitted function both work on the call's own copy, empty at its start.
  Tensor grad() const;
  void zeroGrad() const;

  /// Whether backward() and history reach it; true at first. TraceError in a
  /// jitted function that did not make the variable.
  const Variable &trainable(bool trainable, Where where = Where::here()) const;
  bool isTrainable() const;
  /// In errors and dumps; a module sets "hidden.weight".
  const Variable &name(std::string_view name) const;
  std::string name() const;

  /// Equal for handles of one cell.
  const void *id() const { return cell.get(); }
  /// For the front end.
  const std::shared_ptr<detail::Cell> &get() const { return cell; }
  explicit Variable(std::shared_ptr<detail::Cell> cell)
      : cell(std::move(cell)) {}

private:
  std::shared_ptr<detail::Cell> cell;
};

std::ostream &operator<<(std::ostream &os, const Variable &variable);

} // namespace needle
