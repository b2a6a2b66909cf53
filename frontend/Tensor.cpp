// Tensor.cpp - what the handle of a value gives out.
#include "needle/frontend/Tensor.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Record.h"
#include "needle/runtime/Buffer.h"

#include <cmath>
#include <cstring>
#include <ostream>
#include <sstream>

using namespace needle;
using namespace needle::detail;
using runtime::BufferPtr;

void detail::emptyTensor(Where where) {
  throw Error(reported(where), "an empty tensor is used");
}

// ---- elements --------------------------------------------------------------
static BufferPtr valueOf(const Tensor &tensor, const char *op, Where where) {
  check(tensor, op, where);
  BufferPtr buffer = bufferOf(tensor.get());
  if (!buffer) {
    realize(tensor, where);
    buffer = bufferOf(tensor.get());
  }
  buffer->ready().wait();
  return buffer;
}

template <class To> static To elementAs(const BufferPtr &buffer, DType dtype) {
  return withElement(
      dtype, [&](auto zero) { return To(*buffer->as<decltype(zero)>()); });
}
static BufferPtr oneElement(const Tensor &tensor, Where where) {
  check(tensor, "item", where);
  if (tensor.shape().elements() != 1)
    fail<ShapeError>("item", where,
                     "wants one element, the tensor is " +
                         toString(tensor.shape()));
  return valueOf(tensor, "item", where);
}
double detail::itemAsDouble(const Tensor &tensor, Where where) {
  return elementAs<double>(oneElement(tensor, where), tensor.dtype(where));
}
int64_t detail::itemAsInteger(const Tensor &tensor, Where where) {
  return elementAs<int64_t>(oneElement(tensor, where), tensor.dtype(where));
}
void detail::copyElements(const Tensor &tensor, DType dtype, void *to,
                          Where where) {
  check(tensor, "toVector", where);
  if (tensor.dtype() != dtype)
    fail<DTypeError>("toVector", where,
                     "the tensor is " + toString(tensor.dtype()) +
                         ", asked for " + toString(dtype) + "; convert it");
  BufferPtr buffer = valueOf(tensor, "toVector", where);
  if (buffer->bytes())
    std::memcpy(to, buffer->data(),
                size_t(tensor.shape().elements()) * byteSize(dtype));
}

// ---- text ------------------------------------------------------------------
namespace {
// Nested brackets; of a long axis three elements at each end.
class Printer {
public:
  Printer(const Tensor &tensor, BufferPtr buffer)
      : shape(tensor.shape()), dtype(tensor.dtype()),
        buffer(std::move(buffer)) {
    summarize = shape.elements() > 1000;
  }
  void print(int axis, int64_t offset) {
    if (axis == shape.rank())
      return element(offset);
    int64_t inner = 1, size = shape[axis];
    for (int i = axis + 1; i < shape.rank(); ++i)
      inner *= shape[i];
    bool isLast = axis + 1 == shape.rank();
    std::string separator = isLast ? ", " : ",\n" + std::string(axis + 1, ' ');
    text << '[';
    for (int64_t i = 0; i < size; ++i) {
      if (i)
        text << separator;
      if (summarize && size > 6 && i == 3) {
        text << "...";
        i = size - 4;
        continue;
      }
      print(axis + 1, offset + i * inner);
    }
    text << ']';
  }
  std::ostringstream text;

private:
  void element(int64_t i) {
    withElement(dtype, [&](auto zero) {
      auto value = buffer->as<decltype(zero)>()[i];
      if (dtype == DType::boolean)
        text << (value ? "true" : "false");
      else if (isFloating(dtype) && value != value)
        text << "nan"; // its sign says nothing, and targets differ in it
      else
        text << value;
    });
  }
  Shape shape;
  DType dtype;
  BufferPtr buffer;
  bool summarize;
};
} // namespace

std::string needle::toString(const Tensor &tensor, Where where) {
  Printer printer(tensor, valueOf(tensor, "toString", where));
  printer.print(0, 0);
  return printer.text.str();
}
std::ostream &needle::operator<<(std::ostream &os, const Tensor &tensor) {
  if (tensor.empty())
    return os << "empty";
  // An operator has no place for the caller's line: the op's own is next best.
  return os << toString(tensor, tensor.get()->where());
}
