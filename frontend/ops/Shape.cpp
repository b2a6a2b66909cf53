// Shape.cpp - reshapes, permutations, slices, pieces, copies between targets.
#include "needle/frontend/ops/Shape.h"

#include "needle/frontend/Record.h"

#include <algorithm>
#include <numeric>

using namespace needle;
using namespace needle::detail;

using Sizes = rules::SizeList;

static Sizes sizes(const char *op, std::initializer_list<Dim> list,
                   Where where) {
  if (list.size() > size_t(Shape::maxRank))
    fail<ShapeError>(op, where, "more than 8 dimensions");
  static_assert(sizeof(Dim) == sizeof(int64_t));
  const int64_t *first = list.size() ? &list.begin()->value : nullptr;
  return Sizes({first, list.size()});
}
static Shape shapeOf(const Sizes &sizes) {
  return Shape(std::span<const int64_t>(sizes));
}

// ---- reshapes --------------------------------------------------------------
static Tensor reshaped(const Tensor &x, std::span<const int64_t> to,
                       Where where) {
  orFail("reshape", rules::reshape(x.get()->dims(), to), where);
  if (std::ranges::equal(to, x.get()->dims()))
    return x;
  return Recording(op<"reshape">, where).use(x).result(x.get()->dtype, to);
}

Tensor needle::reshape(const Tensor &x, const Shape &shape, Where where) {
  check(x, "reshape", where);
  return reshaped(x, shape.dims(), where);
}

Tensor needle::reshape(const Tensor &x, std::initializer_list<Dim> shape,
                       Where where) {
  check(x, "reshape", where);
  Sizes to = sizes("reshape", shape, where);
  int64_t *free = std::ranges::find(to, -1);
  if (free == to.end())
    return reshaped(x, to, where);
  *free = 1;
  bool isUnique = std::find(free, to.end(), -1) == to.end();
  rules::Inferred rest = rules::checked(to);
  int64_t known = rest.ok() ? rest.shape.elements() : 0, count = 1;
  for (int64_t dim : x.get()->dims())
    count *= dim;
  int64_t size = known ? count / known : 0;
  if (!isUnique || known == 0 || size * known != count)
    fail<ShapeError>("reshape", where,
                     "cannot infer the size -1: " + std::to_string(count) +
                         " elements " + toString(x.shape()));
  *free = size;
  return reshaped(x, to, where);
}

Tensor needle::squeeze(const Tensor &x, const Axes &axes, Where where) {
  check(x, "squeeze", where);
  Shape shape = x.shape();
  Sizes chosen;
  Sizes rest;
  if (!axes.all) {
    std::string error = rules::normalizeAxes(axes, shape.rank(), chosen);
    if (!error.empty())
      fail<ShapeError>("squeeze", where, error);
  }
  for (int i = 0; i < shape.rank(); ++i) {
    bool isChosen =
        axes.all ? shape[i] == 1 : std::ranges::find(chosen, i) != chosen.end();
    if (isChosen && shape[i] != 1)
      fail<ShapeError>("squeeze", where,
                       "axis " + std::to_string(i) + " of " + toString(shape) +
                           " has size " + std::to_string(shape[i]) + ", not 1");
    if (!isChosen)
      rest.push_back(shape[i]);
  }
  return reshape(x, shapeOf(rest), where);
}

Tensor needle::unsqueeze(const Tensor &x, int axis, Where where) {
  check(x, "unsqueeze", where);
  Shape shape = x.shape();
  int64_t at = axisOf("unsqueeze", axis, shape.rank() + 1, where);
  Sizes to(shape.dims());
  to.insert(size_t(at), 1);
  if (to.size() > Shape::maxRank)
    fail<ShapeError>("unsqueeze", where, "more than 8 dimensions");
  return reshape(x, shapeOf(to), where);
}

Tensor needle::flatten(const Tensor &x, int first, int last, Where where) {
  check(x, "flatten", where);
  Shape shape = x.shape();
  if (shape.rank() == 0)
    return reshape(x, {1}, where);
  int64_t from = axisOf("flatten", first, shape.rank(), where),
          to = axisOf("flatten", last, shape.rank(), where);
  if (from > to)
    fail<ShapeError>("flatten", where, "the first axis is after the last");
  Sizes result(shape.dims().first(size_t(from)));
  result.push_back(std::accumulate(shape.begin() + from, shape.begin() + to + 1,
                                   int64_t(1), std::multiplies<>()));
  for (int64_t i = to + 1; i < shape.rank(); ++i)
    result.push_back(shape[int(i)]);
  return reshape(x, shapeOf(result), where);
}

