// TensorMakers.cpp - random ops that make tensors, move elements, contract.
#include "Generator.h"

#include "needle/runtime/ShapeRules.h"

#include <algorithm>
#include <numeric>

namespace needle::fuzz {
namespace {

using Dims = std::vector<int64_t>;

Dims dimsOf(const Value &x) { return {x.shape().begin(), x.shape().end()}; }
std::optional<Value> anyOf(Generator &g, int minRank = 0) {
  return g.find([&](const Value &x) { return x.rank() >= minRank; });
}

// ---- from nothing -----------------------------------------------------------

bool full(Generator &g) {
  g.fullOf(g.numberType(), g.shape(), g.pick(9) - 4);
  return true;
}

bool constant(Generator &g) {
  DType dtype = g.chance(20) ? boolean : g.numberType();
  Shape shape = g.shape(2);
  if (shape.elements() > 64)
    return false;
  Elements elements;
  if (isFloating(dtype)) {
    std::vector<double> floats;
    for (int64_t i = 0; i < shape.elements(); ++i)
      floats.push_back(rounded(dtype, float(g.real(-2, 2))));
    elements.values = floats;
  } else {
    std::vector<int64_t> whole;
    for (int64_t i = 0; i < shape.elements(); ++i)
      whole.push_back(dtype == boolean ? g.pick(2) : g.pick(9) - 4);
    elements.values = whole;
  }
  g.add("constant", {}, g.typeOf(dtype, shape), {{"value", elements}}, -4, 4);
  return true;
}

bool iota(Generator &g) {
  Shape shape = g.shape();
  if (shape.rank() == 0)
    return false;
  int axis = g.pick(shape.rank());
  g.add("iota", {}, g.typeOf(g.numberType(), shape), {{"axis", int64_t(axis)}},
        0, double(std::max<int64_t>(shape[axis] - 1, 0)));
  return true;
}

bool linearIndex(Generator &g) {
  Shape shape = g.shape();
  g.add("linear_index", {}, g.typeOf(int64, shape), {}, 0,
        double(shape.elements()));
  return true;
}

// ---- moves ------------------------------------------------------------------

bool reshape(Generator &g) {
  auto x = anyOf(g);
  if (!x)
    return false;
  Dims dims = dimsOf(*x);
  for (int i = 1 + g.pick(3); i > 0; --i) {
    size_t at = dims.empty() ? 0 : size_t(g.pick(int(dims.size())));
    if (dims.size() >= 2 && g.chance(50)) { // two axes become one
      at = std::min(at, dims.size() - 2);
      dims[at] *= dims[at + 1];
      dims.erase(dims.begin() + std::ptrdiff_t(at + 1));
    } else if (dims.size() < 5) { // one becomes two
      int64_t factor = 1;
      for (int64_t f : {2, 3, 5})
        if (!dims.empty() && dims[at] && dims[at] % f == 0 && g.chance(60))
          factor = f;
      if (!dims.empty())
        dims[at] /= factor;
      dims.insert(dims.begin() + std::ptrdiff_t(at), factor);
    }
  }
  g.add("reshape", {*x}, g.typeOf(x->dtype(), shapeOf(dims)), {}, x->lo, x->hi);
  return true;
}

bool broadcastTo(Generator &g) {
  auto x = anyOf(g);
  if (!x)
    return false;
  Dims dims = dimsOf(*x);
  for (int64_t &dim : dims)
    if (dim == 1 && g.chance(60))
      dim = g.size();
  if (dims.size() < 5 && g.chance(50))
    dims.insert(dims.begin(), g.size());
  if (!g.fits(shapeOf(dims)))
    return false;
  g.add("broadcast_to", {*x}, g.typeOf(x->dtype(), shapeOf(dims)), {}, x->lo,
        x->hi);
  return true;
}

bool transpose(Generator &g) {
  auto x = anyOf(g, 1);
  if (!x)
    return false;
  Dims permutation(size_t(x->rank())), dims;
  std::iota(permutation.begin(), permutation.end(), 0);
  for (size_t i = permutation.size(); i > 1; --i)
    std::swap(permutation[i - 1], permutation[size_t(g.pick(int(i)))]);
  for (int64_t axis : permutation)
    dims.push_back(x->shape()[axis]);
  g.add("transpose", {*x}, g.typeOf(x->dtype(), shapeOf(dims)),
        {{"permutation", permutation}}, x->lo, x->hi);
  return true;
}

bool slice(Generator &g) {
  auto x = anyOf(g, 1);
  if (!x)
    return false;
  Dims start, stop, step, dims;
  for (int64_t size : x->shape()) {
    int64_t from = 0, to = size, by = 1;
    if (size && g.chance(60)) {
      from = g.pick(int(size));
      to = from + g.pick(int(size - from) + 1);
      by = 1 + g.pick(3);
      if (to == from && g.chance(90))
        to = from + 1;
    }
    start.push_back(from), stop.push_back(to), step.push_back(by);
    dims.push_back((to - from + by - 1) / by);
  }
  g.add("slice", {*x}, g.typeOf(x->dtype(), shapeOf(dims)),
        {{"start", start}, {"stop", stop}, {"step", step}}, x->lo, x->hi);
  return true;
}

bool pad(Generator &g) {
  auto x = anyOf(g, 1);
  if (!x)
    return false;
  Dims low, high, interior;
  for (int i = 0; i < x->rank(); ++i) {
    low.push_back(g.chance(40) ? g.pick(3) : 0);
    high.push_back(g.chance(40) ? g.pick(3) : 0);
    interior.push_back(g.chance(20) ? 1 + g.pick(2) : 0);
  }
  Shape shape = rules::pad(x->shape().dims(), low, high, interior).shape;
  if (!g.fits(shape))
    return false;
  double value = x->dtype() == boolean ? g.pick(2) : g.pick(5) - 2;
  std::vector<Attribute> attributes = {
      {"low", low}, {"high", high}, {"interior", interior}, {"value", value}};
  g.add("pad", {*x}, g.typeOf(x->dtype(), shape), attributes,
        std::min(x->lo, value), std::max(x->hi, value));
  return true;
}

bool concat(Generator &g) {
  auto x = anyOf(g, 1);
  if (!x)
    return false;
  int axis = g.pick(x->rank());
  std::vector<Value> xs = {*x};
  double lo = x->lo, hi = x->hi;
  Dims dims = dimsOf(*x);
  for (int i = g.pick(3); i > 0; --i) {
    Dims other = dimsOf(*x);
    if (g.chance(50))
      other[size_t(axis)] = g.size();
    dims[size_t(axis)] += other[size_t(axis)];
    if (!g.fits(shapeOf(dims)))
      return false;
    xs.push_back(g.ofType(x->dtype(), shapeOf(other)));
    lo = std::min(lo, xs.back().lo), hi = std::max(hi, xs.back().hi);
  }
  g.add("concat", xs, g.typeOf(x->dtype(), shapeOf(dims)),
        {{"axis", int64_t(axis)}}, lo, hi);
  return true;
}

bool split(Generator &g) {
  auto x = anyOf(g, 1);
  if (!x)
    return false;
  int axis = g.pick(x->rank());
  int64_t rest = x->shape()[axis];
  Dims sizes;
  while (sizes.size() < 3 && g.chance(70)) {
    sizes.push_back(g.pick(int(rest) + 1));
    rest -= sizes.back();
  }
  sizes.push_back(rest);
  std::vector<ValueType> types;
  for (int64_t size : sizes) {
    Dims dims = dimsOf(*x);
    dims[size_t(axis)] = size;
    types.push_back(g.typeOf(x->dtype(), shapeOf(dims)));
  }
  for (Value piece : g.graph().node(
           "split", {*x}, types, {{"sizes", sizes}, {"axis", int64_t(axis)}})) {
    piece.lo = x->lo, piece.hi = x->hi;
    g.publish(piece);
  }
  return true;
}

// ---- contractions -----------------------------------------------------------

bool matmul(Generator &g) {
  auto x = g.findFloat(2);
  if (!x)
    return false;
  Value lhs = g.calm(*x);
  bool lhsTransposed = g.chance(30), rhsTransposed = g.chance(30);
  int64_t k = lhs.shape()[lhsTransposed ? -2 : -1];
  Dims dims;
  if (g.chance(40)) // batches: the same, some of size 1, or none
    for (int i = 0; i + 2 < lhs.rank(); ++i)
      dims.push_back(g.chance(30) ? 1 : lhs.shape()[i]);
  int64_t n = g.size();
  dims.push_back(rhsTransposed ? n : k);
  dims.push_back(rhsTransposed ? k : n);
  Shape shape =
      rules::matmul(lhs.shape().dims(), dims, lhsTransposed, rhsTransposed)
          .shape;
  if (!g.fits(shapeOf(dims)) || !g.fits(shape) ||
      shape.elements() * k > 4000000)
    return false;
  Value rhs = g.calm(g.ofType(lhs.dtype(), shapeOf(dims)));
  double most = double(k) * lhs.magnitude() * rhs.magnitude();
  std::vector<Attribute> attributes = {{"transpose_lhs", lhsTransposed},
                                       {"transpose_rhs", rhsTransposed}};
  g.add("matmul", {lhs, rhs}, g.typeOf(lhs.dtype(), shape), attributes, -most,
        most);
  return true;
}

/// [..., t, d] x [..., s, d] x [..., s, e]; causal: t <= s.
bool attention(Generator &g) {
  auto x = g.findFloat(2);
  if (!x)
    return false;
  Value query = g.calm(*x);
  Dims dims = dimsOf(query);
  int64_t t = query.shape()[-2], s = g.chance(50) ? t : g.size();
  bool isCausal = t <= s && g.chance(60);
  dims[dims.size() - 2] = s;
  Shape keyShape = shapeOf(dims);
  dims.back() = g.chance(50) ? dims.back() : g.size();
  Shape valueShape = shapeOf(dims);
  dims[dims.size() - 2] = t;
  Shape shape = shapeOf(dims);
  if (s == 0 || !g.fits(keyShape) || !g.fits(valueShape) || !g.fits(shape) ||
      query.shape().elements() * s > 200000)
    return false;
  Value key = g.calm(g.ofType(query.dtype(), keyShape));
  Value value = g.calm(g.ofType(query.dtype(), valueShape));
  g.add("attention", {query, key, value}, g.typeOf(query.dtype(), shape),
        {{"causal", isCausal}, {"scale", 0.25 * (1 + g.pick(4))}}, value.lo,
        value.hi);
  return true;
}

const OpMaker creations[] = {{"full", 2, full},
                             {"constant", 1, constant},
                             {"iota", 1, iota},
                             {"linear_index", 1, linearIndex}};
const OpMaker shapes[] = {{"reshape", 5, reshape},
                          {"broadcast_to", 3, broadcastTo},
                          {"transpose", 5, transpose},
                          {"slice", 5, slice},
                          {"pad", 3, pad},
                          {"concat", 3, concat},
                          {"split", 2, split}};
const OpMaker contractions[] = {{"matmul", 8, matmul},
                                {"attention", 2, attention}};

} // namespace

std::span<const OpMaker> createMakers() { return creations; }
std::span<const OpMaker> shapeMakers() { return shapes; }
std::span<const OpMaker> contractMakers() { return contractions; }

} // namespace needle::fuzz
