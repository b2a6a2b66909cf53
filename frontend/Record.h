// Record.h - what a front-end function needs to record an op.
#pragma once

#include "needle/frontend/Tensor.h"
#include "needle/runtime/ShapeRules.h"

#include <array>
#include <bit>
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
template <class T, size_t N> class Words {
public:
  Words() = default;
  Words(const Words &) = delete;
  void push(T word) { *extend(1) = word; }
  void append(std::span<const T> words) { // no word aliases it
    T *to = extend(words.size());
    for (T word : words)
      *to++ = word;
  }
  /// `more` words for the caller to write.
  T *extend(size_t more) {
    if (size_t(end - next) < more) [[unlikely]]
      grow(more);
    return std::exchange(next, next + more);
  }
  size_t size() const { return size_t(next - begin); }
  std::span<const T> words() const { return {begin, size()}; }

private:
  [[gnu::noinline]] void grow(size_t more) {
    size_t count = size();
    if (large.empty())
      large.assign(begin, next);
    large.resize(2 * (count + more));
    begin = large.data();
    next = begin + count;
    end = begin + large.size();
  }
  std::array<T, N> small;
  T *begin = small.data(), *next = begin, *end = begin + N;
  std::vector<T> large;
};

/// The shape; ShapeError with the rule's reason when there is none.
inline Shape orFail(const char *op, const rules::Inferred &inferred,
                    Where where) {
  if (!inferred.ok())
    fail<ShapeError>(op, where, inferred.error);
  return inferred.shape;
}
/// `axis` counted from the front; ShapeError when it is out of range.
inline int64_t axisOf(const char *op, int64_t axis, int rank, Where where) {
  int64_t normalized = 0;
  std::string error = rules::normalizeAxis(axis, rank, normalized);
  if (!error.empty())
    fail<ShapeError>(op, where, error);
  return normalized;
}

/// The number of the target that an op recorded now runs on.
uint8_t currentTarget();

struct ResultType {
  DType dtype;
  Shape shape;
  uint8_t target = currentTarget();
};

bool isLazy();
/// The handle; runs the op first when recording isn't lazy.
Tensor finish(Node *node);

/// Throws Error when `x` is empty.
[[noreturn]] void failEmpty(const char *op, Where where);
inline void check(const Tensor &x, const char *op, Where where) {
  if (x.empty())
    failEmpty(op, where);
}

/// The recording of one op: operands and attributes in the order of its
/// OpInfo, then the result.
///   return Recording(softmaxOp, where).use(x).attribute(axis)
///       .result(x.dtype(), x.shape());
class Recording {
public:
  Recording(const OpInfo &op, Where where) : op(op), where(where) {}
  Recording(const Recording &) = delete;
  /// Copies `x` to the scope's target when it lives elsewhere. Throws Error
  /// when it is empty, TargetError when it is a variable's value.
  Recording &use(const Tensor &x) {
    Node *node = x.get();
    inputs.push(node && node->target == target ? node : copied(x));
    return *this;
  }
  /// The same without a copy: `x` stays where it is.
  Recording &useInPlace(const Tensor &x) {
    inputs.push(x.get());
    return *this;
  }
  Recording &attribute(int64_t value) {
    attributes.push(uint64_t(value));
    return *this;
  }
  Recording &attribute(double value) {
    attributes.push(std::bit_cast<uint64_t>(value));
    return *this;
  }
  Recording &attribute(std::span<const int64_t> values) {
    attributes.push(values.size());
    attributes.append(
        {reinterpret_cast<const uint64_t *>(values.data()), values.size()});
    return *this;
  }
  Recording &owned(Owned *owned) {
    attributes.push(reinterpret_cast<uintptr_t>(owned));
    return *this;
  }
  Tensor result(DType dtype, std::span<const int64_t> dims) {
    return finish(make(dtype, dims));
  }
  Tensor result(DType dtype, const Shape &shape) {
    return result(dtype, shape.dims());
  }
  std::vector<Tensor> results(const std::vector<ResultType> &types);

private:
  Node *make(DType dtype, std::span<const int64_t> dims) {
    return record(
        {&op, dtype, target, dims, attributes.words(), inputs.words(), where});
  }
  Node *copied(const Tensor &x);
  const OpInfo &op;
  Where where;
  uint8_t target = currentTarget();
  Words<uint64_t, 16> attributes;
  Words<Node *, 8> inputs;
  std::vector<Tensor> copies; // made by use()
};

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
