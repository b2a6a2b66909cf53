// Tree.h - arguments and results of traced functions: trees of tensors.
// Leaves are Tensor, Key, bool, integers, enums and strings; inner nodes are
// standard containers, tuples, optional and aggregates of up to 12 fields.
#pragma once

#include "needle/frontend/ops/Random.h"

#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace needle::detail {

// ---- what is a tree --------------------------------------------------------
struct AnyField {
  template <class T> operator T() const;
};
template <class T>
concept RangeTree = requires(const T &t) {
  t.begin();
  t.end();
  typename T::value_type;
};
template <class T>
concept TupleTree = requires {
  std::tuple_size<T>::value;
};
template <class T> inline constexpr bool isOptional = false;
template <class T> inline constexpr bool isOptional<std::optional<T>> = true;
template <class T>
concept StaticLeaf = std::same_as<T, bool> || Integer<T> || std::is_enum_v<T> ||
    std::same_as<T, std::string>;

/// Number of fields of an aggregate.
template <class T, class... Fields> consteval size_t fieldCount() {
  if constexpr (sizeof...(Fields) > 12)
    return 13;
  else if constexpr (requires { T{Fields{}..., AnyField{}}; })
    return fieldCount<T, Fields..., AnyField>();
  else
    return sizeof...(Fields);
}

/// Calls `f` with the fields of an aggregate.
template <class T, class F> decltype(auto) withFields(T &value, F &&f) {
  constexpr size_t count = fieldCount<std::remove_cv_t<T>>();
  static_assert(count <= 12, "an aggregate of more than 12 fields");
  if constexpr (count == 0) {
    return f();
  } else if constexpr (count == 1) {
    auto &[a] = value;
    return f(a);
  } else if constexpr (count == 2) {
    auto &[a, b] = value;
    return f(a, b);
  } else if constexpr (count == 3) {
    auto &[a, b, c] = value;
    return f(a, b, c);
  } else if constexpr (count == 4) {
    auto &[a, b, c, d] = value;
    return f(a, b, c, d);
  } else if constexpr (count == 5) {
    auto &[a, b, c, d, e] = value;
    return f(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto &[a, b, c, d, e, g] = value;
    return f(a, b, c, d, e, g);
  } else if constexpr (count == 7) {
    auto &[a, b, c, d, e, g, h] = value;
    return f(a, b, c, d, e, g, h);
  } else if constexpr (count == 8) {
    auto &[a, b, c, d, e, g, h, i] = value;
    return f(a, b, c, d, e, g, h, i);
  } else if constexpr (count == 9) {
    auto &[a, b, c, d, e, g, h, i, j] = value;
    return f(a, b, c, d, e, g, h, i, j);
  } else if constexpr (count == 10) {
    auto &[a, b, c, d, e, g, h, i, j, k] = value;
    return f(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (count == 11) {
    auto &[a, b, c, d, e, g, h, i, j, k, l] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l);
  } else {
    auto &[a, b, c, d, e, g, h, i, j, k, l, m] = value;
    return f(a, b, c, d, e, g, h, i, j, k, l, m);
  }
}

template <class T> consteval bool isTree();
template <class... Fields> struct FieldTypes {
  static constexpr bool areTrees =
      (isTree<std::remove_cvref_t<Fields>>() && ...);
};
template <class T> consteval bool isTree() {
  if constexpr (std::same_as<T, Tensor> || std::same_as<T, Key> ||
                StaticLeaf<T>) {
    return true;
  } else if constexpr (std::floating_point<T> || std::is_pointer_v<T>) {
    return false;
  } else if constexpr (isOptional<T>) {
    return isTree<typename T::value_type>();
  } else if constexpr (TupleTree<T>) {
    return []<size_t... I>(std::index_sequence<I...>) {
      return (isTree<std::remove_cvref_t<std::tuple_element_t<I, T>>>() && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  } else if constexpr (RangeTree<T>) {
    return isTree<std::remove_const_t<typename T::value_type>>();
  } else if constexpr (std::is_aggregate_v<T>) {
    return decltype(withFields(std::declval<T &>(), [](auto &...fields) {
      return FieldTypes<decltype(fields)...>();
    }))::areTrees;
  } else {
    return false;
  }
}

// ---- walking one -----------------------------------------------------------
/// What visitTree() meets, in order.
class TreeVisitor {
public:
  virtual void tensor(const Tensor &tensor) = 0;
  virtual void number(int64_t value) = 0;
  virtual void text(const std::string &value) = 0;
  /// A container of `size` children, or one that is not there.
  virtual void children(size_t size) { (void)size; }
  /// The child that comes next: an index or, outermost, an argument.
  virtual void enter(size_t child) { (void)child; }
  virtual void leave() {}

protected:
  ~TreeVisitor() = default;
};

template <class T, class V> void visitTree(const T &tree, V &visitor) {
  auto child = [&](const auto &value, size_t number) {
    visitor.enter(number);
    visitTree(value, visitor);
    visitor.leave();
  };
  auto all = [&](const auto &...values) {
    size_t number = 0;
    (child(values, number++), ...);
  };
  if constexpr (std::same_as<T, Tensor>) {
    visitor.tensor(tree);
  } else if constexpr (std::same_as<T, Key>) {
    visitor.tensor(tree.tensor());
  } else if constexpr (std::same_as<T, std::string>) {
    visitor.text(tree);
  } else if constexpr (StaticLeaf<T>) {
    visitor.number(int64_t(tree));
  } else if constexpr (isOptional<T>) {
    visitor.children(tree.has_value());
    if (tree)
      visitTree(*tree, visitor);
  } else if constexpr (TupleTree<T>) {
    std::apply(all, tree);
  } else if constexpr (RangeTree<T>) {
    visitor.children(size_t(std::distance(tree.begin(), tree.end())));
    size_t number = 0;
    for (const auto &value : tree)
      child(static_cast<const typename T::value_type &>(value), number++);
  } else {
    withFields(tree, all);
  }
}

/// A copy of `tree` with each tensor replaced by next(tensor), in the order of
/// visitTree().
template <class T, class Next> T mapTree(const T &tree, Next &next) {
  // Braces evaluate left to right.
  auto rebuild = [&](const auto &...values) {
    return T{mapTree(values, next)...};
  };
  if constexpr (std::same_as<T, Tensor>) {
    return next(tree);
  } else if constexpr (std::same_as<T, Key>) {
    return Key(next(tree.tensor()));
  } else if constexpr (StaticLeaf<T>) {
    return tree;
  } else if constexpr (isOptional<T>) {
    return tree ? T(mapTree(*tree, next)) : T();
  } else if constexpr (TupleTree<T>) {
    return std::apply(rebuild, tree);
  } else if constexpr (RangeTree<T>) {
    T copy;
    if constexpr (requires { copy.reserve(tree.size()); })
      copy.reserve(tree.size());
    for (const auto &value : tree)
      if constexpr (requires { copy.push_back(mapTree(value, next)); })
        copy.push_back(mapTree(value, next));
      else
        copy.insert(copy.end(), mapTree(value, next));
    return copy;
  } else {
    return withFields(tree, rebuild);
  }
}

} // namespace needle::detail
