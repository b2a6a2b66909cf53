// Realization.h - the value of a node that has one.
#pragma once

#include "needle/runtime/Error.h"

#include <memory>
#include <vector>

namespace needle::runtime {
class Buffer;
}

namespace needle::detail {

struct Realization {
  /// One per result; empty where an op of several results had nobody to ask.
  std::vector<std::shared_ptr<runtime::Buffer>> buffers;
  /// The line that made the node a leaf.
  Where cutAt;
};

} // namespace needle::detail
