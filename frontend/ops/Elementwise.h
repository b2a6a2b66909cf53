// Elementwise.h - ops that work element by element; one line each.
// Operands are tensors, variables or C++ numbers; they broadcast as in NumPy.
// Floating tensors keep their dtype beside a number; integers become float32
// where the op computes in floating point. Errors: ShapeError when shapes don't
// broadcast, DTypeError for a dtype the op is not defined for, TargetError for
// a variable of another target.
#pragma once

#include "needle/frontend/Record.h"

namespace needle {

namespace detail {
inline constexpr Domain floating = Domain::floating, number = Domain::number,
                        anyDomain = Domain::any, truth = Domain::boolean;
} // namespace detail

// clang-format off
[[nodiscard]] inline Tensor add(const Operand &a, const Operand &b) { return detail::binary(detail::op<"add">, a, b, detail::number); }
[[nodiscard]] inline Tensor sub(const Operand &a, const Operand &b) { return detail::binary(detail::op<"sub">, a, b, detail::number); }
[[nodiscard]] inline Tensor mul(const Operand &a, const Operand &b) { return detail::binary(detail::op<"mul">, a, b, detail::number); }
/// Integers divide as float32.
[[nodiscard]] inline Tensor div(const Operand &a, const Operand &b) { return detail::binary(detail::op<"div">, a, b, detail::floating); }
/// NaN if either is; ties share the cotangent.
[[nodiscard]] inline Tensor maximum(const Operand &a, const Operand &b) { return detail::binary(detail::op<"maximum">, a, b, detail::number); }
[[nodiscard]] inline Tensor minimum(const Operand &a, const Operand &b) { return detail::binary(detail::op<"minimum">, a, b, detail::number); }

[[nodiscard]] inline Tensor neg(const Operand &x) { return detail::unary(detail::op<"neg">, x, detail::number); }
/// Derivative 0 at 0.
[[nodiscard]] inline Tensor abs(const Operand &x) { return detail::unary(detail::op<"abs">, x, detail::number); }
/// -1, 0 or 1; NaN for NaN.
[[nodiscard]] inline Tensor sign(const Operand &x) { return detail::unary(detail::op<"sign">, x, detail::number); }
[[nodiscard]] inline Tensor exp(const Operand &x) { return detail::unary(detail::op<"exp">, x, detail::floating); }
/// NaN below 0, -inf at 0.
[[nodiscard]] inline Tensor log(const Operand &x) { return detail::unary(detail::op<"log">, x, detail::floating); }
[[nodiscard]] inline Tensor sqrt(const Operand &x) { return detail::unary(detail::op<"sqrt">, x, detail::floating); }
[[nodiscard]] inline Tensor rsqrt(const Operand &x) { return detail::unary(detail::op<"rsqrt">, x, detail::floating); }
[[nodiscard]] inline Tensor square(const Operand &x) { return detail::unary(detail::op<"square">, x, detail::number); }
[[nodiscard]] inline Tensor tanh(const Operand &x) { return detail::unary(detail::op<"tanh">, x, detail::floating); }
/// 1 / (1 + exp(-x)).
[[nodiscard]] inline Tensor sigmoid(const Operand &x) { return detail::unary(detail::op<"sigmoid">, x, detail::floating); }
/// The error function.
[[nodiscard]] inline Tensor erf(const Operand &x) { return detail::unary(detail::op<"erf">, x, detail::floating); }
/// x to the power of y; integers as float32. x^0 and 1^y are 1 for every x and
/// y; NaN for a negative x unless y is an integer. A constant exponent of 2, 3 or
/// -1 costs a product or a quotient.
[[nodiscard]] inline Tensor pow(const Operand &x, const Operand &y) { return detail::binary(detail::op<"pow">, x, y, detail::floating); }
/// NaN for NaN; derivative 0 at 0.
[[nodiscard]] inline Tensor relu(const Operand &x) { return detail::unary(detail::op<"relu">, x, detail::number); }

/// Comparisons give boolean; with NaN all are false but !=.
[[nodiscard]] inline Tensor equal(const Operand &a, const Operand &b) { return detail::compare(detail::op<"equal">, a, b, false); }
[[nodiscard]] inline Tensor notEqual(const Operand &a, const Operand &b) { return detail::compare(detail::op<"not_equal">, a, b, false); }
[[nodiscard]] inline Tensor less(const Operand &a, const Operand &b) { return detail::compare(detail::op<"less">, a, b, true); }
[[nodiscard]] inline Tensor lessEqual(const Operand &a, const Operand &b) { return detail::compare(detail::op<"less_equal">, a, b, true); }
[[nodiscard]] inline Tensor greater(const Operand &a, const Operand &b) { return detail::compare(detail::op<"greater">, a, b, true); }
[[nodiscard]] inline Tensor greaterEqual(const Operand &a, const Operand &b) { return detail::compare(detail::op<"greater_equal">, a, b, true); }

/// On booleans only.
[[nodiscard]] inline Tensor logicalAnd(const Operand &a, const Operand &b) { return detail::binary(detail::op<"and">, a, b, detail::truth); }
[[nodiscard]] inline Tensor logicalOr(const Operand &a, const Operand &b) { return detail::binary(detail::op<"or">, a, b, detail::truth); }
[[nodiscard]] inline Tensor logicalNot(const Operand &x) { return detail::unary(detail::op<"not">, x, detail::truth); }

[[nodiscard]] inline Tensor operator+(const Operand &a, const Operand &b) { return add(a, b); }
[[nodiscard]] inline Tensor operator-(const Operand &a, const Operand &b) { return sub(a, b); }
[[nodiscard]] inline Tensor operator*(const Operand &a, const Operand &b) { return mul(a, b); }
[[nodiscard]] inline Tensor operator/(const Operand &a, const Operand &b) { return div(a, b); }
[[nodiscard]] inline Tensor operator-(const Operand &x) { return neg(x); }
[[nodiscard]] inline Tensor operator==(const Operand &a, const Operand &b) { return equal(a, b); }
[[nodiscard]] inline Tensor operator!=(const Operand &a, const Operand &b) { return notEqual(a, b); }
[[nodiscard]] inline Tensor operator<(const Operand &a, const Operand &b) { return less(a, b); }
[[nodiscard]] inline Tensor operator<=(const Operand &a, const Operand &b) { return lessEqual(a, b); }
[[nodiscard]] inline Tensor operator>(const Operand &a, const Operand &b) { return greater(a, b); }
[[nodiscard]] inline Tensor operator>=(const Operand &a, const Operand &b) { return greaterEqual(a, b); }
[[nodiscard]] inline Tensor operator&(const Operand &a, const Operand &b) { return logicalAnd(a, b); }
[[nodiscard]] inline Tensor operator|(const Operand &a, const Operand &b) { return logicalOr(a, b); }
[[nodiscard]] inline Tensor operator!(const Operand &x) { return logicalNot(x); }

// They rebind the handle; the tensor it named is unchanged.
inline Tensor &operator+=(Tensor &x, const Operand &y) { return x = add({x, y.where}, y); }
inline Tensor &operator-=(Tensor &x, const Operand &y) { return x = sub({x, y.where}, y); }
inline Tensor &operator*=(Tensor &x, const Operand &y) { return x = mul({x, y.where}, y); }
inline Tensor &operator/=(Tensor &x, const Operand &y) { return x = div({x, y.where}, y); }
// clang-format on

struct GeluOptions {
  /// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) instead of erf.
  bool approximate = false;
};
/// x / 2 (1 + erf(x / sqrt(2))) (D. Hendrycks and K. Gimpel, "Gaussian Error
/// Linear Units", 2016). Integers compute in float32.
[[nodiscard]] Tensor gelu(const Operand &x, const GeluOptions &options = {});
/// x where the condition holds, else y. The condition is boolean.
[[nodiscard]] Tensor where(const Operand &condition, const Operand &x,
                           const Operand &y);
/// `x` with another element type. Floating numbers to integers: truncated
/// towards zero, NaN is 0, values outside clamp; int64 to int32: the low bits;
/// to boolean: x != 0.
[[nodiscard]] Tensor convert(const Tensor &x, DType dtype,
                             Where where = Where::here());
/// True when all |a - b| <= atol + rtol |b|; NaN is close to nothing. Realizes.
[[nodiscard]] bool allClose(const Tensor &a, const Tensor &b,
                            double rtol = 1e-5, double atol = 1e-8,
                            Where where = Where::here());

} // namespace needle
