// Init.cpp - initial values of parameters.
#include "needle/frontend/nn/Init.h"

#include "needle/frontend/Scope.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Random.h"
#include "needle/runtime/Error.h"

#include <cmath>

namespace needle::nn {

static void check(int64_t fanIn, Where where, const char *name) {
  if (fanIn < 1)
    throw Error(where, std::string(name) + ": fanIn is " +
                           std::to_string(fanIn) + ", wanted 1 or more");
}

Tensor kaimingUniform(const Shape &shape, int64_t fanIn, double gain,
                      Where where) {
  check(fanIn, where, "kaimingUniform");
  LibraryScope scope(where, "");
  double bound = gain * std::sqrt(3.0 / double(fanIn));
  return rand(shape) * (2 * bound) - bound;
}

Tensor kaimingNormal(const Shape &shape, int64_t fanIn, double gain,
                     Where where) {
  check(fanIn, where, "kaimingNormal");
  LibraryScope scope(where, "");
  return randn(shape) * (gain / std::sqrt(double(fanIn)));
}

} // namespace needle::nn
