// Create.cpp - constants, ranges, and copies of the user's memory.
#include "needle/frontend/ops/Create.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Record.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Shape.h"
#include "needle/runtime/Buffer.h"

using namespace needle;
using namespace needle::detail;

Tensor needle::full(const Shape &shape, double value, DType dtype,
                    Where where) {
  checkFits(value, dtype, "full", where);
  return dtype == DType::boolean
             ? fullOf(int64_t(value != 0), shape, dtype, where)
             : fullOf(value, shape, dtype, where);
}
Tensor needle::zeros(const Shape &shape, DType dtype, Where where) {
  return fullOf(0.0, shape, dtype, where);
}
Tensor needle::ones(const Shape &shape, DType dtype, Where where) {
  return fullOf(1.0, shape, dtype, where);
}
Tensor needle::zerosLike(const Tensor &x, Where where) {
  check(x, "zerosLike", where);
  return zeros(x.shape(), x.dtype(), where);
}
Tensor needle::onesLike(const Tensor &x, Where where) {
  check(x, "onesLike", where);
  return ones(x.shape(), x.dtype(), where);
}

static Tensor iota(const Shape &shape, int64_t axis, DType dtype, Where where) {
  static constexpr OpInfo iotaOp{"iota", {{"axis", Field::i64}}};
  return Recording(iotaOp, where).attribute(axis).result(dtype, shape);
}
Tensor needle::eye(int64_t size, DType dtype, Where where) {
  Shape square({size, size}, where);
  Tensor row = iota(square, 0, DType::int64, where),
         column = iota(square, 1, DType::int64, where);
  return convert(equal({row, where}, {column, where}), dtype, where);
}
Tensor needle::arange(int64_t size, DType dtype, Where where) {
  return arange(0, size, 1, dtype, where);
}
Tensor needle::arange(int64_t start, int64_t stop, int64_t step, DType dtype,
                      Where where) {
  if (step == 0 || (stop != start && (stop > start) != (step > 0)))
    fail<ShapeError>("arange", where,
                     "step " + std::to_string(step) + " does not lead from " +
                         std::to_string(start) + " to " + std::to_string(stop));
  int64_t count = (stop - start + step + (step > 0 ? -1 : 1)) / step;
  Tensor index = iota({count}, 0, DType::int64, where);
  if (step != 1)
    index = mul({index, where}, {step, where});
  if (start != 0)
    index = add({index, where}, {start, where});
  return convert(index, dtype, where);
}
Tensor needle::linspace(double start, double stop, int64_t count, DType dtype,
                        Where where) {
  if (count < 1)
    fail<ShapeError>("linspace", where, "wants at least one number");
  if (!isFloating(dtype))
    fail<DTypeError>("linspace", where, "wants a floating dtype");
  if (count == 1)
    return full({1}, start, dtype, where);
  if (DType wide = wideDType(dtype); wide != dtype)
    return convert(linspace(start, stop, count, wide, where), dtype, where);
  // Each end exactly: a (1 - t) + b t.
  Tensor t = iota({count}, 0, dtype, where);
  t = div({t, where}, {double(count - 1), where});
  Tensor rest = sub({1, where}, {t, where});
  return add({mul({rest, where}, {start, where}), where},
             {mul({t, where}, {stop, where}), where});
}

Tensor detail::fromBytes(const void *data, size_t count, DType dtype,
                         const Shape &shape, Where where) {
  if (int64_t(count) != shape.elements())
    fail<ShapeError>("tensor", where,
                     std::to_string(count) + " elements do not fill " +
                         toString(shape));
  return dataTensor(runtime::Buffer::copyOf(data, count * byteSize(dtype)),
                    dtype, shape, TargetScope::current(), where);
}
void detail::checkRows(bool isEven, Where where) {
  if (!isEven)
    fail<ShapeError>("tensor", where, "rows have different lengths");
}
