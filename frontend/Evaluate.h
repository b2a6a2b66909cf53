// Evaluate.h - realization: graphs are compiled, run and cut.
#pragma once

#include "needle/frontend/Realization.h"
#include "needle/frontend/Tensor.h"

#include <memory>
#include <mutex>
#include <string>

namespace needle::detail {

/// Held while the graph's links or `visit` fields are read, and while nodes are
/// cut; never while compiling or running.
std::mutex &graphMutex();

/// The value of a result whose op, one of several, has it.
runtime::Buffer *bufferOfResult(const Node *node);
/// The value of a node that has one; else null. Held by the node.
inline runtime::Buffer *borrowedBuffer(const Node *node) {
  return node->is(Node::realized) && node->op->kind != OpClass::several
             ? node->payload->buffer.get()
             : bufferOfResult(node);
}
inline runtime::BufferPtr bufferOf(const Node *node) {
  return runtime::BufferPtr::share(borrowedBuffer(node));
}
/// A node that has its value from the start; belongs to no trace.
Tensor dataTensor(runtime::BufferPtr buffer, DType dtype, const Shape &shape,
                  Target target, Where where);

/// What recording does when it isn't lazy.
void realizeEagerly(const Tensor &tensor);
/// `loss` (unless it is empty) with all pending assignments of this thread.
/// When that throws, the assignments of `group` have not happened.
void realizeStep(const Tensor &loss, uint64_t group, Where where);
/// Pending assignments of this thread and nothing else.
void realizePending(Where where);
/// Lets go of a node's inputs; to be released once graphMutex() is free.
void cutInputs(Node *node, std::vector<Tensor> &released);
/// Realizes in an open trace what does not depend on its arguments; TraceError
/// with `what` and the line when it does.
void realizeConstant(const Tensor &tensor, const std::string &what,
                     Where where);

} // namespace needle::detail
