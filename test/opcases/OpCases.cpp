// OpCases.cpp - all rows, and their inputs and results as tensors.
#include "OpCases.h"

#include <cmath>
#include <random>

namespace needle::test {

const std::vector<OpCase> &opCases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> all;
    for (auto family :
         {elementwiseCases, reduceCases, shapeCases, contractCases, indexCases,
          createCases, randomCases, regionCases, gradientCases})
      for (OpCase &row : family())
        all.push_back(std::move(row));
    return all;
  }();
  return all;
}

DType inputDType(const OpCase &opCase, size_t i, DType dtype) {
  switch (opCase.inputs[i].kind) {
  case Input::index:
    return int64;
  case Input::truth:
    return boolean;
  default:
    return dtype;
  }
}

Arrays drawInputs(const OpCase &opCase, const std::vector<Shape> &shapes,
                  DType dtype) {
  std::mt19937_64 random(7);
  Arrays arrays;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Input &input = opCase.inputs[i];
    DType own = inputDType(opCase, i, dtype);
    bool whole = input.kind != Input::number || !isFloating(own);
    auto element = [&]() -> Number {
      double unit = double(random() >> 11) * 0x1p-53;
      if (own == boolean)
        return unit < 0.5;
      if (whole)
        return std::floor(input.low + unit * (input.high - input.low + 1));
      double x = input.low + unit * (input.high - input.low);
      return own == float32 ? Number(float(x)) : Number(x);
    };
    Array array{shapes[i], {}};
    for (int64_t k = 0; k < shapes[i].elements(); ++k)
      array.elements.push_back(element());
    arrays.push_back(std::move(array));
  }
  return arrays;
}

template <class T> static Tensor tensorAs(const Array &array) {
  std::vector<T> elements;
  for (Number element : array.elements)
    elements.push_back(T(element));
  return fromData(elements, array.shape);
}
Tensor tensorOf(const Array &array, DType dtype) {
  switch (dtype) {
  case DType::boolean:
    return tensorAs<bool>(array);
  case DType::int32:
    return tensorAs<int32_t>(array);
  case DType::int64:
    return tensorAs<int64_t>(array);
  case DType::float32:
    return tensorAs<float>(array);
  case DType::float64:
    break;
  }
  return tensorAs<double>(array);
}

std::vector<Tensor> tensorsOf(const OpCase &opCase, const Arrays &inputs,
                              DType dtype) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i)
    tensors.push_back(tensorOf(inputs[i], inputDType(opCase, i, dtype)));
  return tensors;
}

template <class T> static Array arrayAs(const Tensor &tensor) {
  Array array{tensor.shape(), {}};
  for (auto element : tensor.toVector<T>())
    array.elements.push_back(Number(element));
  return array;
}
Array arrayOf(const Tensor &tensor) {
  switch (tensor.dtype()) {
  case DType::boolean:
    return arrayAs<bool>(tensor);
  case DType::int32:
    return arrayAs<int32_t>(tensor);
  case DType::int64:
    return arrayAs<int64_t>(tensor);
  case DType::float32:
    return arrayAs<float>(tensor);
  case DType::float64:
    break;
  }
  return arrayAs<double>(tensor);
}

std::string describe(const std::vector<Shape> &shapes, DType dtype) {
  std::string text = toString(dtype);
  for (const Shape &shape : shapes)
    text += " " + toString(shape);
  return text;
}

} // namespace needle::test
