// Create.cpp - the rows of ops that make tensors from nothing.
#include "opcases/Reference.h"

namespace needle::test {
namespace {

const std::vector<DType> numbers = {float32, float64, int32, int64},
                         everything = {float32, float64, int32, int64, boolean};

OpCase creation(std::string op, std::string name,
                std::function<std::vector<Tensor>(DType)> call,
                std::function<Arrays()> reference, std::vector<DType> dtypes) {
  OpCase row;
  row.op = op;
  row.name = name;
  row.shapes = {{}};
  row.call = [call](auto &, DType dtype) { return call(dtype); };
  row.reference = [reference](const Arrays &) { return reference(); };
  row.dtypes = dtypes;
  row.order = Order::none;
  return row;
}

Array range(int64_t count, std::function<Number(int64_t)> f) {
  return build({count}, [&](const Index &index) { return f(index[0]); });
}
Array filled(const Shape &shape, Number value) {
  return build(shape, [value](const Index &) { return value; });
}

} // namespace

std::vector<OpCase> createCases() {
  return {
      creation(
          "full", "full",
          [](DType dtype) {
            return std::vector{full({2, 3}, 1, dtype), zeros({17}, dtype),
                               ones({}, dtype), zeros({0, 3}, dtype)};
          },
          [] {
            return Arrays{filled({2, 3}, 1), filled({17}, 0), filled({}, 1),
                          filled({0, 3}, 0)};
          },
          everything),
      creation(
          "full", "full_of_a_fraction",
          [](DType dtype) { return std::vector{full({33}, -0.375, dtype)}; },
          [] { return Arrays{filled({33}, -0.375)}; }, {float32, float64}),
      creation(
          "iota", "arange",
          [](DType dtype) {
            return std::vector{arange(17, dtype), arange(0, dtype),
                               arange(5, -4, -2, dtype),
                               arange(-3, 30, 4, dtype)};
          },
          [] {
            return Arrays{
                range(17, [](int64_t i) { return Number(i); }),
                range(0, nullptr),
                range(5, [](int64_t i) { return Number(5 - 2 * i); }),
                range(9, [](int64_t i) { return Number(4 * i - 3); })};
          },
          numbers),
      creation(
          "iota", "eye",
          [](DType dtype) {
            return std::vector{eye(5, dtype), eye(0, dtype)};
          },
          [] {
            return Arrays{
                build({5, 5},
                      [](const Index &i) { return Number(i[0] == i[1]); }),
                filled({0, 0}, 0)};
          },
          everything),
      creation(
          "iota", "linspace",
          [](DType dtype) {
            return std::vector{linspace(-1, 2, 16, dtype),
                               linspace(3, 4, 1, dtype)};
          },
          [] {
            return Arrays{
                range(16, [](int64_t i) { return -1 + Number(i) / 5; }),
                filled({1}, 3)};
          },
          {float32, float64}),
  };
}

} // namespace needle::test
