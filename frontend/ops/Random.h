// Random.h - draws: from the thread's random state, or from explicit keys.
// Threefry-2x32 in JAX's partitionable layout; the same numbers lazily, eagerly
// and jitted. The k-th draw without a key uses foldIn(key, count), then the
// count grows by one. The main thread starts with Key(NEEDLE_SEED), count 0;
// another thread with a key folded from it and the number of threads that drew
// before. g++ evaluates operands right to left: draw into named tensors when
// the order matters.
#pragma once

#include "needle/frontend/Tensor.h"

#include <utility>

namespace needle {

/// A Threefry key: equal keys give equal numbers. A value, like a Tensor.
class Key {
public:
  explicit Key(uint64_t seed, Where where = Where::here());
  /// The rank-0 int64 tensor that holds the key: hi << 32 | lo.
  explicit Key(Tensor bits) : bits(std::move(bits)) {}
  const Tensor &tensor() const { return bits; }

private:
  Tensor bits;
};

/// Two independent keys from one.
[[nodiscard]] std::pair<Key, Key> split(const Key &key,
                                        Where where = Where::here());
[[nodiscard]] std::vector<Key> split(const Key &key, int64_t count,
                                     Where where = Where::here());
/// A key from a key and a number.
[[nodiscard]] Key foldIn(const Key &key, uint64_t data,
                         Where where = Where::here());
[[nodiscard]] Key foldIn(const Key &key, const Tensor &data,
                         Where where = Where::here());

/// Draws on this thread start from (Key(seed), 0) while the scope lives; the
/// outer state is back when it ends. Inside a jitted function it restarts at
/// every call.
class RandomScope {
public:
  [[nodiscard]] explicit RandomScope(uint64_t seed);
  ~RandomScope();
  RandomScope(const RandomScope &) = delete;

  /// For the front end.
  uint64_t key;
  int64_t count = 0;
  uint32_t trace; // that it was opened in
  RandomScope *outer;
};

/// Uniform in [0, 1).
[[nodiscard]] Tensor rand(const Shape &shape, DType dtype = DType::float32,
                          Where where = Where::here());
/// Standard normal.
[[nodiscard]] Tensor randn(const Shape &shape, DType dtype = DType::float32,
                           Where where = Where::here());

/// The key of the thread's next draw without a key.
[[nodiscard]] Key nextKey(Where where = Where::here());

namespace random {
/// Uniform in [low, high).
[[nodiscard]] Tensor uniform(const Key &key, const Shape &shape, double low = 0,
                             double high = 1, DType dtype = DType::float32,
                             Where where = Where::here());
[[nodiscard]] Tensor normal(const Key &key, const Shape &shape,
                            DType dtype = DType::float32,
                            Where where = Where::here());
/// Boolean: true with `probability`, in [0, 1].
[[nodiscard]] Tensor bernoulli(const Key &key, double probability,
                               const Shape &shape, Where where = Where::here());
/// int32 or int64 of random bits.
[[nodiscard]] Tensor bits(const Key &key, const Shape &shape,
                          DType dtype = DType::int32,
                          Where where = Where::here());
} // namespace random

namespace detail {
/// This thread's random state as it is now; a jitted call takes it along.
struct RandomState {
  uint64_t key;
  int64_t count;
};
RandomState randomState();
/// Draws that a jitted call has made.
void advanceRandomState(int64_t draws);
} // namespace detail

} // namespace needle
