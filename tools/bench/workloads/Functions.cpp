// Functions.cpp - single functions: chains, rows, contractions.
#include "../Workload.h"

namespace needle::bench {

namespace {

/// Makes an instance of the sizes that shapes give.
using Make = std::function<Instance(const std::vector<int64_t> &)>;
Workload workload(std::string name, Make make, std::vector<int64_t> sizes,
                  std::vector<int64_t> small) {
  return {std::move(name), [=] { return make(sizes); },
          [=] { return make(small); }};
}

Instance chain(const std::vector<int64_t> &s) {
  auto function = [](const Tensor &from, const Tensor &y) {
    Tensor x = from;
    for (int i = 0; i < 4; ++i)
      x = tanh(x * y + 0.5) - y * 0.25;
    return x;
  };
  return instanceOf(function, {}, nullptr, normal({s[0], s[1]}, 1),
                    normal({s[0], s[1]}, 2));
}

Instance geluResidual(const std::vector<int64_t> &s) {
  auto function = [](const Tensor &x, const Tensor &residual,
                     const Tensor &bias) {
    return gelu(x + bias, {.approximate = true}) + residual;
  };
  return instanceOf(function, {}, nullptr, normal({s[0], s[1]}, 1),
                    normal({s[0], s[1]}, 2), normal({s[1]}, 3));
}

Tensor softmaxOf(const Tensor &x) { return softmax(x, -1); }

Instance softmaxForward(const std::vector<int64_t> &s) {
  return instanceOf([](const Tensor &x) { return softmaxOf(x); }, {}, nullptr,
                    normal({s[0], s[1]}, 1));
}
Instance softmaxBoth(const std::vector<int64_t> &s) {
  auto function = [](const Tensor &x, const Tensor &g) {
    Tensor value = sum(softmaxOf(x) * g);
    return std::vector<Tensor>{value, grad(value, x)};
  };
  return instanceOf(function, {}, nullptr, normal({s[0], s[1]}, 1),
                    normal({s[0], s[1]}, 2));
}

Tensor layerNorm(const Tensor &x, const Tensor &weight, const Tensor &bias) {
  Tensor centred = x - mean(x, -1, true);
  Tensor variance = mean(square(centred), -1, true);
  return centred * rsqrt(variance + 1e-5) * weight + bias;
}
Instance layerNormForward(const std::vector<int64_t> &s) {
  return instanceOf(layerNorm, {}, nullptr, normal({s[0], s[1]}, 1),
                    ones({s[1]}), zeros({s[1]}));
}
Instance layerNormBoth(const std::vector<int64_t> &s) {
  auto function = [](const Tensor &x, const Tensor &weight, const Tensor &bias,
                     const Tensor &g) {
    Tensor value = sum(layerNorm(x, weight, bias) * g);
    std::vector<Tensor> results =
        grad(value, std::vector<Tensor>{x, weight, bias});
    results.push_back(value);
    return results;
  };
  return instanceOf(function, {}, nullptr, normal({s[0], s[1]}, 1),
                    ones({s[1]}), zeros({s[1]}), normal({s[0], s[1]}, 2));
}

// m, n, k
Instance product(const std::vector<int64_t> &s) {
  return instanceOf(
      [](const Tensor &a, const Tensor &b) { return matmul(a, b); }, {},
      nullptr, normal({s[0], s[2]}, 1), normal({s[2], s[1]}, 2));
}
Instance productInBfloat16(const std::vector<int64_t> &s) {
  return instanceOf(
      [](const Tensor &a, const Tensor &b) { return matmul(a, b); }, {},
      nullptr, convert(normal({s[0], s[2]}, 1), bfloat16),
      convert(normal({s[2], s[1]}, 2), bfloat16));
}
Instance productByTransposed(const std::vector<int64_t> &s) {
  return instanceOf(
      [](const Tensor &a, const Tensor &b) { return matmul(a, transpose(b)); },
      {}, nullptr, normal({s[0], s[2]}, 1), normal({s[1], s[2]}, 2));
}

} // namespace

std::vector<Workload> functionWorkloads() {
  std::vector<int64_t> rows = {8192, 768}, few = {13, 19}, small = {17, 19, 23};
  return {
      workload("chain_large", chain, {4096, 4096}, few),
      workload("chain_small", chain, {256, 1024}, few),
      workload("gelu_residual", geluResidual, {4096, 3072}, few),
      workload("softmax", softmaxForward, rows, few),
      workload("softmax_fb", softmaxBoth, rows, few),
      workload("softmax_small", softmaxForward, {128, 10}, few),
      workload("layernorm", layerNormForward, rows, few),
      workload("layernorm_fb", layerNormBoth, rows, few),
      workload("gemm_512", product, {512, 512, 512}, small),
      workload("gemm_1024", product, {1024, 1024, 1024}, small),
      workload("gemm_2048", product, {2048, 2048, 2048}, small),
      workload("gemm_mlp_nn", product, {128, 512, 784}, small),
      workload("gemm_mlp_nt", productByTransposed, {128, 784, 512}, small),
      workload("gemm_ffn", product, {512, 3072, 768}, small),
      workload("gemm_bf16_1024", productInBfloat16, {1024, 1024, 1024}, small),
      workload("gemv", product, {1, 3072, 768}, {1, 19, 23})};
}

} // namespace needle::bench
