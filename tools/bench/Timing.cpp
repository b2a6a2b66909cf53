// Timing.cpp - blocks of calls, their least and their median.
#include "Timing.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void needle::bench::measure(const std::string &workload,
                            const std::string &implementation,
                            const std::function<void()> &call, double seconds,
                            const std::function<std::string()> &extra) {
  double start = now();
  call();
  double firstCall = now() - start;
  start = now();
  double warmUntil = start + std::min(1.0, seconds / 3);
  int calls = 0;
  do {
    call();
    ++calls;
  } while (now() < warmUntil || calls < 3);
  double perCall = (now() - start) / calls;
  int block = std::max(1, int(3e-4 / perCall));
  std::vector<double> samples;
  for (double stop = now() + seconds; now() < stop || samples.size() < 5;) {
    double from = now();
    for (int i = 0; i < block; ++i)
      call();
    samples.push_back((now() - from) / block * 1e6);
  }
  std::sort(samples.begin(), samples.end());
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"workload\": \"%s\", \"impl\": \"%s\", \"min_us\": %.3f, "
              "\"median_us\": %.3f, \"samples\": %zu, \"first_call_s\": %.6f, "
              "\"max_rss_mib\": %.1f%s}\n",
              workload.c_str(), implementation.c_str(), samples.front(),
              samples[samples.size() / 2], samples.size(), firstCall,
              double(usage.ru_maxrss) / 1024, extra ? extra().c_str() : "");
}

int needle::bench::runWorkloads(
    const std::string &usage, int argc, char **argv,
    const std::vector<std::string> &names,
    const std::function<void(const std::string &, double)> &run) {
  if (argc == 1) {
    for (const std::string &name : names)
      std::puts(name.c_str());
    return 0;
  }
  double seconds = argc == 3 ? std::atof(argv[2]) : 0;
  if (!(seconds > 0)) {
    std::fprintf(stderr, "usage: %s\n", usage.c_str());
    return 2;
  }
  if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
    std::fprintf(stderr, "no workload %s; usage: %s\n", argv[1], usage.c_str());
    return 1;
  }
  run(argv[1], seconds);
  return 0;
}
