// Region.h - ops with a body: loops that stay one op.
#pragma once

#include "needle/frontend/Record.h"
#include "needle/frontend/Trace.h"
#include "needle/frontend/Tree.h"
#include "needle/frontend/Variable.h"

#include <memory>

namespace needle {

namespace detail {
class Region;
}

struct ScanOptions {
  /// From the last slice to the first; what is stacked lies where its slice
  /// does.
  bool reverse = false;
};

namespace detail {

/// The recording of a scan: made before the body is called, finished after.
class ScanRecording {
public:
  ScanRecording(std::vector<Tensor> carries, std::vector<Tensor> slices,
                int64_t length, ScanOptions options, Where where);
  ~ScanRecording();
  /// What the body is called with.
  const Tensor &iteration() const { return parameters[0]; }
  std::vector<Tensor> carries() const;
  std::vector<Tensor> slices() const;
  /// The final carries, then what is stacked.
  std::vector<Tensor> finish(const std::vector<Tensor> &next,
                             const std::vector<Tensor> &stacked);

private:
  std::vector<Tensor> initial, sliced, parameters;
  int64_t length;
  ScanOptions options;
  Where where;
  std::unique_ptr<OpenTrace> open;
};

/// Tensors of a tree in order, and a tree of the same structure from others.
template <class T> std::vector<Tensor> treeTensors(const T &tree) {
  std::vector<Tensor> tensors;
  auto take = [&](const Tensor &tensor) {
    tensors.push_back(tensor);
    return Tensor();
  };
  mapTree(tree, take);
  return tensors;
}
template <class T> T treeOf(const T &like, std::span<const Tensor> tensors) {
  size_t at = 0;
  auto next = [&](const Tensor &) { return tensors[at++]; };
  return mapTree(like, next);
}

template <class T, class Carry> inline constexpr bool isCarryAndStack = false;
template <class Carry, class Stack>
inline constexpr bool isCarryAndStack<std::pair<Carry, Stack>, Carry> = true;

template <class Carry, class Slice, class Body>
auto scan(const Body &body, const Carry &initial, const Slice &slices,
          int64_t length, ScanOptions options, Where where) {
  std::vector<Tensor> first = treeTensors(initial);
  size_t count = first.size();
  ScanRecording recording(std::move(first), treeTensors(slices), length,
                          options, where);
  auto call = [&] {
    Carry carry = treeOf(initial, std::span<const Tensor>(recording.carries()));
    if constexpr (std::same_as<Slice, std::tuple<>>)
      return body(std::as_const(carry), recording.iteration());
    else
      return body(std::as_const(carry),
                  treeOf(slices, std::span<const Tensor>(recording.slices())));
  };
  auto result = call();
  using Result = decltype(result);
  if constexpr (isCarryAndStack<Result, Carry>) {
    std::vector<Tensor> all =
        recording.finish(treeTensors(result.first), treeTensors(result.second));
    std::span<const Tensor> tensors(all);
    return Result{treeOf(result.first, tensors.first(count)),
                  treeOf(result.second, tensors.subspan(count))};
  } else {
    static_assert(std::same_as<Result, Carry>,
                  "the body of a scan returns the next carry, or a pair of it "
                  "and of what is stacked");
    std::vector<Tensor> all = recording.finish(treeTensors(result), {});
    return treeOf(result, std::span<const Tensor>(all));
  }
}

template <class T>
using ValueOf = std::conditional_t<std::same_as<T, Variable>, Tensor, T>;

} // namespace detail

/// A loop over the slices of axis 0 of every tensor in `slices`. `body(carry,
/// slice)` is recorded once; it returns the next carry, or a pair of it and of
/// a tree to stack along a new axis 0. Carries and slices are trees of tensors
/// (Tree.h); everything else the body reads is captured, gradients flow to it.
/// Returns the final carry, or a pair of it and of the stacks.
///   auto [h, hs] = scan([&](const Tensor &h, const Tensor &x) {
///     Tensor next = tanh(matmul(h, w) + x);
///     return std::pair(next, next);
///   }, h0, xs);
/// ShapeError and DTypeError when slices differ in length, or a carry comes
/// back with another type.
template <class Body, class Carry, class Slices>
requires(!Integer<Slices>)
    [[nodiscard]] auto scan(const Body &body, const Carry &initial,
                            const Slices &slices, ScanOptions options = {},
                            Where where = Where::here()) {
  return detail::scan<detail::ValueOf<Carry>, detail::ValueOf<Slices>>(
      body, initial, slices, -1, options, where);
}
/// The same `length` times without slices: `body(carry, iteration)` gets the
/// number of the iteration, a rank-0 int64 tensor.
template <class Body, class Carry, Integer Length>
[[nodiscard]] auto scan(const Body &body, const Carry &initial, Length length,
                        ScanOptions options = {}, Where where = Where::here()) {
  return detail::scan<detail::ValueOf<Carry>, std::tuple<>>(
      body, initial, {}, int64_t(length), options, where);
}

} // namespace needle
