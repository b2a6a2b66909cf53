// Graphs.cpp - the recorded graph of a row, as the compiler would get it.
#include "opcases/Graphs.h"

#include "needle/frontend/Canonicalize.h"
#include "needle/frontend/Evaluate.h"

namespace needle::test {

RecordedGraph recordedGraph(const std::vector<Tensor> &results) {
  using namespace needle::detail;
  std::lock_guard lock(graphMutex());
  Walk walk(WalkMode::evaluate);
  std::vector<Node *> nodes;
  for (const Tensor &result : results)
    nodes.push_back(result.get());
  walk.addRoots(nodes);
  RecordedGraph recorded{buildGraph(walk, "row"), {}};
  for (uint32_t entry : argumentEntries(walk)) {
    Node *node = walk.entries[entry].node;
    runtime::BufferPtr buffer = bufferOf(node);
    if (!buffer) // an int64 of the random state: a key or a count
      buffer = runtime::Buffer::copyOf(&node->attributes()[0], 8);
    recorded.arguments.push_back(std::move(buffer));
  }
  return recorded;
}

std::vector<Tensor> recordRow(const OpCase &row,
                              const std::vector<Shape> &shapes, DType dtype) {
  Arrays inputs = drawInputs(row, shapes, dtype);
  std::vector<Tensor> x = tensorsOf(row, inputs, dtype), wrt;
  for (size_t i = 0; i < x.size(); ++i)
    if (row.inputs[i].kind == Input::number && isFloating(x[i].dtype()))
      wrt.push_back(x[i] = x[i].requireGrad());
  std::vector<Tensor> results = row.call(x, dtype);
  if (row.order == Order::none || wrt.empty())
    return results;
  std::vector<Tensor> gradients;
  for (const Tensor &y : results)
    if (isFloating(y.dtype()))
      for (Tensor &g : grad(y, wrt, {.allowUnused = true}))
        gradients.push_back(std::move(g));
  results.insert(results.end(), gradients.begin(), gradients.end());
  return results;
}

} // namespace needle::test
