// Sequences.cpp - loops, attention and embeddings, trained as JAX trains them.
// Expected values: trajectories.py.
#include "Trajectory.h"

namespace nd = needle;
using namespace needle::test;
using nd::Tensor;
using nd::Variable;

namespace {

struct State {
  Tensor hidden, cell;
};

struct Lstm : nd::nn::Module {
  Variable in = parameter("in", numbers<double>({3, 24}, 5, 0.5)),
           recurrent = parameter("recurrent", numbers<double>({6, 24}, 6, 0.5)),
           bias = parameter("bias", nd::zeros({24}, nd::float64));
  State operator()(const State &state, const Tensor &x) {
    auto sigmoid = [](const Tensor &t) { return 0.5 * (nd::tanh(t / 2) + 1); };
    std::vector<Tensor> gates = nd::split(
        nd::matmul(x, in) + nd::matmul(state.hidden, recurrent) + bias, 4, 1);
    Tensor cell =
        sigmoid(gates[0]) * state.cell + sigmoid(gates[1]) * nd::tanh(gates[2]);
    return {sigmoid(gates[3]) * nd::tanh(cell), cell};
  }
};

// Causal attention of several heads, with a residual.
struct Attention : nd::nn::Module {
  Variable project = parameter("project", numbers({8, 24}, 102, 0.5)),
           merge = parameter("merge", numbers({8, 8}, 103, 0.5));
  Tensor operator()(const Tensor &x, int64_t heads) {
    int64_t batch = x.dim(0), time = x.dim(1), width = 8 / heads;
    auto split = [&](const Tensor &t) {
      return nd::transpose(nd::reshape(t, {batch, time, heads, width}),
                           {0, 2, 1, 3});
    };
    std::vector<Tensor> parts = nd::split(nd::matmul(x, project), 3, -1);
    Tensor scores =
        nd::matmul(split(parts[0]), nd::swapAxes(split(parts[1]), -1, -2)) /
        std::sqrt(double(width));
    Tensor position = nd::arange(time);
    Tensor seen = position <= nd::reshape(position, {time, 1});
    Tensor weights = nd::softmax(nd::where(seen, scores, -1e9), -1);
    Tensor mixed =
        nd::transpose(nd::matmul(weights, split(parts[2])), {0, 2, 1, 3});
    return x + nd::matmul(nd::reshape(mixed, {batch, time, 8}), merge);
  }
};

} // namespace

TEST(Sequences, LstmWithClippedGradients) {
  Losses expected = {0.53739027949053431, 0.41521319312225657,
                     0.40748906731454154, 0.40211945145312522,
                     0.39457834585931445, 0.38428418265556757};
  expectTrajectory(expected, 1e-9, [](Mode mode) {
    Lstm cell;
    Variable out(numbers<double>({6, 2}, 7));
    std::vector<Variable> all = cell.parameters();
    all.push_back(out);
    nd::optim::SGD optimizer(all, {.learningRate = 0.5, .momentum = 0.9});
    auto step = stepIn(mode, [&](const Tensor &xs, const Tensor &ys) {
      Tensor zeros = nd::zeros({4, 6}, nd::float64);
      auto [last, hiddens] = nd::scan(
          [&](const State &state, const Tensor &x) {
            State next = cell(state, x);
            return std::pair(next, next.hidden);
          },
          State{zeros, zeros}, xs);
      Tensor loss = nd::mean(nd::square(nd::matmul(hiddens, out) - ys)) +
                    1e-3 * nd::sum(nd::square(last.cell));
      optimizer.apply(nd::optim::clipByGlobalNorm(nd::grad(loss, all), 0.5));
      return loss;
    });
    Tensor xs = numbers<double>({11, 4, 3}, 8),
           ys = numbers<double>({11, 4, 2}, 9);
    return everyTenth([&](int) { return step(xs, ys).item(); });
  });
}

TEST(Sequences, LoopsInBothDirections) {
  Losses expected = {0.69640946, 0.64947641, 0.51190042,
                     0.32705638, 0.14401215, 0.047610562};
  expectTrajectory(expected, 1e-4, [](Mode mode) {
    Variable in(numbers({3, 5}, 10)), recurrent(numbers({5, 5}, 11, 0.4)),
        gate(numbers({8, 5}, 12)), out(numbers({10, 2}, 13));
    nd::optim::Adam optimizer({in, recurrent, gate, out},
                              {.learningRate = 0.02});
    auto step = stepIn(mode, [&](const Tensor &xs, const Tensor &labels) {
      auto cell = [&](const Tensor &h, const Tensor &x) {
        Tensor keep =
            1 / (1 + nd::exp(-nd::matmul(nd::concat({x, h}, 1), gate)));
        Tensor next =
            keep * h +
            (1 - keep) * nd::tanh(nd::matmul(x, in) + nd::matmul(h, recurrent));
        return std::pair(next, next);
      };
      Tensor zeros = nd::zeros({7, 5});
      Tensor forth = nd::scan(cell, zeros, xs).second;
      Tensor back = nd::scan(cell, zeros, xs, {.reverse = true}).second;
      Tensor mean = nd::mean(nd::concat({forth, back}, 2), {0});
      Tensor loss = nd::nn::crossEntropy(nd::matmul(mean, out), labels);
      optimizer.step(loss);
      return loss;
    });
    Tensor xs = numbers({6, 7, 3}, 14), labels = classes({7}, 2, 3);
    return everyTenth([&](int) { return step(xs, labels).item(); });
  });
}

// The embedding is the last layer as well.
TEST(Sequences, CausalAttentionOverTiedEmbeddings) {
  Losses expected = {2.7892544,  2.0847971,  1.3767934,
                     0.74017078, 0.29809669, 0.149929};
  expectTrajectory(expected, 1e-4, [](Mode mode) {
    Variable tokens(numbers({11, 8}, 100, 0.5)),
        positions(numbers({6, 8}, 101, 0.5));
    Attention attention;
    std::vector<Variable> all = attention.parameters();
    all.push_back(tokens);
    all.push_back(positions);
    nd::optim::Adam optimizer(all, {.learningRate = 0.01});
    auto step = stepIn(mode, [&](const Tensor &ids, const Tensor &next) {
      Tensor x = nd::take(tokens, ids) + positions;
      Tensor logits =
          nd::matmul(attention(attention(x, 2), 4), nd::transpose(tokens));
      Tensor loss = nd::nn::crossEntropy(nd::flatten(logits, 0, 1), next);
      optimizer.step(loss);
      return loss;
    });
    Tensor ids = classes({3, 6}, 11, 4), next = classes({18}, 11, 5);
    return everyTenth([&](int) { return step(ids, next).item(); });
  });
}
