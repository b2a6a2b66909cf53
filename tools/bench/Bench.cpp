// Bench.cpp - needle-bench: the public benchmark set, one workload a process.
//   needle-bench                     the names, one a line
//   needle-bench WORKLOAD SECONDS    one JSON line
//   needle-bench --check [WORKLOAD]  small instances against the interpreter
//   needle-bench --soak WORKLOAD CALLS   resident memory over many calls, and
//                                        the report with time per kernel
#include "Timing.h"
#include "Workload.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <unistd.h>

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

int checkAll(const char *name) {
  bool isKnown = false, isFine = true;
  for (const Workload &workload : workloads()) {
    if (name && workload.name != name)
      continue;
    isKnown = true;
    isFine &= check(workload);
  }
  if (!isKnown)
    std::fprintf(stderr, "needle-bench: no workload %s\n", name);
  return isKnown && isFine ? 0 : 1;
}

void run(const Workload &workload, double seconds) {
  Instance instance = workload.make();
  measure(workload.name, "needle", instance.call, seconds, [&] {
    return ", \"kernels_compiled\": " +
           std::to_string(instance.report().kernelsCompiled);
  });
}

double residentMiB() {
  long pages = 0, resident = 0;
  if (FILE *file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2)
      resident = 0;
    std::fclose(file);
  }
  return double(resident) * double(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// A line for every tenth of the calls.
int soak(const Workload &workload, long calls) {
  Instance instance = workload.make();
  for (long i = 0; i <= calls; ++i) {
    if (i % std::max(calls / 10, 1l) == 0) {
      std::printf("%9ld calls  %.2f MiB resident\n", i, residentMiB());
      std::fflush(stdout);
    }
    instance.call();
  }
  std::cout << instance.report();
  return 0;
}

int run(int argc, char **argv) {
  if (argc == 4 && !std::strcmp(argv[1], "--soak") && std::atol(argv[3]) > 0)
    for (const Workload &workload : workloads())
      if (workload.name == argv[2])
        return soak(workload, std::atol(argv[3]));
  if (argc > 1 && argc < 4 && !std::strcmp(argv[1], "--check"))
    return checkAll(argc == 3 ? argv[2] : nullptr);
  std::vector<std::string> names;
  std::map<std::string, Workload> byName;
  for (Workload &workload : workloads()) {
    names.push_back(workload.name);
    byName[workload.name] = std::move(workload);
  }
  return runWorkloads("needle-bench [WORKLOAD SECONDS | --check [WORKLOAD] | "
                      "--soak WORKLOAD CALLS]",
                      argc, argv, names,
                      [&](const std::string &name, double seconds) {
                        run(byName[name], seconds);
                      });
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
