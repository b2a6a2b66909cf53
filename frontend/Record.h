// Record.h - what a front-end function needs to record an op.
#pragma once

#include "needle/frontend/Tensor.h"

#include <array>
#include <string>
#include <vector>

namespace needle::detail {

/// Which dtypes an elementwise op computes in.
enum class Domain : uint8_t {
  floating, // integers and booleans become float32
  number,   // booleans are refused
  boolean,  // anything else is refused
  any
};

/// One elementwise op; operands are promoted, broadcast and copied to the
/// scope's target by recorded ops. DTypeError, ShapeError, TargetError.
Tensor unary(const OpInfo &op, const Operand &x, Domain domain);
Tensor binary(const OpInfo &op, const Operand &a, const Operand &b,
              Domain domain);
/// Boolean result; `ordered`: booleans compare as 0 and 1.
Tensor compare(const OpInfo &op, const Operand &a, const Operand &b,
               bool ordered);

/// Throws E with "train.cpp:41: hidden: matmul: text".
template <class E>
[[noreturn]] void fail(const char *op, Where where, const std::string &text) {
  throw E(reported(where), complaint(op, text));
}

/// Words on the stack unless there are many.
template <size_t N> class Words {
public:
  void push(uint64_t word) {
    if (count < N)
      small[count] = word;
    else
      grow(word);
    ++count;
  }
  std::span<const uint64_t> words() const {
    return {count <= N ? small.data() : large.data(), count};
  }

private:
  void grow(uint64_t word) {
    if (count == N)
      large.assign(small.begin(), small.end());
    large.push_back(word);
  }
  std::array<uint64_t, N> small;
  size_t count = 0;
  std::vector<uint64_t> large;
};

/// The number of the target that an op recorded now runs on.
uint8_t currentTarget();

struct ResultType {
  DType dtype;
  Shape shape;
  uint8_t target = currentTarget();
};

/// The recording of one op: operands and attributes in the order of its
/// OpInfo, then the result.
///   return Recording(softmaxOp, where).use(x).attribute(axis)
///       .result(x.dtype(), x.shape());
class Recording {
public:
  Recording(const OpInfo &op, Where where) : op(op), where(where) {}
  /// Copies `x` to the scope's target when it lives elsewhere. Throws Error
  /// when it is empty, TargetError when it is a variable's value.
  Recording &use(const Tensor &x);
  /// The same without a copy: `x` stays where it is.
  Recording &useInPlace(const Tensor &x);
  Recording &attribute(int64_t value) {
    attributes.push(uint64_t(value));
    return *this;
  }
  Recording &attribute(double value);
  Recording &attribute(std::span<const int64_t> values);
  Recording &owned(Owned *owned) {
    attributes.push(reinterpret_cast<uintptr_t>(owned));
    return *this;
  }
  Tensor result(DType dtype, const Shape &shape);
  std::vector<Tensor> results(const std::vector<ResultType> &types);

private:
  Node *make(DType dtype, std::span<const int64_t> dims);
  const OpInfo &op;
  Where where;
  Words<16> attributes;
  Words<8> inputs;
  std::vector<Tensor> copies; // made by use()
};

bool isLazy();
/// The handle; runs the op first when recording isn't lazy.
Tensor finish(Node *node);

/// Throws Error when `x` is empty.
void check(const Tensor &x, const char *op, Where where);
Tensor convertTo(const Tensor &x, DType dtype, Where where);
/// `x`, or `made`, which becomes its conversion.
inline const Tensor &withDType(const Tensor &x, DType dtype, Tensor &made,
                               Where where) {
  return x.dtype() == dtype ? x : made = convertTo(x, dtype, where);
}
/// The promoted dtype of two operands.
DType commonDType(const Operand &a, const Operand &b, const char *op);
/// DTypeError for a number that is no element of an integer dtype.
void checkFits(double value, DType dtype, const char *op, Where where);
/// A tensor of one value, of the scope's target.
Tensor fullOf(double value, const Shape &shape, DType dtype, Where where);
Tensor fullOf(int64_t value, const Shape &shape, DType dtype, Where where);

/// Types of the results of an op of several; its projections refer to it.
std::vector<ResultType> resultTypes(const Node *node);

extern const OpInfo fullOp, convertOp, broadcastToOp, toOp, projectionOp,
    dataOp, scalarOp, placeholderOp, versionOp, aliasOp, indexCheckOp,
    gradientOp;

} // namespace needle::detail
