// Random.cpp - draws: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011) in JAX's partitionable layout.
#include "needle/codegen/reference/Families.h"

#include <bit>
#include <cmath>
#include <numbers>

using namespace mlir;

namespace needle::codegen::reference {

namespace {

// Keys, counters and results are hi << 32 | lo.
uint64_t threefry(uint64_t key, uint64_t counter) {
  constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  uint32_t keys[3] = {uint32_t(key >> 32), uint32_t(key), 0};
  keys[2] = keys[0] ^ keys[1] ^ 0x1bd11bdau;
  uint32_t x = uint32_t(counter >> 32) + keys[0];
  uint32_t y = uint32_t(counter) + keys[1];
  for (uint32_t group = 0; group < 5; ++group) {
    for (int rotation : rotations[group % 2]) {
      x += y;
      y = std::rotl(y, rotation) ^ x;
    }
    x += keys[(group + 1) % 3];
    y += keys[(group + 2) % 3] + group + 1;
  }
  return uint64_t(x) << 32 | y;
}
uint32_t fold(uint64_t bits) { return uint32_t(bits >> 32) ^ uint32_t(bits); }

uint64_t keyOf(const Operands &operands) {
  return *static_cast<const uint64_t *>(operands.in[0]);
}

// A number in [0, 1): the upper bits are the mantissa of one in [1, 2).
float unit(uint64_t bits, float) {
  return std::bit_cast<float>(fold(bits) >> 9 | 0x3f800000u) - 1.0f;
}
double unit(uint64_t bits, double) {
  return std::bit_cast<double>(bits >> 12 | 0x3ff0000000000000u) - 1.0;
}
template <class T> T uniform(uint64_t bits, T low, T high) {
  return std::max(low, T(unit(bits, T()) * T(high - low)) + low);
}

// The nearest number in [low, high); its neighbour where that is outside.
BFloat16 roundWithin(float x, double low, double high) {
  BFloat16 near(x);
  if (!(double(near) < low) && !(double(near) >= high))
    return near;
  bool up = double(near) < low;
  // Away from 0 one bit pattern is the next.
  if (float(near) == 0)
    return BFloat16::fromBits(up ? 0x0001 : 0x8001);
  bool grows = (float(near) > 0) == up;
  return BFloat16::fromBits(uint16_t(near.toBits() + (grows ? 1 : -1)));
}

// erf(result) = x, by Newton's method from Winitzki's approximation; for |x|
// near 1 on the complement, which keeps its digits.
long double erfInverse(long double x) {
  if (std::fabs(x) >= 1)
    return x * std::numeric_limits<long double>::infinity();
  constexpr long double a = 0.147L, pi = std::numbers::pi_v<long double>;
  long double magnitude = std::fabs(x);
  long double log = std::log1p(-x * x), half = 2 / (pi * a) + log / 2;
  long double y = std::sqrt(std::sqrt(half * half - log / a) - half);
  for (int step = 0; step < 6; ++step) {
    long double error = magnitude < 0.5L ? std::erf(y) - magnitude
                                         : (1 - magnitude) - std::erfc(y);
    long double slope = 2 / std::sqrt(pi) * std::exp(-y * y);
    long double delta = error / slope;
    y -= delta / (1 + y * delta); // Halley's correction
  }
  return std::copysign(y, x);
}
template <class T> T normal(uint64_t bits) {
  T x = uniform(bits, std::nextafter(T(-1), T(0)), T(1));
  return T(std::numbers::sqrt2_v<long double> * erfInverse(x));
}

// out[i] = draw(threefry(key, i))
template <class T, class Draw>
Evaluate prepareDraw(const ArrayType &type, Draw draw) {
  return [=](const Operands &operands) {
    uint64_t key = keyOf(operands);
    for (int64_t i = 0; i < type.elements(); ++i)
      static_cast<T *>(operands.out[0])[i] =
          T(draw(threefry(key, uint64_t(i))));
  };
}

} // namespace

Evaluate prepare(ir::FoldInOp op) {
  ArrayType type = arrayType(op.getResult());
  return [=](const Operands &operands) {
    for (int64_t i = 0; i < type.elements(); ++i)
      static_cast<uint64_t *>(operands.out[0])[i] =
          threefry(static_cast<const uint64_t *>(operands.in[0])[i],
                   static_cast<const uint64_t *>(operands.in[1])[i]);
  };
}

Evaluate prepare(ir::SplitKeyOp op) {
  return prepareDraw<uint64_t>(arrayType(op.getResult()),
                               [](uint64_t bits) { return bits; });
}

Evaluate prepare(ir::RandomBitsOp op) {
  ArrayType type = arrayType(op.getResult());
  if (type.dtype == DType::int32)
    return prepareDraw<uint32_t>(type, fold);
  return prepareDraw<uint64_t>(type, [](uint64_t bits) { return bits; });
}

Evaluate prepare(ir::UniformOp op) {
  ArrayType type = arrayType(op.getResult());
  double low = op.getLow().convertToDouble();
  double high = op.getHigh().convertToDouble();
  if (type.dtype == DType::bfloat16)
    return prepareDraw<BFloat16>(type, [=](uint64_t bits) {
      return roundWithin(uniform(bits, float(low), float(high)), low, high);
    });
  if (type.dtype == DType::float32)
    return prepareDraw<float>(type, [=](uint64_t bits) {
      return uniform(bits, float(low), float(high));
    });
  return prepareDraw<double>(
      type, [=](uint64_t bits) { return uniform(bits, low, high); });
}

Evaluate prepare(ir::NormalOp op) {
  ArrayType type = arrayType(op.getResult());
  if (type.dtype == DType::bfloat16)
    return prepareDraw<BFloat16>(type, normal<float>);
  if (type.dtype == DType::float32)
    return prepareDraw<float>(type, normal<float>);
  return prepareDraw<double>(type, normal<double>);
}

Evaluate prepare(ir::BernoulliOp op) {
  float probability = float(op.getProbability().convertToDouble());
  return prepareDraw<uint8_t>(arrayType(op.getResult()), [=](uint64_t bits) {
    return unit(bits, float()) < probability;
  });
}

} // namespace needle::codegen::reference
