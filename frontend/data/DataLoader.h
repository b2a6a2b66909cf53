// DataLoader.h - datasets cut into batches, in order or shuffled.
#pragma once

#include "needle/frontend/Tensor.h"
#include "needle/frontend/ops/Create.h"
#include "needle/runtime/Error.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace needle::data {

struct LoaderOptions {
  int64_t batchSize = 1;
  bool shuffle = false;  // another order every epoch
  bool dropLast = false; // leave out a last batch that is not full
  uint64_t seed = 0;     // of the shuffles
};

/// Any type with size() and operator[](int64_t) that gives tensors, C++
/// numbers, or pairs and tuples of them.
template <class D>
concept Dataset = requires(D &d, int64_t i) {
  { d.size() } -> std::convertible_to<int64_t>;
  d[i];
};
/// A dataset that makes a whole batch by itself.
template <class D>
concept BatchedDataset = Dataset<D> &&
    requires(D &d, std::span<const int64_t> i) {
  d.batch(i);
};

/// Equal tensors stacked along a new axis 0, on the host. Throws ShapeError or
/// DTypeError when one differs from the first.
Tensor collate(const std::vector<Tensor> &items, Where where = Where::here());
/// C++ numbers as a vector of their dtype.
template <Arithmetic T>
Tensor collate(const std::vector<T> &items, Where where = Where::here()) {
  std::vector<Tensor> scalars;
  for (T item : items)
    scalars.push_back(tensor<T>(item));
  return collate(scalars, where);
}

namespace detail {
template <class Tuple, size_t... I>
auto collateEach(const std::vector<Tuple> &items, Where where,
                 std::index_sequence<I...>) {
  auto column = [&]<size_t i>(std::integral_constant<size_t, i>) {
    std::vector<std::tuple_element_t<i, Tuple>> values;
    for (const Tuple &item : items)
      values.push_back(std::get<i>(item));
    return collate(values, where);
  };
  return std::tuple(column(std::integral_constant<size_t, I>())...);
}
/// The order of one epoch: 0 ... size - 1, shuffled by (seed, epoch).
std::vector<int64_t> epochOrder(int64_t size, const LoaderOptions &options,
                                uint64_t epoch);
void checkLoader(const LoaderOptions &options, Where where);
} // namespace detail

template <class A, class B>
std::pair<Tensor, Tensor> collate(const std::vector<std::pair<A, B>> &items,
                                  Where where = Where::here()) {
  auto [a, b] =
      detail::collateEach(items, where, std::make_index_sequence<2>());
  return {a, b};
}
template <class... T>
auto collate(const std::vector<std::tuple<T...>> &items,
             Where where = Where::here()) {
  return detail::collateEach(items, where, std::index_sequence_for<T...>());
}

/// Batches of a dataset: `for (const auto &[images, labels] : loader)`. Every
/// begin() starts an epoch. Keeps a reference to a named dataset and owns a
/// temporary one.
template <class D>
requires Dataset<std::remove_reference_t<D>>
class DataLoader {
  static auto makeBatch(std::remove_reference_t<D> &dataset,
                        std::span<const int64_t> indices, Where where) {
    if constexpr (BatchedDataset<std::remove_reference_t<D>>) {
      return dataset.batch(indices);
    } else {
      std::vector<std::remove_cvref_t<decltype(dataset[0])>> items;
      for (int64_t index : indices)
        items.push_back(dataset[index]);
      return collate(items, where);
    }
  }

public:
  using Batch =
      decltype(makeBatch(std::declval<std::remove_reference_t<D> &>(), {}, {}));

  /// Throws Error when batchSize is below 1.
  DataLoader(D dataset, LoaderOptions options = {}, Where where = Where::here())
      : dataset(std::forward<D>(dataset)), options(options), where(where) {
    detail::checkLoader(options, where);
  }

  /// Batches per epoch.
  int64_t size() const {
    int64_t count = int64_t(dataset.size());
    return options.dropLast
               ? count / options.batchSize
               : (count + options.batchSize - 1) / options.batchSize;
  }

  class Iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = const Batch *;
    using reference = const Batch &;

    const Batch &operator*() const { return *batch; }
    const Batch *operator->() const { return batch.get(); }
    Iterator &operator++() {
      ++number;
      load();
      return *this;
    }
    void operator++(int) { ++*this; }
    /// Only the end compares equal: an input iterator passes once.
    bool operator==(std::default_sentinel_t) const { return !batch; }

  private:
    friend DataLoader;
    Iterator(DataLoader &loader, std::vector<int64_t> order)
        : loader(&loader), order(std::move(order)) {
      load();
    }
    void load() {
      batch.reset();
      if (number >= loader->size())
        return;
      int64_t size = loader->options.batchSize, first = number * size;
      size_t count = size_t(std::min(size, int64_t(order.size()) - first));
      batch = std::make_shared<Batch>(makeBatch(
          loader->dataset, std::span(order).subspan(size_t(first), count),
          loader->where));
    }
    DataLoader *loader;
    std::vector<int64_t> order;
    int64_t number = 0;
    std::shared_ptr<Batch> batch;
  };

  Iterator begin() {
    return Iterator(
        *this, detail::epochOrder(int64_t(dataset.size()), options, epoch++));
  }
  std::default_sentinel_t end() const { return {}; }

private:
  D dataset;
  LoaderOptions options;
  Where where; // of the loader: its batches are made inside of `for`
  uint64_t epoch = 0;
};
template <class D> DataLoader(D &&) -> DataLoader<D>;
template <class D> DataLoader(D &&, LoaderOptions) -> DataLoader<D>;

} // namespace needle::data
