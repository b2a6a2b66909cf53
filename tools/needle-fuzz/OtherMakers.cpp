// OtherMakers.cpp - random reductions, index ops, draws, loops, gradients.
#include "Generator.h"

#include "needle/runtime/ShapeRules.h"

#include <algorithm>
#include <cmath>

namespace needle::fuzz {
namespace {

using Dims = std::vector<int64_t>;

// ---- reductions -------------------------------------------------------------

struct Reduced {
  Dims axes;
  bool keepDims;
  Shape shape;
  int64_t count;
  std::vector<Attribute> attributes;
};
Reduced chooseAxes(Generator &g, const Value &x) {
  Reduced reduced{{}, g.chance(40), {}, 1, {}};
  for (int axis = 0; axis < x.rank(); ++axis)
    if (g.chance(50)) {
      reduced.axes.push_back(axis);
      reduced.count *= x.shape()[axis];
    }
  reduced.shape =
      rules::reduce(x.shape().dims(), reduced.axes, reduced.keepDims).shape;
  reduced.attributes = {{"axes", reduced.axes},
                        {"keep_dims", reduced.keepDims}};
  return reduced;
}

bool reduce(Generator &g, const char *op, bool onlyFloats) {
  auto x = onlyFloats ? g.findFloat() : g.findNumber();
  if (!x)
    return false;
  Value in = g.calm(*x);
  Reduced reduced = chooseAxes(g, in);
  double lo = in.lo, hi = in.hi;
  if (std::string_view(op) == "sum") {
    lo = std::min(0.0, lo * double(reduced.count));
    hi = std::max(0.0, hi * double(reduced.count));
  } else if (reduced.count == 0) {
    if (g.chance(80)) // infinities and NaN now and then
      return false;
    lo = -1e30, hi = 1e30;
  } else if (std::string_view(op) == "logsumexp") {
    hi += std::log(double(reduced.count));
  }
  g.add(op, {in}, g.typeOf(in.dtype(), reduced.shape), reduced.attributes, lo,
        hi);
  return true;
}

bool reduceToIndex(Generator &g, const char *op) {
  auto x = g.find([](const Value &x) { return x.rank() > 0; });
  if (!x)
    return false;
  int axis = g.pick(x->rank());
  if (x->shape()[axis] == 0)
    return false;
  bool keepDims = g.chance(40);
  Dims axes = {axis};
  Shape shape = rules::reduce(x->shape().dims(), axes, keepDims).shape;
  g.add(op, {*x}, g.typeOf(int64, shape),
        {{"axis", int64_t(axis)}, {"keep_dims", keepDims}}, 0,
        double(x->shape()[axis] - 1));
  return true;
}

bool alongAxis(Generator &g, const char *op, double lo, double hi) {
  auto x = g.findFloat(1);
  if (!x)
    return false;
  Value in = g.calm(*x);
  g.add(op, {in}, in.type, {{"axis", int64_t(g.pick(in.rank()))}}, lo, hi);
  return true;
}

// ---- indices ----------------------------------------------------------------

DType indexType(Generator &g) { return g.chance(50) ? int64 : int32; }

bool take(Generator &g) {
  auto x = g.find([](const Value &x) { return x.rank() > 0; });
  if (!x)
    return false;
  int axis = g.pick(x->rank());
  int64_t size = x->shape()[axis];
  Shape places = g.shape(2);
  Shape shape = rules::take(x->shape().dims(), places.dims(), axis).shape;
  if (size == 0 || !g.fits(shape))
    return false;
  Value indices = g.integers(indexType(g), places, -size, size - 1);
  g.add("take", {*x, indices}, g.typeOf(x->dtype(), shape),
        {{"axis", int64_t(axis)}}, x->lo, x->hi);
  return true;
}

bool oneHot(Generator &g) {
  Shape places = g.shape(3);
  int64_t depth = g.size();
  Shape shape = rules::oneHot(places.dims(), depth).shape;
  if (!g.fits(shape))
    return false;
  Value indices = g.integers(indexType(g), places, -1, depth);
  g.add("one_hot", {indices}, g.typeOf(g.numberType(), shape),
        {{"depth", depth}}, 0, 1);
  return true;
}

bool scatterAdd(Generator &g) {
  auto x = g.findNumber(1);
  if (!x)
    return false;
  Value in = g.calm(*x);
  int axis = g.pick(in.rank());
  int64_t size = in.shape()[axis];
  Shape places = g.shape(2);
  Shape shape = rules::take(in.shape().dims(), places.dims(), axis).shape;
  if (size == 0 || !g.fits(shape))
    return false;
  Value indices = g.integers(indexType(g), places, -size, size - 1);
  Value updates = g.calm(g.ofType(in.dtype(), shape));
  double more = updates.magnitude() * double(places.elements());
  g.add("scatter_add", {in, indices, updates}, in.type,
        {{"axis", int64_t(axis)}}, in.lo - more, in.hi + more);
  return true;
}

// ---- draws ------------------------------------------------------------------

bool draw(Generator &g, const char *op, DType dtype,
          std::vector<Attribute> attributes, double lo, double hi) {
  Value key = g.key();
  g.add(op, {key}, g.typeOf(dtype, g.shape()), std::move(attributes), lo, hi);
  return true;
}

bool uniform(Generator &g) {
  double low = g.chance(50) ? 0 : -g.pick(3), high = low + 1 + g.pick(3);
  return draw(g, "uniform", g.floatType(), {{"low", low}, {"high", high}}, low,
              high);
}

bool foldIn(Generator &g) {
  Value key = g.key();
  Value count = g.ofType(int64, {});
  g.add("fold_in", {key, count}, key.type, {}, -0x1p63, 0x1p63);
  return true;
}

bool splitKey(Generator &g) {
  Value key = g.key();
  int64_t count = g.size();
  g.add("split_key", {key}, g.typeOf(int64, {count}), {{"count", count}},
        -0x1p63, 0x1p63);
  return true;
}

// ---- loops ------------------------------------------------------------------

bool scan(Generator &g) {
  if (g.isInside() && g.chance(80))
    return false;
  if (g.isInside()) // one loop in a body is enough, and captures once
    return false;
  int64_t length = g.chance(5) ? 0 : 1 + g.pick(4);
  std::vector<Value> carries, slices;
  for (int i = 1 + g.pick(2); i > 0; --i) {
    auto x = g.findFloat();
    if (!x)
      return false;
    carries.push_back(g.within(*x, -2, 2));
  }
  if (g.chance(20)) {
    auto x = g.find([](const Value &x) { return isInteger(x.dtype()); });
    if (x && x->magnitude() < 100)
      carries.push_back(*x);
  }
  for (int i = g.pick(3); i > 0; --i) {
    Shape row = g.chance(50) ? carries[0].shape() : g.shape(2);
    Dims dims(row.begin(), row.end());
    dims.insert(dims.begin(), length);
    if (dims.size() <= 5 && g.fits(shapeOf(dims)))
      slices.push_back(g.calm(g.ofType(
          g.chance(70) ? carries[0].dtype() : g.numberType(), shapeOf(dims))));
  }
  Generator::Body body;
  auto bodyArgument = [&](DType dtype, const Shape &shape, double lo,
                          double hi) {
    body.builder.argument(g.typeOf(dtype, shape), {Draw::uniform, lo, hi},
                          Role::input);
  };
  bodyArgument(int64, {}, 0, double(length));
  for (const Value &carry : carries)
    bodyArgument(carry.dtype(), carry.shape(), carry.isFloat() ? -2 : -1000,
                 carry.isFloat() ? 2 : 1000);
  for (const Value &slice : slices) {
    Dims row(slice.shape().begin() + 1, slice.shape().end());
    bodyArgument(slice.dtype(), shapeOf(row), slice.lo, slice.hi);
  }
  g.enter(&body);
  for (int i = 1 + g.pick(5); i > 0; --i)
    g.makeOne();
  std::vector<ValueType> types;
  std::vector<std::pair<double, double>> ranges;
  for (const Value &carry : carries) {
    Value next = g.ofType(carry.dtype(), carry.shape());
    if (carry.isFloat())
      next = g.within(next, -2, 2);
    body.builder.result(next);
    types.push_back(carry.type);
    ranges.emplace_back(carry.isFloat() ? -2 : -1e6, carry.isFloat() ? 2 : 1e6);
  }
  for (int i = g.pick(3); i > 0; --i) {
    auto x = g.find([](const Value &x) { return x.rank() < 5; });
    Dims dims(x->shape().begin(), x->shape().end());
    dims.insert(dims.begin(), length);
    body.builder.result(*x);
    types.push_back(g.typeOf(x->dtype(), shapeOf(dims)));
    ranges.emplace_back(x->lo, x->hi);
  }
  g.enter(nullptr);
  std::vector<Value> operands = carries;
  operands.insert(operands.end(), slices.begin(), slices.end());
  operands.insert(operands.end(), body.captured.begin(), body.captured.end());
  std::vector<Attribute> attributes = {{"length", length},
                                       {"carries", int64_t(carries.size())},
                                       {"slices", int64_t(slices.size())},
                                       {"reverse", g.chance(40)}};
  auto results = g.graph().node("scan", operands, types, attributes,
                                {body.builder.finish()});
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].surePins = 0;
    results[i].lo = ranges[i].first, results[i].hi = ranges[i].second;
    g.publish(results[i]);
  }
  return true;
}