// ---- permutations and broadcasts -------------------------------------------
Tensor needle::transpose(const Tensor &x, const Axes &permutation,
                         Where where) {
  static constexpr OpInfo transposeOp{"transpose",
                                      {{"permutation", Field::ints}}};
  check(x, "transpose", where);
  int rank = x.get()->rank;
  Sizes order({permutation.axes, size_t(permutation.count)});
  if (permutation.all)
    for (int i = rank; i-- > 0;)
      order.push_back(i);
  for (int64_t &axis : order)
    axis = axisOf("transpose", axis, rank, where);
  Shape shape =
      orFail("transpose", rules::transpose(x.get()->dims(), order), where);
  if (std::ranges::is_sorted(order))
    return x;
  return Recording(transposeOp, where)
      .use(x)
      .attribute(std::span<const int64_t>(order))
      .result(x.dtype(), shape);
}
Tensor needle::swapAxes(const Tensor &x, int a, int b, Where where) {
  check(x, "swapAxes", where);
  int rank = x.shape().rank();
  Sizes order(size_t(rank), 0);
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[size_t(axisOf("swapAxes", a, rank, where))],
            order[size_t(axisOf("swapAxes", b, rank, where))]);
  return transpose(x, Axes(std::span<const int64_t>(order)), where);
}
Tensor needle::broadcastTo(const Tensor &x, const Shape &shape, Where where) {
  check(x, "broadcastTo", where);
  Shape to = orFail("broadcastTo",
                    rules::broadcastTo(x.get()->dims(), shape.dims()), where);
  if (to == x.shape())
    return x;
  return Recording(broadcastToOp, where).use(x).result(x.dtype(), to);
}

// ---- parts -----------------------------------------------------------------
// A position in [0, size], negative from the end.
[[noreturn, gnu::cold]] static void
outside(int64_t given, int64_t size, size_t axis, Where where) {
  fail<IndexError>("slice", where,
                   "position " + std::to_string(given) + " of axis " +
                       std::to_string(axis) + " is outside of size " +
                       std::to_string(size));
}
static inline int64_t position(int64_t given, int64_t size, size_t axis,
                               Where where) {
  int64_t at = given < 0 ? given + size : given;
  if (at < 0 || at > size)
    outside(given, size, axis, where);
  return at;
}

Tensor needle::slice(const Tensor &x, std::initializer_list<Dim> start,
                     std::initializer_list<Dim> stop,
                     std::initializer_list<Dim> step, Where where) {
  check(x, "slice", where);
  std::span<const int64_t> shape = x.get()->dims();
  Sizes from = sizes("slice", start, where), to = sizes("slice", stop, where),
        by = sizes("slice", step, where);
  size_t rank = shape.size();
  if (from.size() != to.size() || from.size() > rank || by.size() > rank)
    fail<ShapeError>("slice", where,
                     "wants as many starts as stops, at most " +
                         std::to_string(rank) + ": got " +
                         std::to_string(from.size()) + " and " +
                         std::to_string(to.size()));
  by.resize(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    int64_t size = shape[i];
    if (i == from.size()) {
      from.push_back(0);
      to.push_back(size);
    }
    from[i] = position(from[i], size, i, where);
    to[i] = std::max(position(to[i], size, i, where), from[i]);
  }
  return sliceOf(x, from, to, by, where);
}

Tensor detail::sliceOf(const Tensor &x, std::span<const int64_t> start,
                       std::span<const int64_t> stop,
                       std::span<const int64_t> step, Where where) {
  static constexpr OpInfo sliceOp{
      "slice",
      {{"start", Field::ints}, {"stop", Field::ints}, {"step", Field::ints}}};
  Shape result =
      orFail("slice", rules::slice(x.get()->dims(), start, stop, step), where);
  return Recording(sliceOp, where)
      .use(x)
      .attribute(start)
      .attribute(stop)
      .attribute(step)
      .result(x.dtype(), result);
}

