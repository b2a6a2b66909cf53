// Tensor.h - the handle of a recorded value, and what ops take.
#pragma once

#include "needle/frontend/Node.h"
#include "needle/frontend/Target.h"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <utility>
#include <vector>

namespace needle {

class Variable;

namespace detail {
[[noreturn]] void emptyTensor(Where where);
}

/// An immutable value: a node of the recorded graph, computed when somebody
/// asks for it. Copies share the node; `=` rebinds the handle. Tensors may be
/// used from any thread. A default-constructed one is empty: using it throws
/// Error.
class Tensor {
public:
  Tensor() = default;
  Tensor(const Tensor &other) : node(other.node) {
    if (node)
      detail::retain(node);
  }
  Tensor(Tensor &&other) noexcept : node(std::exchange(other.node, nullptr)) {}
  Tensor &operator=(Tensor other) noexcept {
    std::swap(node, other.node);
    return *this;
  }
  ~Tensor() {
    if (node)
      detail::release(node);
  }

  bool empty() const { return !node; }
  /// Known without running anything.
  Shape shape(Where where = Where::here()) const {
    return checked(where)->shape();
  }
  /// Size of an axis; negative counts from the end. ShapeError when outside.
  int64_t dim(int axis, Where where = Where::here()) const {
    return shape(where)[{axis, where}];
  }
  DType dtype(Where where = Where::here()) const {
    return checked(where)->dtype;
  }
  Target target(Where where = Where::here()) const {
    return Target::ofNumber(checked(where)->target);
  }

  /// The value of a tensor of one element, converted to T. Realizes; ShapeError
  /// when there are more elements or none.
  template <ElementNumber T = double> T item(Where where = Where::here()) const;
  /// All elements in row-major order. Realizes; DTypeError unless T is the
  /// dtype's C++ type.
  template <ElementNumber T>
  std::vector<T> toVector(Where where = Where::here()) const;

  /// The same value under an identity of its own that gradients can be taken
  /// at after it has been realized; floating dtypes only.
  [[nodiscard]] Tensor requireGrad(Where where = Where::here()) const;
  /// What backward() has added up for a requireGrad() tensor; else empty.
  Tensor grad(Where where = Where::here()) const;
  /// Adds d sum(this) / dx to grad() of every trainable variable and
  /// requireGrad() tensor this was made from.
  void backward(Where where = Where::here()) const;

  /// For the front end.
  static Tensor adopt(detail::Node *node) {
    Tensor tensor;
    tensor.node = node;
    return tensor;
  }
  static Tensor share(detail::Node *node) {
    detail::retain(node);
    return adopt(node);
  }
  detail::Node *get() const { return node; }

private:
  detail::Node *checked(Where where) const {
    if (!node)
      detail::emptyTensor(where);
    return node;
  }
  detail::Node *node = nullptr;
};

/// "[1, 2, 3]", nested by axis, long axes shortened as NumPy does. Realizes.
std::string toString(const Tensor &tensor, Where where = Where::here());
std::ostream &operator<<(std::ostream &os, const Tensor &tensor);

/// What an elementwise op takes: a tensor, a variable's value or a weakly typed
/// scalar, and the line of the user's expression.
class Operand {
public:
  enum class Kind : uint8_t { tensor, boolean, integer, floating };
  Operand(const Tensor &tensor, Where where = Where::here())
      : node(tensor.get()), where(where) {}
  Operand(const Variable &variable, Where where = Where::here());
  template <Arithmetic T>
  Operand(T value, Where where = Where::here()) : where(where) {
    if constexpr (std::floating_point<T>) {
      kind = Kind::floating;
      floating = double(value);
    } else {
      kind = std::same_as<T, bool> ? Kind::boolean : Kind::integer;
      integer = int64_t(value);
    }
  }
  Operand(const Operand &) = delete;
  ~Operand() {
    if (isOwned)
      detail::release(node);
  }

  detail::Node *node = nullptr;
  union {
    double floating;
    int64_t integer = 0;
  };
  Kind kind = Kind::tensor;
  bool isOwned = false;
  Where where;
};

/// A list of tensors or variables' values as an argument.
struct Tensors {
  Tensors() = default;
  Tensors(const Tensor &tensor) : tensors{tensor} {}
  Tensors(const Variable &variable);
  Tensors(std::initializer_list<Tensor> list) : tensors(list) {}
  Tensors(std::vector<Tensor> list) : tensors(std::move(list)) {}
  Tensors(const std::vector<Variable> &list);
  std::vector<Tensor> tensors;
};

/// Computes all of them as one graph, together with pending assignments.
void realize(const Tensors &tensors, Where where = Where::here());

namespace detail {
/// What item() and toVector() read: realizes, then copies or converts.
double itemAsDouble(const Tensor &tensor, Where where);
int64_t itemAsInteger(const Tensor &tensor, Where where);
void copyElements(const Tensor &tensor, DType dtype, void *to, Where where);
} // namespace detail

template <ElementNumber T> T Tensor::item(Where where) const {
  if constexpr (std::same_as<T, bool>)
    return detail::itemAsDouble(*this, where) != 0;
  else if constexpr (std::integral<T>)
    return T(detail::itemAsInteger(*this, where));
  else
    return T(detail::itemAsDouble(*this, where));
}

template <ElementNumber T> std::vector<T> Tensor::toVector(Where where) const {
  static_assert(std::same_as<T, bool> || (sizeof(T) == byteSize(dtypeOf<T>()) &&
                                          !std::unsigned_integral<T>),
                "elements are bool, 32- or 64-bit integers, BFloat16, float or "
                "double");
  auto count = size_t(shape(where).elements());
  if constexpr (std::same_as<T, bool>) {
    std::vector<unsigned char> bytes(count);
    detail::copyElements(*this, DType::boolean, bytes.data(), where);
    return std::vector<bool>(bytes.begin(), bytes.end());
  } else {
    std::vector<T> values(count);
    detail::copyElements(*this, dtypeOf<T>(), values.data(), where);
    return values;
  }
}

} // namespace needle
