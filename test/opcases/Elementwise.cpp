// Elementwise.cpp - the rows of ops that work element by element.
#include "opcases/Reference.h"

#include <cmath>

namespace needle::test {
namespace {

const std::vector<DType> floats = {float32, float64}, integers = {int32, int64},
                         numbers = {float32, float64, int32, int64},
                         everything = {float32, float64, int32, int64, boolean};

// Vectors of 4, 8 and 16 lanes, one less and one more; every rank.
const std::vector<std::vector<Shape>> unaryShapes = {
    {{}},   {{0}},  {{1}},    {{7}},       {{15}},      {{16}},
    {{17}}, {{33}}, {{3, 5}}, {{2, 0, 3}}, {{2, 3, 5}}, {{2, 1, 3, 7}}};

// Every way to broadcast: not at all, rows, columns, both, more axes, scalars,
// axes without elements.
const std::vector<std::vector<Shape>> binaryShapes = {{{}, {}},
                                                      {{17}, {17}},
                                                      {{33}, {}},
                                                      {{}, {3, 5}},
                                                      {{5, 7}, {7}},
                                                      {{1, 7}, {5, 7}},
                                                      {{5, 1}, {5, 16}},
                                                      {{5, 1}, {1, 7}},
                                                      {{2, 3, 4}, {3, 1}},
                                                      {{2, 1, 4}, {3, 1}},
                                                      {{4}, {2, 3, 1, 4}},
                                                      {{2, 3, 1, 5}, {3, 4, 1}},
                                                      {{0}, {1}},
                                                      {{1}, {0}},
                                                      {{0, 3}, {3}},
                                                      {{2, 1}, {1, 0}}};

using Unary = Number (*)(Number);
using Binary = Number (*)(Number, Number);

OpCase unary(std::string op, Tensor (*call)(const Operand &), Unary f,
             Input input = {}, std::vector<DType> dtypes = floats) {
  return {op,
          op,
          unaryShapes,
          {input},
          [call](auto &x, DType) { return std::vector{call(x[0])}; },
          [f](const Arrays &x) {
            return Arrays{elementwise([f](auto &v) { return f(v[0]); }, x)};
          },
          dtypes};
}

OpCase binary(std::string op, Tensor (*call)(const Operand &, const Operand &),
              Binary f, std::vector<Input> inputs = {{}, {}},
              std::vector<DType> dtypes = numbers) {
  return {op,
          op,
          binaryShapes,
          inputs,
          [call](auto &x, DType) { return std::vector{call(x[0], x[1])}; },
          [f](const Arrays &x) {
            return Arrays{
                elementwise([f](auto &v) { return f(v[0], v[1]); }, x)};
          },
          dtypes};
}

OpCase comparison(std::string op,
                  Tensor (*call)(const Operand &, const Operand &), Binary f) {
  OpCase row = binary(op, call, f, {{Input::grid}, {Input::grid}}, everything);
  row.result = boolean;
  row.order = Order::none;
  return row;
}

OpCase converted(DType to, std::vector<DType> from) {
  OpCase row;
  row.op = "convert";
  row.name = "convert_to_" + toString(to);
  row.shapes = unaryShapes;
  row.inputs = {{Input::number, -9, 9}};
  row.call = [to](auto &x, DType) { return std::vector{convert(x[0], to)}; };
  row.reference = [to](const Arrays &x) {
    return Arrays{elementwise(
        [to](auto &v) -> Number {
          if (to == boolean)
            return v[0] != 0;
          return isFloating(to) ? v[0] : std::trunc(v[0]);
        },
        x)};
  };
  row.dtypes = from;
  row.result = to;
  row.order = to == float64 ? Order::once : Order::none;
  return row;
}

void append(std::vector<OpCase> &rows, OpCase row, std::string name,
            Order order) {
  row.name = name;
  row.order = order;
  rows.push_back(std::move(row));
}

std::vector<OpCase> unaryCases() {
  std::vector<OpCase> rows = {
      unary(
          "neg", neg, [](Number x) { return -x; }, {}, numbers),
      unary("exp", exp, [](Number x) { return std::exp(x); }),
      unary("log", log, [](Number x) { return std::log(x); },
            {Input::number, 0.25, 3}),
      unary("sqrt", sqrt, [](Number x) { return std::sqrt(x); },
            {Input::number, 0.25, 3}),
      unary("rsqrt", rsqrt, [](Number x) { return 1 / std::sqrt(x); },
            {Input::number, 0.25, 3}),
      unary(
          "square", square, [](Number x) { return x * x; }, {}, numbers),
      unary("tanh", tanh, [](Number x) { return std::tanh(x); }),
      unary("sigmoid", sigmoid,
            [](Number x) { return 1 / (1 + std::exp(-x)); }),
      unary("erf", erf, [](Number x) { return std::erf(x); }),
  };
  auto kinked = [&](OpCase row) { append(rows, row, row.name, Order::once); };
  kinked(unary(
      "abs", abs, [](Number x) { return std::abs(x); }, {}, numbers));
  kinked(unary(
      "sign", sign, [](Number x) { return Number((x > 0) - (x < 0)); }, {},
      numbers));
  kinked(unary(
      "relu", relu, [](Number x) { return x > 0 ? x : 0; }, {}, numbers));
  return rows;
}

} // namespace

std::vector<OpCase> elementwiseCases() {
  std::vector<OpCase> rows = unaryCases();
  rows.push_back(binary("add", add, [](Number x, Number y) { return x + y; }));
  rows.push_back(binary("sub", sub, [](Number x, Number y) { return x - y; }));
  rows.push_back(binary("mul", mul, [](Number x, Number y) { return x * y; }));
  rows.push_back(binary(
      "div", div, [](Number x, Number y) { return x / y; },
      {{}, {Input::number, 0.5, 2}}, floats));
  rows.push_back(binary(
      "pow", pow, [](Number x, Number y) { return std::pow(x, y); },
      {{Input::number, 0.25, 3}, {}}, floats));
  append(rows,
         binary("maximum", maximum,
                [](Number x, Number y) { return x > y ? x : y; }),
         "maximum", Order::once);
  append(rows,
         binary("minimum", minimum,
                [](Number x, Number y) { return x < y ? x : y; }),
         "minimum", Order::once);

  // Integers divide as float32.
  OpCase quotient = binary(
      "div", div, [](Number x, Number y) { return x / y; },
      {{}, {Input::number, 1, 3}}, integers);
  quotient.result = float32;
  append(rows, quotient, "div_of_integers", Order::none);

  rows.push_back(comparison("equal", equal,
                            [](auto x, auto y) { return Number(x == y); }));
  rows.push_back(comparison("not_equal", notEqual,
                            [](auto x, auto y) { return Number(x != y); }));
  rows.push_back(
      comparison("less", less, [](auto x, auto y) { return Number(x < y); }));
  rows.push_back(comparison("less_equal", lessEqual,
                            [](auto x, auto y) { return Number(x <= y); }));
  rows.push_back(comparison("greater", greater,
                            [](auto x, auto y) { return Number(x > y); }));
  rows.push_back(comparison("greater_equal", greaterEqual,
                            [](auto x, auto y) { return Number(x >= y); }));

  append(rows,
         binary("and", logicalAnd,
                [](Number x, Number y) { return Number(x != 0 && y != 0); },
                {{}, {}}, {boolean}),
         "and", Order::none);
  append(rows,
         binary("or", logicalOr,
                [](Number x, Number y) { return Number(x != 0 || y != 0); },
                {{}, {}}, {boolean}),
         "or", Order::none);
  append(rows,
         unary("not", logicalNot, [](Number x) { return Number(x == 0); }, {},
               {boolean}),
         "not", Order::none);

  rows.push_back(
      {"where",
       "where",
       {{{}, {}, {}},
        {{17}, {17}, {17}},
        {{5, 1}, {7}, {}},
        {{}, {3, 1}, {2, 1, 5}},
        {{3, 5}, {}, {3, 1}},
        {{0}, {1}, {0}}},
       {{Input::truth}, {}, {}},
       [](auto &x, DType) { return std::vector{where(x[0], x[1], x[2])}; },
       [](const Arrays &x) {
         return Arrays{
             elementwise([](auto &v) { return v[0] != 0 ? v[1] : v[2]; }, x)};
       },
       everything});
  rows.push_back(
      {"mul",
       "numbers_of_cpp",
       {{{}}, {{17}}, {{3, 5}}},
       {{}},
       [](auto &x, DType) {
         return std::vector{2 - x[0] * 3, (x[0] + 1) / -2.0};
       },
       [](const Arrays &x) {
         return Arrays{elementwise([](auto &v) { return 2 - v[0] * 3; }, x),
                       elementwise([](auto &v) { return (v[0] + 1) / -2; }, x)};
       }});

  rows.push_back(converted(float32, {float32, float64, int32, int64, boolean}));
  rows.push_back(
      converted(bfloat16, {float32, float64, int32, int64, boolean}));
  rows.push_back(converted(float64, {float32, float64, int32, int64, boolean}));
  rows.push_back(converted(int32, everything));
  rows.push_back(converted(int64, everything));
  rows.push_back(converted(boolean, everything));
  return rows;
}

} // namespace needle::test
