// Trajectory.h - train a program in every mode and compare with JAX.
#pragma once

#include "needle/needle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace needle::test {

using Losses = std::vector<double>;

/// How a program is run: the numbers must not depend on it.
enum class Mode { jitted, lazy, eager, reference };

/// The numbers that trajectories.py makes too, in [-1, 1].
template <class T = float>
Tensor numbers(const Shape &shape, int64_t seed, double scale = 1) {
  std::vector<T> values;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    int64_t mixed = (i * 7919 + seed * 104729 + (i * i) % 1013) % 2003;
    values.push_back(T(T(double(mixed) / 1001.5 - 1) * T(scale)));
  }
  return fromData(values, shape);
}

/// Class numbers below `classes`.
inline Tensor classes(const Shape &shape, int64_t classes, int64_t seed) {
  std::vector<int64_t> values;
  for (int64_t i = 0; i < shape.elements(); ++i)
    values.push_back((i * 31 + seed * 17 + (i * i) % 7) % classes);
  return fromData(values, shape);
}

/// `function`, jitted where the mode says so.
template <class F> auto stepIn(Mode mode, F function) {
  return [mode, function, compiled = jit(function)](const auto &...arguments) {
    return mode == Mode::lazy || mode == Mode::eager ? function(arguments...)
                                                     : compiled(arguments...);
  };
}

/// step(0), ... step(50), every tenth.
template <class Step> Losses everyTenth(Step step) {
  Losses losses;
  for (int i = 0; i <= 50; ++i) {
    double loss = step(i);
    if (i % 10 == 0)
      losses.push_back(loss);
  }
  return losses;
}

/// Runs `program(mode)` in every mode, twice jitted for the same bits, and
/// compares what it returns with `expected`, up to `tolerance` relative to the
/// largest value. Draws start from seed 7.
template <class Program>
void expectTrajectory(const Losses &expected, double tolerance,
                      Program program) {
  double largest = 0;
  for (double value : expected)
    largest = std::max(largest, std::abs(value));
  Losses jitted;
  for (Mode mode :
       {Mode::jitted, Mode::jitted, Mode::lazy, Mode::eager, Mode::reference}) {
    SCOPED_TRACE("mode " + std::to_string(int(mode)));
    RandomScope seed(7);
    LazyScope lazy(mode != Mode::eager);
    TargetScope target(mode == Mode::reference ? "reference" : "cpu");
    Losses losses = program(mode);
    ASSERT_EQ(losses.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(losses[i], expected[i], tolerance * largest) << "value " << i;
    if (mode == Mode::jitted) {
      EXPECT_TRUE(jitted.empty() || losses == jitted) << "not the same bits";
      jitted = losses;
    }
  }
}

} // namespace needle::test
