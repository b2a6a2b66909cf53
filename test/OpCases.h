// OpCases.h - every op as a table: how to call it, on what, what it computes.
// The rows are in opcases/<Family>.cpp; opcases/*Test.cpp drive them: values on
// every target, gradients, JSON, completeness.
#pragma once

#include "needle/needle.h"

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace needle::test {

/// Holds every int64, float and double.
using Number = long double;

/// A tensor of the tests' own: row-major.
struct Array {
  Shape shape;
  std::vector<Number> elements;
};
using Arrays = std::vector<Array>;

/// What the elements of an input are drawn from.
struct Input {
  enum Kind {
    number, // of the dtype under test: uniform in [low, high], integers if it
            // is
    grid,   // whole numbers of the dtype under test: they meet each other
    index,  // int64 in [low, high]
    truth   // boolean
  };
  Kind kind = number;
  double low = -2, high = 2;
};

/// How often an op can be differentiated by its `number` inputs.
enum class Order { none, once, twice };

struct OpCase {
  std::string op;   // of the IR
  std::string name; // "sum", "sum_of_the_middle"
  /// Shape classes: in each, one shape per input.
  std::vector<std::vector<Shape>> shapes;
  std::vector<Input> inputs;
  /// Through the public API. What makes tensors from nothing makes `dtype`.
  std::function<std::vector<Tensor>(const std::vector<Tensor> &, DType dtype)>
      call;
  /// The same by naive loops over numbers.
  std::function<Arrays(const Arrays &)> reference;
  std::vector<DType> dtypes = {float32, float64};
  std::optional<DType> result = std::nullopt; // default: the dtype under test
  Order order = Order::twice;
  /// In units of the result dtype's epsilon, of values above 1 relative to
  /// them.
  double tolerance = 8;
};

inline std::ostream &operator<<(std::ostream &os, const OpCase &c) {
  return os << c.name;
}

std::vector<OpCase> elementwiseCases();
std::vector<OpCase> reduceCases();
std::vector<OpCase> shapeCases();
std::vector<OpCase> contractCases();
std::vector<OpCase> indexCases();
std::vector<OpCase> createCases();
std::vector<OpCase> randomCases();
std::vector<OpCase> regionCases();
std::vector<OpCase> gradientCases();
/// All of them.
const std::vector<OpCase> &opCases();

/// Inputs for one shape class; equal for equal arguments.
Arrays drawInputs(const OpCase &opCase, const std::vector<Shape> &shapes,
                  DType dtype);
/// The dtype of input `i` when `dtype` is under test.
DType inputDType(const OpCase &opCase, size_t i, DType dtype);
Tensor tensorOf(const Array &array, DType dtype);
std::vector<Tensor> tensorsOf(const OpCase &opCase, const Arrays &inputs,
                              DType dtype);
Array arrayOf(const Tensor &tensor);
/// "f32 [2, 3] [3]", for messages.
std::string describe(const std::vector<Shape> &shapes, DType dtype);

} // namespace needle::test
