// probe.cpp - one process that trains a little; says what came from where.
// `probe [HIDDEN [BATCH]]`: a network 784-HIDDEN-HIDDEN-10 on batches of 128,
// then on batches of BATCH.
#include <needle/needle.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <link.h>

namespace nd = needle;

static bool isLoaded(const char *name) {
  auto find = [](dl_phdr_info *info, size_t, void *what) {
    return std::strstr(info->dlpi_name, static_cast<const char *>(what)) ? 1
                                                                         : 0;
  };
  return dl_iterate_phdr(find, const_cast<char *>(name)) != 0;
}

struct Mlp : nd::nn::Module {
  explicit Mlp(int64_t size) : size(size) {}
  int64_t size;
  nd::nn::Linear &first = child("first", nd::nn::Linear(784, size));
  nd::nn::Linear &second = child("second", nd::nn::Linear(size, size));
  nd::nn::Linear &last = child("last", nd::nn::Linear(size, 10));
  nd::Tensor operator()(const nd::Tensor &x) {
    return last(nd::relu(second(nd::relu(first(x)))));
  }
};

int main(int argc, char **argv) {
  int64_t hidden = argc > 1 ? std::atoi(argv[1]) : 16;
  int64_t batch = argc > 2 ? std::atoi(argv[2]) : 0;
  nd::RandomScope seed(0);
  Mlp model(hidden);
  nd::optim::SGD optimizer(model.parameters(),
                           {.learningRate = 0.1, .momentum = 0.9});
  auto step = nd::jit([&](const nd::Tensor &x, const nd::Tensor &labels) {
    nd::Tensor loss = nd::nn::crossEntropy(model(x), labels);
    optimizer.step(loss);
    return loss;
  });
  nd::Tensor x = nd::rand({128, 784}),
             labels = nd::convert(nd::rand({128}) * 10, nd::int64);
  nd::realize({x, labels});
  for (const nd::Variable &parameter : model.parameters())
    nd::realize({parameter});
  auto start = std::chrono::steady_clock::now();
  float loss = step(x, labels).item<float>();
  std::chrono::duration<double, std::milli> first =
      std::chrono::steady_clock::now() - start;
  bool isLlvmLoaded = isLoaded("libLLVM") || isLoaded("libMLIR") ||
                      isLoaded("libneedle-compiler");
  nd::Report report = step.report();
  std::printf("first call %.2f ms\nfrom disk %d\nkernels compiled %d\n"
              "kernels %d\nops %d\nprepared %d\nreading or compiling %.2f ms\n"
              "llvm loaded %d\nloss %a",
              first.count(), report.fromDisk, report.kernelsCompiled,
              report.kernels, report.tracedOps, step.compiles(),
              report.compileMs, isLlvmLoaded, double(loss));
  for (int call = 1; call < 3; ++call)
    std::printf(" %a", double(step(x, labels).item<float>()));
  std::printf("\nir %d\n",
              step.ir("fuse").find("needle.kernel") != std::string::npos);
  if (batch == 0)
    return 0;
  step(nd::slice(x, {0, 0}, {batch, 784}), nd::slice(labels, {0}, {batch}));
  std::printf("second from disk %d\nsecond kernels compiled %d\n",
              step.report().fromDisk, step.report().kernelsCompiled);
}
