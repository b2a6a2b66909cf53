// Clip.cpp - gradients of bounded size.
#include "needle/frontend/optim/Clip.h"

#include "needle/frontend/Scope.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Reduce.h"
#include "needle/runtime/Error.h"

namespace needle::optim {

std::vector<Tensor> clipByGlobalNorm(const std::vector<Tensor> &gradients,
                                     double maxNorm, Where where) {
  if (!(maxNorm > 0))
    throw Error(where, "clipByGlobalNorm: maxNorm is " +
                           std::to_string(maxNorm) + ", wanted more than 0");
  LibraryScope scope(where, "clipByGlobalNorm");
  Tensor squares;
  for (const Tensor &g : gradients)
    if (!g.empty()) {
      Tensor part = sum(square(convert(g, wideDType(g.dtype()))));
      squares = squares.empty() ? part : squares + part;
    }
  if (squares.empty())
    return gradients;
  Tensor scale = minimum(maxNorm / (sqrt(squares) + 1e-6), 1);
  std::vector<Tensor> clipped;
  for (const Tensor &g : gradients) {
    DType wide = g.empty() ? DType::float32 : wideDType(g.dtype());
    clipped.push_back(
        g.empty()
            ? g
            : convert(convert(g, wide) * convert(scale, wide), g.dtype()));
  }
  return clipped;
}

} // namespace needle::optim
