// Random.cpp - the rows of draws: JAX's numbers (jax_threefry_partitionable).
// Threefry-2x32 with 20 rounds: J. K. Salmon et al., "Parallel random numbers:
// as easy as 1, 2, 3", 2011, table 1. Its known answers are in
// codegen/Interpreter.cpp; opcases/JaxTest.cpp has numbers that JAX printed.
#include "opcases/Reference.h"

#include <bit>
#include <cmath>
#include <limits>

namespace needle::test {
namespace {

uint64_t threefry(uint64_t key, uint64_t counter) {
  const int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  auto high = uint32_t(key >> 32), low = uint32_t(key);
  const uint32_t keys[] = {high, low, high ^ low ^ 0x1bd11bda};
  uint32_t x = uint32_t(counter >> 32) + keys[0],
           y = uint32_t(counter) + keys[1];
  for (uint32_t round = 1; round <= 5; ++round) {
    for (int rotation : rotations[(round - 1) % 2]) {
      x += y;
      y = std::rotl(y, rotation) ^ x;
    }
    x += keys[round % 3];
    y += keys[(round + 1) % 3] + round;
  }
  return uint64_t(x) << 32 | y;
}

constexpr uint64_t seed = 0x1234567890abcdef;

uint32_t bits32(uint64_t i) {
  uint64_t bits = threefry(seed, i);
  return uint32_t(bits >> 32) ^ uint32_t(bits);
}
// In [0, 1), of the upper bits.
float unit32(uint64_t i) {
  return std::bit_cast<float>(bits32(i) >> 9 | 0x3f800000) - 1;
}
double unit64(uint64_t i) {
  return std::bit_cast<double>(threefry(seed, i) >> 12 | 0x3ff0000000000000) -
         1;
}

// The x of erf(x) = y by Newton's method.
Number inverseErf(Number y) {
  Number x = 0;
  for (int i = 0; i < 200; ++i) {
    Number slope = 2 / std::sqrt(std::acos(Number(-1))) * std::exp(-x * x);
    Number step = y < 0 ? (std::erfc(-x) - (1 + y)) / slope
                        : ((1 - y) - std::erfc(x)) / slope;
    x -= std::clamp(step, Number(-0.5), Number(0.5));
  }
  return x;
}

const std::vector<Shape> shapes = {{}, {1}, {17}, {3, 5}, {2, 3, 33}, {0}};

/// One result for each of `shapes`; f of the element's row-major index.
OpCase draw(std::string op, std::string name, DType dtype,
            std::function<Tensor(const Key &, const Shape &)> call,
            std::function<Number(uint64_t)> f) {
  OpCase row;
  row.op = op;
  row.name = name;
  row.shapes = {{}};
  row.call = [call](auto &, DType) {
    std::vector<Tensor> draws;
    for (const Shape &shape : shapes)
      draws.push_back(call(Key(seed), shape));
    return draws;
  };
  row.reference = [f](const Arrays &) {
    Arrays draws;
    for (const Shape &shape : shapes) {
      uint64_t i = 0;
      draws.push_back(build(shape, [&](const Index &) { return f(i++); }));
    }
    return draws;
  };
  row.dtypes = {dtype};
  row.order = Order::none;
  row.tolerance = 0;
  return row;
}

} // namespace

std::vector<OpCase> randomCases() {
  std::vector<OpCase> rows = {
      draw(
          "random_bits", "random_bits_32", int32,
          [](const Key &key, const Shape &shape) {
            return random::bits(key, shape);
          },
          [](uint64_t i) { return Number(int32_t(bits32(i))); }),
      draw(
          "random_bits", "random_bits_64", int64,
          [](const Key &key, const Shape &shape) {
            return random::bits(key, shape, int64);
          },
          [](uint64_t i) { return Number(int64_t(threefry(seed, i))); }),
      draw(
          "uniform", "uniform_32", float32,
          [](const Key &key, const Shape &shape) {
            return random::uniform(key, shape);
          },
          unit32),
      draw(
          "uniform", "uniform_64", float64,
          [](const Key &key, const Shape &shape) {
            return random::uniform(key, shape, 0, 1, float64);
          },
          unit64),
      draw(
          "uniform", "uniform_between", float64,
          [](const Key &key, const Shape &shape) {
            return random::uniform(key, shape, -3.5, 2.25, float64);
          },
          [](uint64_t i) { return unit64(i) * Number(5.75) - Number(3.5); }),
      draw(
          "normal", "normal_32", float32,
          [](const Key &key, const Shape &shape) {
            return random::normal(key, shape);
          },
          [](uint64_t i) {
            float low = std::nextafter(-1.0f, 0.0f);
            float u = std::max(low, unit32(i) * (1 - low) + low);
            return std::sqrt(Number(2)) * inverseErf(u);
          }),
      draw(
          "normal", "normal_64", float64,
          [](const Key &key, const Shape &shape) {
            return random::normal(key, shape, float64);
          },
          [](uint64_t i) {
            double low = std::nextafter(-1.0, 0.0);
            double u = std::max(low, unit64(i) * (1 - low) + low);
            return std::sqrt(Number(2)) * inverseErf(u);
          }),
      draw(
          "bernoulli", "bernoulli", boolean,
          [](const Key &key, const Shape &shape) {
            return random::bernoulli(key, 0.3, shape);
          },
          [](uint64_t i) { return Number(unit32(i) < 0.3f); }),
      draw(
          "fold_in", "fold_in", int64,
          [](const Key &key, const Shape &shape) {
            uint64_t n = uint64_t(shape.elements()) << 31;
            return broadcastTo(foldIn(key, n).tensor(), shape);
          },
          nullptr),
      draw(
          "split_key", "split_key", int64,
          [](const Key &key, const Shape &shape) {
            std::vector<Tensor> keys;
            for (const Key &each : split(key, shape.elements() + 1))
              keys.push_back(each.tensor());
            return stack(keys);
          },
          nullptr)};
  // Two roundings of the sum, or one where it is fused; the polynomials of
  // normal are within 4 ulp.
  for (OpCase &row : rows)
    if (row.name == "uniform_between" || row.op == "normal")
      row.tolerance = 8;
    else if (row.op == "fold_in")
      row.reference = [](const Arrays &) {
        Arrays keys;
        for (const Shape &shape : shapes) {
          uint64_t n = uint64_t(shape.elements()) << 31;
          keys.push_back(build(shape, [n](const Index &) {
            return Number(int64_t(threefry(seed, n)));
          }));
        }
        return keys;
      };
    else if (row.op == "split_key")
      row.reference = [](const Arrays &) {
        Arrays keys;
        for (const Shape &shape : shapes)
          keys.push_back(build({shape.elements() + 1}, [](const Index &index) {
            return Number(int64_t(threefry(seed, uint64_t(index[0]))));
          }));
        return keys;
      };
  return rows;
}

} // namespace needle::test
