// Realization.h - the value of a node that has one.
#pragma once

#include "needle/runtime/Buffer.h"
#include "needle/runtime/Error.h"

#include <memory>

namespace needle::detail {

struct Realization {
  /// Of an op of one result.
  runtime::BufferPtr buffer;
  /// Of an op of several, one each; empty where nobody was there to ask.
  std::unique_ptr<runtime::BufferPtr[]> several;
  /// The line that made the node a leaf.
  Where cutAt;
};

} // namespace needle::detail
