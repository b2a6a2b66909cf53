// OpCases.cpp - all rows, and their inputs and results as tensors.
#include "OpCases.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace needle::test {

const std::vector<OpCase> &opCases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> all;
    for (auto family :
         {elementwiseCases, reduceCases, shapeCases, contractCases, indexCases,
          createCases, randomCases, regionCases, gradientCases})
      for (OpCase &row : family()) {
        // Where both of these go, bfloat16 does, too.
        auto has = [&](DType dtype) {
          return std::ranges::count(row.dtypes, dtype) != 0;
        };
        if (has(float32) && has(float64) && !has(bfloat16))
          row.dtypes.push_back(bfloat16);
        all.push_back(std::move(row));
      }
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
      return withElement(
          own, [&](auto zero) -> Number { return Number(decltype(zero)(x)); });
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
  return withElement(dtype, [&](auto zero) {
    using T = decltype(zero);
    return tensorAs<std::conditional_t<sizeof(T) == 1, bool, T>>(array);
  });
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
  return withElement(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return arrayAs<std::conditional_t<sizeof(T) == 1, bool, T>>(tensor);
  });
}

std::string describe(const std::vector<Shape> &shapes, DType dtype) {
  std::string text = toString(dtype);
  for (const Shape &shape : shapes)
    text += " " + toString(shape);
  return text;
}

} // namespace needle::test
