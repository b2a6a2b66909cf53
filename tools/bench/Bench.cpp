// Bench.cpp - needle-bench: the public benchmark set, one workload a process.
//   needle-bench                     the names, one a line
//   needle-bench WORKLOAD SECONDS    one JSON line
//   needle-bench --check [WORKLOAD]  small instances against the interpreter
#include "Workload.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sys/resource.h>

namespace nd = needle;
using namespace needle::bench;

nd::Tensor needle::bench::normal(const Shape &shape, uint64_t seed,
                                 double scale) {
  Tensor drawn = random::normal(Key(seed), shape) * scale;
  realize(drawn);
  return drawn;
}
nd::Tensor needle::bench::labels(const Shape &shape, int64_t count) {
  // A linear congruential generator (MINSTD).
  std::vector<int64_t> values(size_t(shape.elements()));
  uint64_t state = 1;
  for (int64_t &value : values) {
    state = state * 48271 % 2147483647;
    value = int64_t(state % uint64_t(count));
  }
  return fromData<int64_t>(values, shape);
}

namespace {

std::vector<Workload> workloads() {
  std::vector<Workload> all;
  for (auto family : {networkWorkloads, languageWorkloads, functionWorkloads,
                      overheadWorkloads})
    for (Workload &workload : family())
      all.push_back(std::move(workload));
  return all;
}

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// As the peers' timing.py: a warm-up, then blocks of calls.
void measure(const Workload &workload, double seconds) {
  Instance instance = workload.make();
  double start = now();
  instance.call();
  double firstCall = now() - start;
  start = now();
  double warmUntil = start + std::min(1.0, seconds / 3);
  int calls = 0;
  do {
    instance.call();
    ++calls;
  } while (now() < warmUntil || calls < 3);
  double perCall = (now() - start) / calls;
  int block = std::max(1, int(3e-4 / perCall));
  std::vector<double> samples;
  for (double stop = now() + seconds; now() < stop || samples.size() < 5;) {
    double from = now();
    for (int i = 0; i < block; ++i)
      instance.call();
    samples.push_back((now() - from) / block * 1e6);
  }
  std::sort(samples.begin(), samples.end());
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"workload\": \"%s\", \"impl\": \"needle\", \"min_us\": %.3f, "
              "\"median_us\": %.3f, \"samples\": %zu, \"first_call_s\": %.6f, "
              "\"max_rss_mib\": %.1f, \"kernels_compiled\": %d}\n",
              workload.name.c_str(), samples.front(),
              samples[samples.size() / 2], samples.size(), firstCall,
              double(usage.ru_maxrss) / 1024, instance.kernelsCompiled());
}

// Three calls; variables start alike.
std::vector<nd::Tensor> valuesOn(const Workload &workload, nd::Target target) {
  nd::TargetScope scope(target);
  nd::RandomScope seed(0);
  Instance instance = workload.makeSmall();
  for (int i = 0; i < 3; ++i)
    instance.call();
  std::vector<nd::Tensor> values = instance.values();
  nd::realize(values);
  return values;
}

bool check(const Workload &workload) {
  std::vector<nd::Tensor> ours = valuesOn(workload, nd::Target::cpu()),
                          exact = valuesOn(workload, nd::Target("reference"));
  double worst = 0;
  bool isFine = ours.size() == exact.size();
  for (size_t i = 0; isFine && i < ours.size(); ++i) {
    auto a = nd::convert(ours[i], nd::float32).toVector<float>(),
         b = nd::convert(nd::to(exact[i], nd::Target::cpu()), nd::float32)
                 .toVector<float>();
    isFine = a.size() == b.size();
    // Sums round once in bfloat16: to either side of a tie.
    double limit = ours[i].dtype() == nd::bfloat16 ? 0x1p-7 : 1e-4;
    for (size_t j = 0; isFine && j < a.size(); ++j) {
      double error = std::abs(double(a[j]) - double(b[j])) /
                     std::max(1.0, std::abs(double(b[j])));
      worst = std::max(worst, error);
      isFine = error <= limit; // false for NaN, too
    }
  }
  std::printf("%-4s %-16s %zu values, largest error %.1e\n",
              isFine ? "ok" : "FAIL", workload.name.c_str(), ours.size(),
              worst);
  return isFine;
}

int usage() {
  std::fprintf(stderr, "usage: needle-bench [WORKLOAD SECONDS | --check "
                       "[WORKLOAD]]\n");
  return 2;
}

int run(int argc, char **argv) {
  std::vector<Workload> all = workloads();
  if (argc == 1) {
    for (const Workload &workload : all)
      std::puts(workload.name.c_str());
    return 0;
  }
  bool isCheck = !std::strcmp(argv[1], "--check");
  const char *name = isCheck ? (argc > 2 ? argv[2] : nullptr) : argv[1];
  if (argc > 3 || (!isCheck && argc != 3))
    return usage();
  double seconds = isCheck ? 1 : std::atof(argv[2]);
  if (!(seconds > 0))
    return usage();
  bool isKnown = false, isFine = true;
  for (const Workload &workload : all) {
    if (name && workload.name != name)
      continue;
    isKnown = true;
    if (isCheck)
      isFine &= check(workload);
    else
      measure(workload, seconds);
  }
  if (!isKnown) {
    std::fprintf(stderr, "needle-bench: no workload %s\n", name);
    return 1;
  }
  return isFine ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "needle-bench: %s\n", error.what());
    return 1;
  }
}
