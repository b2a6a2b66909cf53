// ship.cpp - `ship FILE [DATA]`: trains a classifier of digits and saves the
// training step. `deploy FILE` goes on with it, without a compiler.
#include <needle/needle.h>

#include <cstdio>
#include <exception>
#include <string>
#include <tuple>

namespace nd = needle;

struct Classifier : nd::nn::Module {
  nd::nn::Linear &hidden = child("hidden", nd::nn::Linear(784, 64));
  nd::nn::Linear &out = child("out", nd::nn::Linear(64, 10));

  nd::Tensor operator()(const nd::Tensor &x) {
    return out(nd::relu(hidden(x)));
  }
};

static void run(const std::string &file, const std::string &data) {
  nd::RandomScope seed(0);
  nd::data::Mnist train(data, nd::data::Split::train);
  nd::data::DataLoader loader(
      train, {.batchSize = 10, .shuffle = true, .dropLast = true});

  Classifier model;
  nd::optim::SGD optimizer(model.parameters(),
                           {.learningRate = 0.02, .momentum = 0.9});
  auto step = nd::jit(
      [&](const nd::Tensor &images, const nd::Tensor &labels) {
        nd::Tensor logits = model(images);
        nd::Tensor loss = nd::nn::crossEntropy(logits, labels);
        optimizer.step(loss);
        return std::tuple(loss, nd::argmax(logits, 1));
      },
      {.name = "train"});

  for (int epoch = 1; epoch <= 2; ++epoch) {
    double total = 0;
    int batches = 0;
    for (const auto &[images, labels] : loader) {
      total += std::get<0>(step(images, labels)).item();
      ++batches;
    }
    std::printf("epoch %d: loss %.4f\n", epoch, total / batches);
  }
  // What was compiled for batches of 10, and the variables as they are now.
  step.save(file, {.inputs = {"images", "labels"},
                   .results = {"loss", "recognised"}});
  std::printf("saved to %s\n", file.c_str());
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    std::fputs("usage: ship FILE [DATA]\n"
               "  FILE  what the trained step is saved to\n"
               "  DATA  MNIST in IDX format (test/data/mnist)\n",
               stderr);
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? argv[2] : "test/data/mnist");
  } catch (const std::exception &error) {
    std::fprintf(stderr, "ship: %s\n", error.what());
    return 1;
  }
}
