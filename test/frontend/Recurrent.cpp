// Recurrent.cpp - LSTM layers against their equations.
#include <needle/needle.h>

#include <gtest/gtest.h>

#include <cmath>

using namespace needle;

namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix matrixOf(const Tensor &x) {
  std::vector<float> flat = x.toVector<float>();
  Matrix rows(size_t(x.dim(0)));
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i].assign(flat.begin() + int64_t(i) * x.dim(1),
                   flat.begin() + int64_t(i + 1) * x.dim(1));
  return rows;
}

// The equations of the class comment, one number at a time.
void advance(const nn::LstmCell &cell, const std::vector<double> &x,
             std::vector<double> &h, std::vector<double> &c) {
  Matrix in = matrixOf(cell.inputWeight), again = matrixOf(cell.hiddenWeight);
  std::vector<float> bias = Tensor(cell.bias).toVector<float>();
  auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  size_t hidden = h.size();
  std::vector<double> sums(bias.begin(), bias.end()), before = h;
  for (size_t j = 0; j < sums.size(); ++j) {
    for (size_t i = 0; i < x.size(); ++i)
      sums[j] += x[i] * in[i][j];
    for (size_t i = 0; i < hidden; ++i)
      sums[j] += before[i] * again[i][j];
  }
  for (size_t i = 0; i < hidden; ++i) {
    double input = sigmoid(sums[i]), forget = sigmoid(sums[hidden + i]);
    double candidate = std::tanh(sums[2 * hidden + i]);
    c[i] = forget * c[i] + input * candidate;
    h[i] = sigmoid(sums[3 * hidden + i]) * std::tanh(c[i]);
  }
}

} // namespace

TEST(Lstm, FollowsItsEquations) {
  RandomScope seed(3);
  nn::LSTM lstm(3, 4, {.layers = 2});
  nn::LstmCell first(3, 4), second(4, 4);
  std::vector<Variable> ours = lstm.parameters(), theirs = first.parameters();
  for (const Variable &more : second.parameters())
    theirs.push_back(more);
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i)
    theirs[i].assign(ours[i]);
  Tensor xs = randn({5, 2, 3});
  auto [all, states] = lstm(xs);
  ASSERT_EQ(all.shape(), (Shape{5, 2, 4}));
  ASSERT_EQ(states.size(), 2u);
  std::vector<float> values = xs.toVector<float>(), got = all.toVector<float>(),
                     cells = states[1].cell.toVector<float>(),
                     hiddens = states[0].hidden.toVector<float>();
  for (size_t row = 0; row < 2; ++row) {
    std::vector<double> h1(4), c1(4), h2(4), c2(4);
    for (size_t t = 0; t < 5; ++t) {
      const float *x = &values[(t * 2 + row) * 3];
      advance(first, {x, x + 3}, h1, c1);
      advance(second, h1, h2, c2);
      for (size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(got[(t * 2 + row) * 4 + i], h2[i], 1e-6);
    }
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(cells[row * 4 + i], c2[i], 1e-6);
      EXPECT_NEAR(hiddens[row * 4 + i], h1[i], 1e-6);
    }
  }
}

TEST(Lstm, OneStepIsOneOfTheSequence) {
  nn::LstmCell cell(3, 4);
  Tensor xs = randn({1, 2, 3});
  nn::LstmState zero = cell.initialState(2);
  auto [all, last] = cell.unroll(xs, zero);
  nn::LstmState next = cell(reshape(xs, {2, 3}), zero);
  EXPECT_TRUE(allClose(last.hidden, next.hidden));
  EXPECT_TRUE(allClose(last.cell, next.cell));
  EXPECT_TRUE(allClose(reshape(all, {2, 4}), next.hidden));
}

TEST(Lstm, NamesParametersAndStartsWithinPyTorchsBounds) {
  nn::LSTM lstm(3, 16, {.layers = 2});
  std::vector<std::string> names;
  for (const auto &[name, variable] : lstm.namedParameters()) {
    names.push_back(name);
    EXPECT_LE(max(abs(variable)).item(), 0.25) << name;
    EXPECT_GE(max(abs(variable)).item(), 0.15) << name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"0.inputWeight", "0.hiddenWeight",
                                             "0.bias", "1.inputWeight",
                                             "1.hiddenWeight", "1.bias"}));
}

TEST(Lstm, RefusesWhatDoesNotFit) {
  nn::LSTM lstm(3, 4);
  EXPECT_THROW(lstm(randn({5, 3})), ShapeError);
  EXPECT_THROW(lstm(randn({5, 2, 4})), ShapeError);
  EXPECT_THROW(lstm(randn({5, 2, 3}), std::vector<nn::LstmState>{}), Error);
  EXPECT_THROW(nn::LSTM(3, 4, {.layers = 0}), Error);
  EXPECT_THROW(nn::LstmCell(0, 4), ShapeError);
}

TEST(Embedding, GivesRowsAndTheirGradients) {
  nn::Embedding embedding(5, 3);
  Tensor ids = tensor<int64_t>({{1, 4}, {1, 0}});
  Tensor rows = embedding(ids);
  ASSERT_EQ(rows.shape(), (Shape{2, 2, 3}));
  std::vector<float> got = rows.toVector<float>(),
                     all = Tensor(embedding.weight).toVector<float>();
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < 3; ++j)
      EXPECT_EQ(got[i * 3 + j], all[size_t(std::array{1, 4, 1, 0}[i]) * 3 + j]);
  Tensor g = grad(sum(embedding(ids)), embedding.weight);
  EXPECT_EQ(g.toVector<float>(),
            (std::vector<float>{1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_THROW(embedding(tensor<int64_t>({5})).toVector<float>(), IndexError);
  EXPECT_THROW((void)needle::embedding(ids, ones({3})), ShapeError);
}

// 0.5 x (1 + erf(x / sqrt 2)) and its approximation, from the paper.
TEST(Gelu, IsThePapersFormula) {
  std::vector<double> x = {-6, -1.5, -0.0, 0.3, 1, 4};
  Tensor at = fromData<double>(x, {6});
  std::vector<double> exact = gelu(at).toVector<double>(),
                      near = gelu(at, {.approximate = true}).toVector<double>();
  for (size_t i = 0; i < x.size(); ++i) {
    double v = x[i], pi = std::acos(-1.0);
    EXPECT_NEAR(exact[i], v / 2 * (1 + std::erf(v / std::sqrt(2))), 1e-15);
    EXPECT_NEAR(
        near[i],
        v / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (v + 0.044715 * v * v * v))),
        1e-14);
  }
  EXPECT_EQ(gelu(tensor<int32_t>({1})).dtype(), float32);
}
