// Networks.cpp - whole training steps of perceptrons.
#include "../Workload.h"

namespace needle::bench {

namespace {

struct Perceptron : nn::Module {
  explicit Perceptron(const std::vector<int64_t> &sizes) {
    for (size_t i = 0; i + 1 < sizes.size(); ++i)
      layers.push_back(
          &child<nn::Linear>(std::to_string(i), sizes[i], sizes[i + 1]));
  }
  Tensor operator()(Tensor x) {
    for (size_t i = 0; i < layers.size(); ++i)
      x = i + 1 < layers.size() ? relu((*layers[i])(x)) : (*layers[i])(x);
    return x;
  }
  std::vector<nn::Linear *> layers;
};

// Forward, cross-entropy, backward, SGD with momentum.
Instance perceptron(const std::vector<int64_t> &sizes, int64_t batch) {
  struct Training {
    explicit Training(const std::vector<int64_t> &sizes)
        : model(sizes), optimizer(model.parameters(),
                                  {.learningRate = 0.01, .momentum = 0.9}) {}
    Perceptron model;
    optim::SGD optimizer;
  };
  auto training = std::make_shared<Training>(sizes);
  Training *t = training.get();
  auto step = [t](const Tensor &x, const Tensor &y) {
    Tensor loss = nn::crossEntropy(t->model(x), y);
    t->optimizer.step(loss);
    return loss;
  };
  return instanceOf(step, t->model.parameters(), training,
                    normal({batch, sizes.front()}, 1),
                    labels({batch}, sizes.back()));
}

Workload workload(std::string name, std::vector<int64_t> sizes, int64_t batch) {
  std::vector<int64_t> small(sizes.size(), 17);
  small.back() = 10;
  return {std::move(name), [=] { return perceptron(sizes, batch); },
          [=] { return perceptron(small, 19); }};
}

} // namespace

std::vector<Workload> networkWorkloads() {
  return {workload("mlp", {784, 512, 512, 10}, 128),
          workload("mlp_demo", {784, 256, 128, 10}, 128),
          workload("mlp_tiny", {784, 100, 10}, 32)};
}

} // namespace needle::bench
