// DataLoader.cpp - epoch orders and the stacking of items on the host.
#include "needle/frontend/data/DataLoader.h"

#include "needle/frontend/Evaluate.h"

#include <numeric>

namespace needle::data {

void detail::checkLoader(const LoaderOptions &options, Where where) {
  if (options.batchSize < 1)
    throw Error(where, "DataLoader: batchSize is " +
                           std::to_string(options.batchSize) +
                           ", wanted 1 or more");
}

namespace {
// splitmix64 (Steele et al., "Fast splittable pseudorandom number generators",
// OOPSLA 2014): the same shuffle on every platform, unlike std::shuffle.
struct SplitMix {
  uint64_t state;
  uint64_t operator()() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// Uniform in [0, bound), without bias.
  uint64_t below(uint64_t bound) {
    uint64_t limit = -bound % bound; // 2^64 mod bound
    for (;;)
      if (uint64_t r = (*this)(); r >= limit)
        return r % bound;
  }
};

template <class T> Tensor stackAs(const std::vector<Tensor> &items) {
  std::vector<T> all;
  for (const Tensor &item : items) {
    std::vector<T> values = item.toVector<T>();
    all.insert(all.end(), values.begin(), values.end());
  }
  Shape shape = items[0].shape();
  std::vector<int64_t> dims{int64_t(items.size())};
  dims.insert(dims.end(), shape.begin(), shape.end());
  if constexpr (std::is_same_v<T, bool>) { // vector<bool> has no span
    auto copy = std::make_unique<bool[]>(all.size());
    std::copy(all.begin(), all.end(), copy.get());
    return fromData(std::span<const bool>(copy.get(), all.size()), Shape(dims));
  } else {
    return fromData(std::span<const T>(all), Shape(dims));
  }
}
} // namespace

std::vector<int64_t>
detail::epochOrder(int64_t size, const LoaderOptions &options, uint64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  if (options.shuffle) {
    SplitMix random{options.seed ^ (epoch + 1) * 0xd1342543de82ef95};
    for (size_t i = order.size(); i > 1; --i) // Fisher-Yates
      std::swap(order[i - 1], order[random.below(i)]);
  }
  return order;
}

Tensor collate(const std::vector<Tensor> &items, Where where) {
  const Tensor &first = items.at(0);
  for (const Tensor &item : items) {
    if (item.shape() != first.shape())
      throw ShapeError(
          where,
          "DataLoader: items of one batch differ: " + toString(first.shape()) +
              " and " + toString(item.shape()) + ", wanted equal shapes");
    if (item.dtype() != first.dtype())
      throw DTypeError(
          where,
          "DataLoader: items of one batch differ: " + toString(first.dtype()) +
              " and " + toString(item.dtype()) + ", wanted equal dtypes");
  }
  realize(items, where);
  if (first.dtype() == DType::boolean)
    return stackAs<bool>(items);
  return withElement(first.dtype(), [&]<class T>(T) {
    if constexpr (std::same_as<T, uint8_t>) // booleans' memory
      return Tensor();
    else
      return stackAs<T>(items);
  });
}

} // namespace needle::data