// ---- gradients --------------------------------------------------------------

bool gradient(Generator &g) {
  auto value = g.find([](const Value &x) {
    return x.isFloat() && x.maybePins && x.magnitude() < 1e6;
  });
  if (!value)
    return false;
  GraphBuilder &graph = g.graph();
  std::vector<Value> operands = {*value};
  bool hasCotangent = g.chance(30);
  if (hasCotangent)
    operands.push_back(g.calm(g.ofType(value->dtype(), value->shape())));
  bool allowUnused = g.chance(30);
  std::vector<Value> wrt;
  for (size_t i = 0; i < graph.pins.size(); ++i) {
    bool isSure = value->surePins >> i & 1, maybe = value->maybePins >> i & 1;
    if ((maybe && g.chance(70)) || g.chance(3)) {
      wrt.push_back(graph.pins[i]);
      allowUnused |= !isSure;
    }
  }
  if (wrt.empty())
    return false;
  std::vector<ValueType> types;
  for (const Value &pin : wrt)
    types.push_back(pin.type);
  operands.insert(operands.end(), wrt.begin(), wrt.end());
  std::vector<Attribute> attributes = {{"has_cotangent", hasCotangent},
                                       {"allow_unused", allowUnused}};
  for (Value result : graph.node("gradient", operands, types, attributes)) {
    result.surePins = 0; // of second derivatives some are zero for sure
    result.lo = -1e9, result.hi = 1e9;
    g.publish(result);
  }
  return true;
}

