// Array.cpp - construction and access, checked.
#include "needle/runtime/Array.h"

#include "needle/runtime/Error.h"

namespace needle {

using runtime::Buffer;

Array::Array() : sizes({0}), elements(Buffer::allocate(0)) {}

Array::Array(DType dtype, const Shape &shape, const void *data, size_t bytes,
             Where where)
    : type(dtype), sizes(shape) {
  if (bytes != size_t(shape.elements()) * byteSize(dtype))
    throw ShapeError(where, "an array of shape " + toString(shape) + " has " +
                                std::to_string(shape.elements()) +
                                " elements, not " +
                                std::to_string(bytes / byteSize(dtype)));
  elements = Buffer::copyOf(data, bytes);
}

void Array::check(DType wanted, Where where) const {
  if (wanted != type)
    throw DTypeError(where, "elements of an array are " + toString(type) +
                                ", not " + toString(wanted));
}

void Array::checkSingle(Where where) const {
  if (sizes.elements() != 1)
    throw ShapeError(where, "an array of shape " + toString(sizes) +
                                " is not one element");
}

std::string toString(DType dtype, const Shape &shape) {
  return toString(dtype) + " " + toString(shape);
}

} // namespace needle
