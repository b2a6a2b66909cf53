// Reduce.cpp - the rows of reductions and of composites over axes.
#include "opcases/Reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace needle::test {
namespace {

using Line = std::vector<Number>;
using Reduce = Tensor (*)(const Tensor &, const Axes &, bool, Where);

const std::vector<DType> numbers = {float32, float64, int32, int64},
                         everything = {float32, float64, int32, int64, boolean},
                         floats = {float32, float64};

constexpr Number infinity = std::numeric_limits<Number>::infinity();

/// A function of the API and what it makes of a line of elements.
struct Named {
  std::string op, name;
  Reduce call;
  Number (*f)(const Line &);
};

/// Which axes a row reduces, and shapes that have them.
struct Reduced {
  std::string name; // after the op's
  std::vector<int64_t> axes;
  bool isAll = false, keepDims = false;
  std::vector<std::vector<Shape>> shapes = {};
};

// Of all elements: every rank, vectors of 4, 8 and 16 lanes plus and minus one,
// and one that is cut into chunks. `empty`: an axis without elements, too.
std::vector<Reduced> reductions(bool empty) {
  std::vector<Reduced> all = {
      {"",
       {},
       true,
       false,
       {{{}},
        {{1}},
        {{7}},
        {{15}},
        {{17}},
        {{33}},
        {{5, 16}},
        {{2, 3, 5}},
        {{2, 3, 2, 5}},
        {{70001}}}},
      {"_keeping_all", {}, true, true, {{{}}, {{7}}, {{2, 3, 5}}}},
      {"_of_the_last",
       {-1},
       false,
       false,
       {{{3, 1}},
        {{3, 15}},
        {{5, 16}},
        {{2, 3, 17}},
        {{2, 33}},
        {{2, 2, 2, 3}},
        {{0, 3}}}},
      {"_of_the_first",
       {0},
       false,
       false,
       {{{1, 3}}, {{15, 3}}, {{16, 5}}, {{17, 2, 3}}, {{33, 16}}, {{3, 0}}}},
      {"_of_the_middle",
       {-2},
       false,
       true,
       {{{2, 1, 3}}, {{2, 7, 16}}, {{3, 17, 5}}, {{2, 3, 5, 2}}}},
      {"_of_the_ends",
       {0, -1},
       false,
       false,
       {{{3, 2, 5}}, {{2, 16, 3}}, {{4, 1, 1}}, {{2, 3, 2, 5}}}},
      {"_of_no_axis", {}, false, false, {{{}}, {{17}}, {{2, 3}}}}};
  if (empty) {
    all[0].shapes.push_back({{0}});
    all[2].shapes.push_back({{3, 0}});
    all[3].shapes.push_back({{0, 3}});
    all[4].shapes.push_back({{2, 0, 3}});
  }
  return all;
}

std::vector<int64_t> axesOf(const Reduced &how, const Array &x) {
  std::vector<int64_t> axes = how.axes;
  for (int axis = 0; how.isAll && axis < x.shape.rank(); ++axis)
    axes.push_back(axis);
  return axes;
}

OpCase reduction(std::string op, std::string name, const Reduced &how,
                 Reduce call, std::function<Number(const Line &)> f) {
  OpCase row;
  row.op = op;
  row.name = name + how.name;
  row.shapes = how.shapes;
  row.inputs = {{}};
  Axes axes = how.isAll ? Axes() : Axes(std::span<const int64_t>(how.axes));
  bool keep = how.keepDims;
  row.call = [=](auto &x, DType) {
    return std::vector{call(x[0], axes, keep, Where::here())};
  };
  row.reference = [=](const Arrays &x) {
    return Arrays{reduced(x[0], axesOf(how, x[0]), keep, f)};
  };
  // The error of a sum of n grows like its tree: log n times the magnitude of
  // the partial sums, which is like sqrt(n).
  row.tolerance = 64;
  return row;
}

Number sumOf(const Line &line) {
  Number sum = 0;
  for (Number x : line)
    sum += x;
  return sum;
}
Number maxOf(const Line &line) {
  return line.empty() ? -infinity : *std::max_element(line.begin(), line.end());
}
Number minOf(const Line &line) {
  return line.empty() ? infinity : *std::min_element(line.begin(), line.end());
}
Number logsumexpOf(const Line &line) {
  Number sum = 0, max = maxOf(line);
  for (Number x : line)
    sum += std::exp(x - max);
  return line.empty() ? -infinity : max + std::log(sum);
}
Number anyOf(const Line &line) {
  return std::any_of(line.begin(), line.end(), [](Number x) { return x != 0; });
}
Number allOf(const Line &line) {
  return std::all_of(line.begin(), line.end(), [](Number x) { return x != 0; });
}
Number firstMaximum(const Line &line) {
  return Number(std::max_element(line.begin(), line.end()) - line.begin());
}
Number firstMinimum(const Line &line) {
  return Number(std::min_element(line.begin(), line.end()) - line.begin());
}

const Named extrema[] = {{"max", "max", max, maxOf},
                         {"min", "min", min, minOf}};

void addReductions(std::vector<OpCase> &rows) {
  for (const Reduced &how : reductions(/*empty=*/true)) {
    rows.push_back(reduction("sum", "sum", how, sum, sumOf));
    OpCase row = reduction("sum", "sum_of_integers", how, sum, sumOf);
    row.dtypes = {int32, int64, boolean};
    row.result = int64;
    row.order = Order::none;
    rows.push_back(row);
    rows.push_back(reduction("mean", "mean", how, mean, [](const Line &line) {
      return sumOf(line) / Number(line.size());
    }));
    rows.push_back(
        reduction("logsumexp", "logsumexp", how, logsumexp, logsumexpOf));
    for (const auto &[op, name, call, f] : extrema) {
      rows.push_back(reduction(op, name, how, call, f));
      rows.back().order = Order::once;
    }
    auto truth = [&](const Named &named, const std::vector<DType> &dtypes) {
      row = reduction(named.op, named.name, how, named.call, named.f);
      row.inputs = {{Input::grid, -1, 1}};
      row.dtypes = dtypes;
      row.result = boolean;
      row.order = Order::none;
      rows.push_back(row);
    };
    truth({"max", "any", any, anyOf}, everything);
    truth({"min", "all", all, allOf}, everything);
    truth({"max", "max_of_booleans", max, anyOf}, {boolean});
    truth({"min", "min_of_booleans", min, allOf}, {boolean});
  }
  for (const Reduced &how : reductions(/*empty=*/false))
    for (const auto &[op, name, call, f] : extrema) {
      OpCase row = reduction(op, name + "_of_integers", how, call, f);
      row.dtypes = {int32, int64};
      row.order = Order::none;
      rows.push_back(row);
    }
}

// Values on a grid: the first of several equal ones counts.
void addIndices(std::vector<OpCase> &rows) {
  for (Reduced how : reductions(/*empty=*/false)) {
    if (how.axes.size() > 1 || (how.axes.empty() && !how.isAll))
      continue;
    for (const auto &[op, name, call, f] :
         {Named{"argmax", "argmax", argmax, firstMaximum},
          Named{"argmin", "argmin", argmin, firstMinimum}}) {
      OpCase row = reduction(op, name, how, call, f);
      row.inputs = {{Input::grid}};
      row.dtypes = everything;
      row.result = int64;
      row.order = Order::none;
      rows.push_back(row);
    }
  }
}

Line softmaxOf(const Line &line) {
  Line result;
  for (Number x : line)
    result.push_back(std::exp(x - logsumexpOf(line)));
  return result;
}
Line logSoftmaxOf(const Line &line) {
  Line result;
  for (Number x : line)
    result.push_back(x - logsumexpOf(line));
  return result;
}

void addComposites(std::vector<OpCase> &rows) {
  struct Along {
    std::string op;
    Tensor (*call)(const Tensor &, int, Where);
    Line (*f)(const Line &);
  };
  for (int axis : {0, 1, -1})
    for (const Along &along :
         {Along{"softmax", softmax, softmaxOf},
          Along{"log_softmax", logSoftmax, logSoftmaxOf}}) {
      OpCase row;
      row.op = along.op;
      row.name = along.op + "_" +
                 (axis < 0 ? "last"
                  : axis   ? "second"
                           : "first");
      row.shapes = {{{3, 17}}, {{1, 1}}, {{16, 5}}, {{2, 3, 7}},
                    {{5, 0}},  {{0, 5}}, {{2, 33}}};
      if (axis < 1)
        row.shapes.push_back({{15}});
      row.inputs = {{}};
      row.call = [along, axis](auto &x, DType) {
        return std::vector{along.call(x[0], axis, Where::here())};
      };
      row.reference = [along, axis](const Arrays &x) {
        return Arrays{alongAxis(x[0], axis, along.f)};
      };
      row.tolerance = 32; // exp of a difference whose error is that of a sum
      rows.push_back(row);
    }
}

} // namespace

std::vector<OpCase> reduceCases() {
  std::vector<OpCase> rows;
  addReductions(rows);
  addIndices(rows);
  addComposites(rows);
  return rows;
}

} // namespace needle::test
