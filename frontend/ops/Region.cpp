// Region.cpp - the recording of a body, and what it captures.
#include "needle/frontend/ops/Region.h"

#include "needle/frontend/Region.h"

#include <unordered_set>

using namespace needle;
using namespace needle::detail;

static constexpr OpInfo scanOp{"scan",
                               {{"carries", Field::i64},
                                {"length", Field::i64},
                                {"reverse", Field::boolean},
                                {"slices", Field::i64},
                                {"body", Field::hidden}},
                               OpClass::several,
                               -1,
                               4};

ScanRecording::~ScanRecording() = default;

ScanRecording::ScanRecording(std::vector<Tensor> carries,
                             std::vector<Tensor> slices, int64_t length,
                             ScanOptions options, Where where)
    : initial(std::move(carries)), sliced(std::move(slices)), length(length),
      options(options), where(where) {
  for (const Tensor &carry : initial)
    check(carry, "scan", where);
  for (const Tensor &slice : sliced) {
    check(slice, "scan", where);
    int64_t size = slice.shape().rank() ? slice.dim(0) : -1;
    if (size < 0)
      fail<ShapeError>("scan", where, "a tensor of slices is a scalar");
    if (this->length >= 0 && size != this->length)
      fail<ShapeError>("scan", where,
                       "slices differ in length: " + std::to_string(size) +
                           " and " + std::to_string(this->length));
    this->length = size;
  }
  if (this->length < 0)
    fail<ShapeError>("scan", where,
                     "the number of iterations is negative, or not known: "
                     "there are no slices");
  open = std::make_unique<OpenTrace>();
  auto parameter = [&](DType dtype, std::span<const int64_t> dims) {
    uint64_t words[] = {parameters.size(), uint64_t(Role::input), 0, 0};
    parameters.push_back(Tensor::adopt(record(
        {&placeholderOp, dtype, currentTarget(), dims, words, {}, where})));
  };
  parameter(DType::int64, {});
  open->iteration = parameters[0];
  for (const Tensor &carry : initial)
    parameter(carry.dtype(), carry.get()->dims());
  for (const Tensor &slice : sliced)
    parameter(slice.dtype(), slice.get()->dims().subspan(1));
}

std::vector<Tensor> ScanRecording::carries() const {
  return {parameters.begin() + 1,
          parameters.begin() + 1 + std::ptrdiff_t(initial.size())};
}
std::vector<Tensor> ScanRecording::slices() const {
  return {parameters.begin() + 1 + std::ptrdiff_t(initial.size()),
          parameters.end()};
}

// What the body reads of outside, in the order of a walk from its results.
static std::vector<Node *> captures(const std::vector<Node *> &results,
                                    uint32_t id) {
  std::vector<Node *> work(results.rbegin(), results.rend()), found;
  std::unordered_set<const Node *> seen;
  while (!work.empty()) {
    Node *node = work.back();
    work.pop_back();
    if (!seen.insert(node).second)
      continue;
    if (node->trace != id || node->is(Node::realized))
      found.push_back(node);
    else
      for (size_t i = node->inputCount; i-- > 0;)
        work.push_back(node->input(i));
  }
  return found;
}

static void checkCarry(const Tensor &before, const Tensor &after, size_t i,
                       Where where) {
  check(after, "scan", where);
  std::string which = "carry " + std::to_string(i) + " is ";
  if (!(before.shape() == after.shape()))
    fail<ShapeError>("scan", where,
                     which + toString(before.shape()) +
                         " at first, the body gives " +
                         toString(after.shape()));
  if (before.dtype() != after.dtype())
    fail<DTypeError>("scan", where,
                     which + toString(before.dtype()) +
                         " at first, the body gives " +
                         toString(after.dtype()) + "; convert it");
}

std::vector<Tensor> ScanRecording::finish(const std::vector<Tensor> &next,
                                          const std::vector<Tensor> &stacked) {
  if (next.size() != initial.size())
    fail<ShapeError>("scan", where,
                     "the body gives " + std::to_string(next.size()) +
                         " carries instead of " +
                         std::to_string(initial.size()));
  auto region = std::make_unique<Region>();
  region->id = open->id;
  std::vector<ResultType> types;
  for (size_t i = 0; i < next.size(); ++i) {
    checkCarry(initial[i], next[i], i, where);
    types.push_back({next[i].dtype(), next[i].shape()});
  }
  for (const Tensor &result : stacked) {
    check(result, "scan", where);
    Shape shape = result.shape();
    std::vector<int64_t> dims{length};
    dims.insert(dims.end(), shape.begin(), shape.end());
    types.push_back(
        {result.dtype(), Shape(std::span<const int64_t>(dims), where)});
  }
  for (const std::vector<Tensor> *list : {&next, &stacked})
    for (const Tensor &result : *list) {
      retain(result.get());
      region->results.push_back(result.get());
    }
  region->captures = captures(region->results, region->id);
  for (const Tensor &parameter : parameters) {
    retain(parameter.get());
    region->parameters.push_back(parameter.get());
  }
  open.reset(); // the op itself is recorded outside

  Recording recording(scanOp, where);
  for (const std::vector<Tensor> *list : {&initial, &sliced})
    for (const Tensor &operand : *list)
      recording.use(operand);
  for (Node *capture : region->captures)
    recording.useInPlace(Tensor::share(capture));
  return recording.attribute(int64_t(initial.size()))
      .attribute(length)
      .attribute(int64_t(options.reverse))
      .attribute(int64_t(sliced.size()))
      .owned(region.release())
      .results(types);
}
