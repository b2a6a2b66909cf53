// Contract.cpp - the rows of contractions.
#include "opcases/Reference.h"

#include <cmath>
#include <optional>

namespace needle::test {
namespace {

// Operands that are vectors, matrices or batches of them, as NumPy has it.
Array product(Array a, Array b, bool transposeA, bool transposeB) {
  bool isRow = a.shape.rank() == 1, isColumn = b.shape.rank() == 1;
  if (isRow)
    a.shape = {1, a.shape[0]};
  if (isColumn)
    b.shape = {b.shape[0], 1};
  int64_t m = a.shape[transposeA ? -1 : -2], k = a.shape[transposeA ? -2 : -1],
          n = b.shape[transposeB ? -2 : -1];
  size_t rank = size_t(std::max(a.shape.rank(), b.shape.rank()));
  std::vector<int64_t> sizes(rank, 1);
  for (const Array *x : {&a, &b})
    for (int axis = 0; axis < x->shape.rank() - 2; ++axis) {
      int64_t &size = sizes[rank - size_t(x->shape.rank()) + size_t(axis)];
      size = x->shape[axis] == 1 ? size : x->shape[axis];
    }
  sizes[rank - 2] = m;
  sizes[rank - 1] = n;
  auto element = [](const Array &x, const Index &batch, int64_t row,
                    int64_t column, bool transposed) {
    Index index(batch.end() - 2 - (x.shape.rank() - 2), batch.end() - 2);
    for (size_t axis = 0; axis < index.size(); ++axis)
      if (x.shape[int(axis)] == 1)
        index[axis] = 0;
    index.push_back(transposed ? column : row);
    index.push_back(transposed ? row : column);
    return at(x, index);
  };
  Array c =
      build(Shape(std::span<const int64_t>(sizes)), [&](const Index &index) {
        Number sum = 0;
        for (int64_t i = 0; i < k; ++i)
          sum += element(a, index, index[rank - 2], i, transposeA) *
                 element(b, index, i, index[rank - 1], transposeB);
        return sum;
      });
  std::vector<int64_t> kept(sizes.begin(), sizes.end() - 2);
  if (!isRow)
    kept.push_back(m);
  if (!isColumn)
    kept.push_back(n);
  c.shape = Shape(std::span<const int64_t>(kept));
  return c;
}

OpCase matmulRow(std::string name, std::vector<std::vector<Shape>> shapes,
                 bool transposeA = false, bool transposeB = false) {
  OpCase row;
  row.op = "matmul";
  row.name = name;
  row.shapes = std::move(shapes);
  row.inputs = {{}, {}};
  row.call = [=](auto &x, DType) {
    Tensor a = transposeA ? swapAxes(x[0], -1, -2) : x[0];
    Tensor b = transposeB ? swapAxes(x[1], -1, -2) : x[1];
    return std::vector{matmul(a, b)};
  };
  row.reference = [=](const Arrays &x) {
    return Arrays{product(x[0], x[1], transposeA, transposeB)};
  };
  row.tolerance = 256; // sums of up to 300 products below 4
  return row;
}

// Rows of weights e^score / sum of them, over the places that are seen.
Array attended(const Array &query, const Array &key, const Array &value,
               bool causal, std::optional<double> scale) {
  int rank = query.shape.rank();
  int64_t inner = query.shape[-1], places = key.shape[-2];
  int64_t offset = places - query.shape[-2];
  Number factor = scale ? Number(*scale) : 1 / std::sqrt(Number(inner));
  std::vector<int64_t> sizes(query.shape.begin(), query.shape.end());
  sizes.back() = value.shape[-1];
  auto element = [rank](const Array &x, Index index, int64_t row,
                        int64_t column) {
    index[size_t(rank - 2)] = row;
    index[size_t(rank - 1)] = column;
    return at(x, index);
  };
  return build(Shape(std::span<const int64_t>(sizes)), [&](const Index &index) {
    int64_t i = index[size_t(rank - 2)], e = index[size_t(rank - 1)];
    Number sum = 0, total = 0;
    for (int64_t j = 0; j < (causal ? i + offset + 1 : places); ++j) {
      Number score = 0;
      for (int64_t p = 0; p < inner; ++p)
        score += element(query, index, i, p) * element(key, index, j, p);
      Number weight = std::exp(factor * score);
      sum += weight;
      total += weight * element(value, index, j, e);
    }
    return total / sum;
  });
}

OpCase attentionRow(std::string name, AttentionOptions options,
                    std::vector<std::vector<Shape>> shapes) {
  OpCase row;
  row.op = "attention";
  row.name = name;
  row.shapes = std::move(shapes);
  row.inputs = {{}, {}, {}};
  row.call = [=](auto &x, DType) {
    return std::vector{attention(x[0], x[1], x[2], options)};
  };
  row.reference = [=](const Arrays &x) {
    return Arrays{attended(x[0], x[1], x[2], options.causal, options.scale)};
  };
  row.tolerance = 256;
  return row;
}

} // namespace

std::vector<OpCase> contractCases() {
  OpCase ofIntegers = matmulRow("matmul_of_integers", {{{2, 3}, {3, 5}}});
  ofIntegers.dtypes = {int32, int64, boolean};
  ofIntegers.result = float32;
  ofIntegers.order = Order::none;
  return {
      matmulRow("matmul", {{{1, 1}, {1, 1}},
                           {{2, 3}, {3, 5}},
                           {{17, 33}, {33, 15}},
                           {{16, 16}, {16, 16}},
                           {{7, 300}, {300, 31}},
                           {{1, 17}, {17, 33}},
                           {{33, 17}, {17, 1}}}),
      matmulRow("matmul_without_elements", {{{2, 0}, {0, 3}},
                                            {{0, 4}, {4, 3}},
                                            {{2, 4}, {4, 0}},
                                            {{0, 2, 4}, {4, 2}}}),
      matmulRow("matmul_of_vectors", {{{3}, {3}},
                                      {{0}, {0}},
                                      {{4}, {4, 2}},
                                      {{2, 4}, {4}},
                                      {{4}, {3, 4, 2}},
                                      {{3, 2, 4}, {4}},
                                      {{33}, {33, 17}}}),
      matmulRow("matmul_of_batches", {{{2, 3, 4}, {2, 4, 5}},
                                      {{3, 1, 2, 4}, {5, 4, 2}},
                                      {{1, 2, 4}, {3, 4, 2}},
                                      {{2, 3}, {4, 3, 2}},
                                      {{4, 2, 3}, {3, 2}},
                                      {{2, 1, 2, 3}, {1, 3, 3, 2}}}),
      matmulRow("matmul_of_a_transposed",
                {{{3, 2}, {3, 5}},
                 {{33, 17}, {33, 15}},
                 {{2, 3, 4}, {2, 3, 5}},
                 {{2, 3, 4}, {3, 5}}},
                true, false),
      matmulRow("matmul_by_a_transposed",
                {{{2, 3}, {5, 3}},
                 {{17, 33}, {15, 33}},
                 {{2, 4, 3}, {2, 5, 3}},
                 {{2, 4, 3}, {5, 3}}},
                false, true),
      matmulRow("matmul_of_transposed",
                {{{3, 2}, {5, 3}}, {{33, 17}, {15, 33}}, {{2, 3, 4}, {5, 3}}},
                true, true),
      ofIntegers,
      attentionRow("attention", {},
                   {{{1, 1}, {1, 1}, {1, 1}},
                    {{3, 4}, {5, 4}, {5, 2}},
                    {{17, 8}, {17, 8}, {17, 8}},
                    {{2, 3, 5, 4}, {2, 3, 7, 4}, {2, 3, 7, 6}}}),
      attentionRow("attention_to_the_past", {.causal = true, .scale = 0.25},
                   {{{1, 3}, {1, 3}, {1, 3}},
                    {{17, 4}, {17, 4}, {17, 5}},
                    {{3, 4}, {5, 4}, {5, 2}},
                    {{2, 3, 5, 4}, {2, 3, 5, 4}, {2, 3, 5, 4}}}),
  };
}

} // namespace needle::test