bool pin(Generator &g) {
  GraphBuilder &graph = g.graph();
  auto x = g.findFloat();
  if (!x || graph.pins.size() >= 64)
    return false;
  Value pinned = graph.node("pin", {*x}, {x->type})[0];
  uint64_t bit = uint64_t(1) << graph.pins.size();
  pinned.lo = x->lo, pinned.hi = x->hi;
  pinned.surePins |= bit, pinned.maybePins |= bit;
  graph.pins.push_back(pinned);
  graph.values.push_back(pinned);
  return true;
}

bool detach(Generator &g) {
  auto x = g.findFloat();
  if (!x)
    return false;
  Value detached = g.graph().node("detach", {*x}, {x->type})[0];
  detached.lo = x->lo, detached.hi = x->hi;
  detached.surePins = detached.maybePins = 0;
  g.publish(detached);
  return true;
}

/// There and back again, with something to do over there.
bool to(Generator &g) {
  if (g.isInside())
    return false;
  auto x = g.findFloat();
  if (!x)
    return false;
  Value in = g.calm(*x);
  ValueType there = in.type;
  there.target = "reference";
  Value value = g.graph().node("to", {in}, {there})[0];
  double lo = in.lo, hi = in.hi;
  if (g.chance(50)) {
    value = g.graph().node("square", {value}, {there})[0];
    lo = 0, hi = in.magnitude() * in.magnitude();
  }
  g.add("to", {value}, in.type, {}, lo, hi);
  return true;
}

const OpMaker reductions[] = {
    {"sum", 6, [](Generator &g) { return reduce(g, "sum", false); }},
    {"max", 3, [](Generator &g) { return reduce(g, "max", false); }},
    {"min", 3, [](Generator &g) { return reduce(g, "min", false); }},
    {"mean", 3, [](Generator &g) { return reduce(g, "mean", true); }},
    {"logsumexp", 2, [](Generator &g) { return reduce(g, "logsumexp", true); }},
    {"argmax", 2, [](Generator &g) { return reduceToIndex(g, "argmax"); }},
    {"argmin", 2, [](Generator &g) { return reduceToIndex(g, "argmin"); }},
    {"softmax", 3, [](Generator &g) { return alongAxis(g, "softmax", 0, 1); }},
    {"log_softmax", 2,
     [](Generator &g) { return alongAxis(g, "log_softmax", -100, 0); }}};
const OpMaker indexOps[] = {
    {"take", 3, take}, {"one_hot", 2, oneHot}, {"scatter_add", 3, scatterAdd}};
const OpMaker draws[] = {
    {"fold_in", 1, foldIn},
    {"split_key", 1, splitKey},
    {"random_bits", 1,
     [](Generator &g) {
       return draw(g, "random_bits", g.chance(50) ? int32 : int64, {}, -0x1p63,
                   0x1p63);
     }},
    {"uniform", 1, uniform},
    {"normal", 1,
     [](Generator &g) { return draw(g, "normal", g.floatType(), {}, -9, 9); }},
    {"bernoulli", 1, [](Generator &g) {
       return draw(g, "bernoulli", boolean, {{"probability", g.real(0, 1)}}, 0,
                   1);
     }}};
const OpMaker regions[] = {{"scan", 4, scan}};
const OpMaker gradients[] = {{"gradient", 14, gradient},
                             {"pin", 2, pin},
                             {"detach", 1, detach},
                             {"to", 1, to}};

} // namespace

std::span<const OpMaker> reduceMakers() { return reductions; }
std::span<const OpMaker> indexMakers() { return indexOps; }
std::span<const OpMaker> randomMakers() { return draws; }
std::span<const OpMaker> regionMakers() { return regions; }
std::span<const OpMaker> gradientMakers() { return gradients; }

} // namespace needle::fuzz
