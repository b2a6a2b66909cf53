// DrawArguments.h - random arguments of a function or of a loop's body.
#pragma once

#include "TensorBounds.h"

namespace needle::numerics {

/// One array per block argument: floats standard normal, integers 0 or 1 and
/// below their `needle.index_limit`, booleans even, keys any. Equal for equal
/// seeds.
std::vector<HostArray> drawArguments(mlir::Block &block, uint64_t seed);

} // namespace needle::numerics
