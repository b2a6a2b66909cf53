// OneDnn.cpp - bench-onednn: oneDNN's matmul on the contractions of the set.
//   bench-onednn                     the names, one a line
//   bench-onednn WORKLOAD SECONDS    one JSON line
// Operands and results are plain row-major matrices, as needle's are; what
// oneDNN packs, it packs in the call.
#include "Timing.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <cstdio>
#include <map>
#include <random>

namespace {

using dnnl::memory;
using Tag = memory::format_tag;

struct Product {
  int64_t m, n, k;
  bool transposed = false; // B is stored as [n, k]
  bool isBfloat16 = false;
};

const std::map<std::string, Product> products = {
    {"gemm_512", {512, 512, 512}},
    {"gemm_1024", {1024, 1024, 1024}},
    {"gemm_2048", {2048, 2048, 2048}},
    {"gemm_mlp_nn", {128, 512, 784}},
    {"gemm_mlp_nt", {128, 784, 512, true}},
    {"gemm_ffn", {512, 3072, 768}},
    {"gemm_bf16_1024", {1024, 1024, 1024, false, true}},
    {"gemv", {1, 3072, 768}},
};

/// A matrix of standard normal numbers in `type`.
memory matrix(const dnnl::engine &engine, dnnl::stream &stream, int64_t rows,
              int64_t columns, memory::data_type type, Tag tag, unsigned seed) {
  memory::dims dims = {rows, columns};
  memory values({dims, memory::data_type::f32, tag}, engine);
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  float *data = static_cast<float *>(values.get_data_handle());
  for (int64_t i = 0; i < rows * columns; ++i)
    data[i] = normal(generator);
  if (type == memory::data_type::f32)
    return values;
  memory converted({dims, type, tag}, engine);
  dnnl::reorder(values, converted).execute(stream, values, converted);
  stream.wait();
  return converted;
}

void run(const std::string &name, double seconds) {
  const Product &p = products.at(name);
  auto type = p.isBfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  memory a = matrix(engine, stream, p.m, p.k, type, Tag::ab, 1);
  memory b = matrix(engine, stream, p.k, p.n, type,
                    p.transposed ? Tag::ba : Tag::ab, 2);
  memory c({{p.m, p.n}, type, Tag::ab}, engine);
  dnnl::matmul product(dnnl::matmul::primitive_desc(
      dnnl::matmul::desc(a.get_desc(), b.get_desc(), c.get_desc()), engine));
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}};
  needle::bench::measure(
      name, "onednn",
      [&] {
        product.execute(stream, arguments);
        stream.wait();
      },
      seconds);
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> names;
  for (const auto &[name, product] : products)
    names.push_back(name);
  try {
    return needle::bench::runWorkloads("bench-onednn [WORKLOAD SECONDS]", argc,
                                       argv, names, run);
  } catch (const dnnl::error &error) {
    std::fprintf(stderr, "bench-onednn: %s\n", error.what());
    return 1;
  }
}