Tensor needle::pad(const Tensor &x, std::initializer_list<Dim> low,
                   std::initializer_list<Dim> high, double value, Where where) {
  static constexpr OpInfo padOp{"pad",
                                {{"low", Field::ints},
                                 {"high", Field::ints},
                                 {"interior", Field::ints},
                                 {"value", Field::f64}}};
  check(x, "pad", where);
  checkFits(value, x.dtype(), "pad", where);
  Sizes before = sizes("pad", low, where), after = sizes("pad", high, where);
  auto rank = size_t(x.shape().rank());
  if (before.size() != rank || after.size() != rank)
    fail<ShapeError>("pad", where,
                     "wants " + std::to_string(rank) +
                         " sizes before and after, got " +
                         std::to_string(before.size()) + " and " +
                         std::to_string(after.size()));
  Sizes between(rank, 0);
  Shape shape = orFail(
      "pad", rules::pad(x.shape().dims(), before, after, between), where);
  return Recording(padOp, where)
      .use(x)
      .attribute(std::span<const int64_t>(before))
      .attribute(std::span<const int64_t>(after))
      .attribute(std::span<const int64_t>(between))
      .attribute(value)
      .result(x.dtype(), shape);
}

Tensor needle::concat(const Tensors &xs, int axis, Where where) {
  static constexpr OpInfo concatOp{"concat", {{"axis", Field::i64}}};
  if (xs.tensors.empty())
    fail<ShapeError>("concat", where, "wants at least one tensor");
  DType dtype = DType::boolean;
  std::vector<Shape> shapes;
  std::vector<Tensor> parts; // alive until they are recorded
  for (const Tensor &x : xs.tensors) {
    check(x, "concat", where);
    dtype = promote(dtype, x.dtype());
    shapes.push_back(x.shape());
  }
  int64_t at = axisOf("concat", axis, shapes[0].rank(), where);
  Shape shape = orFail("concat", rules::concat(shapes, at), where);
  Recording recording(concatOp, where);
  for (const Tensor &x : xs.tensors)
    recording.use(parts.emplace_back(convertTo(x, dtype, where)));
  return recording.attribute(at).result(dtype, shape);
}
Tensor needle::stack(const Tensors &xs, int axis, Where where) {
  std::vector<Tensor> parts;
  for (const Tensor &x : xs.tensors)
    parts.push_back(unsqueeze(x, axis, where));
  return concat(parts, axis, where);
}

static std::vector<Tensor> pieces(const Tensor &x,
                                  const std::vector<int64_t> &sizes, int axis,
                                  Where where) {
  static constexpr OpInfo splitOp{
      "split",
      {{"sizes", Field::ints}, {"axis", Field::i64}},
      OpClass::several};
  int64_t at = axisOf("split", axis, x.shape().rank(), where);
  std::vector<ResultType> types;
  orFail("split", rules::split(x.shape().dims(), sizes, at, 0), where);
  Sizes piece(x.shape().dims());
  for (int64_t size : sizes) {
    piece[size_t(at)] = size;
    types.push_back({x.dtype(), Shape::unchecked(piece)});
  }
  return Recording(splitOp, where)
      .use(x)
      .attribute(std::span<const int64_t>(sizes))
      .attribute(at)
      .results(types);
}
std::vector<Tensor> needle::split(const Tensor &x, int64_t parts, int axis,
                                  Where where) {
  check(x, "split", where);
  int64_t at = axisOf("split", axis, x.shape().rank(), where),
          size = x.shape()[int(at)];
  if (parts < 1 || size % parts)
    fail<ShapeError>("split", where,
                     "cannot cut axis " + std::to_string(at) + " of " +
                         toString(x.shape()) + " into " +
                         std::to_string(parts) + " equal parts");
  return pieces(x, std::vector<int64_t>(size_t(parts), size / parts), int(at),
                where);
}
std::vector<Tensor> needle::split(const Tensor &x,
                                  std::initializer_list<Dim> sizes, int axis,
                                  Where where) {
  check(x, "split", where);
  std::vector<int64_t> all;
  for (Dim size : sizes)
    all.push_back(size.value);
  return pieces(x, all, axis, where);
}

Tensor needle::to(const Tensor &x, Target target, Where where) {
  check(x, "to", where);
  if (x.target() == target)
    return x;
  TargetScope scope(target);
  Node *inputs[] = {x.get()};
  return finish(record(
      {&toOp, x.dtype(), target.number(), x.get()->dims(), {}, inputs, where}));
}
