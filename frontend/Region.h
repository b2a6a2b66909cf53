// Region.h - the recorded body of a scan.
#pragma once

#include "needle/frontend/Node.h"

#include <utility>
#include <vector>

namespace needle::detail {

/// Nodes whose trace is `id` and that have no value are the body's; every other
/// node that it reads is a capture, an input of the op.
class Region : public Owned {
public:
  Region() = default;
  ~Region() override {
    letGo([](Node *node, void *) { release(node); }, nullptr);
  }
  Region(const Region &) = delete;

  uint32_t id = 0;
  std::vector<Node *> parameters; // iteration, carries, slices
  std::vector<Node *> results;    // next carries, stacked; one reference each
  std::vector<Node *> captures;   // in the order of the op's last inputs

  void letGo(void (*take)(Node *, void *), void *to) override {
    for (std::vector<Node *> *list : {&parameters, &results})
      for (Node *node : std::exchange(*list, {}))
        take(node, to);
  }
};

} // namespace needle::detail
