// Graphs.h - the recorded graph of a row, as the compiler would get it.
#pragma once

#include "OpCases.h"

#include "needle/runtime/Buffer.h"
#include "needle/runtime/Graph.h"

namespace needle::test {

struct RecordedGraph {
  Graph graph;
  std::vector<runtime::BufferPtr> arguments;
};

/// What `results` are computed by; their leaves are arguments.
RecordedGraph recordedGraph(const std::vector<Tensor> &results);
/// The results of a row for one shape class, and those of its gradient.
std::vector<Tensor> recordRow(const OpCase &row,
                              const std::vector<Shape> &shapes, DType dtype);

} // namespace needle::test
