// Report.cpp - reports as tables.
#include "needle/frontend/Report.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace needle {

static std::string row(const char *label, const std::string &value) {
  char text[96];
  std::snprintf(text, sizeof text, "%-28s %s\n", label, value.c_str());
  return text;
}
static std::string bytes(int64_t count) {
  char text[32];
  if (count < 1 << 20)
    std::snprintf(text, sizeof text, "%.1f KiB", double(count) / (1 << 10));
  else
    std::snprintf(text, sizeof text, "%.1f MiB", double(count) / (1 << 20));
  return text;
}

// The longest stages first.
static std::string longest(std::vector<std::pair<std::string, double>> stages) {
  std::ranges::sort(stages, std::ranges::greater(),
                    &std::pair<std::string, double>::second);
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(stages.size(), 3); ++i) {
    char time[32];
    std::snprintf(time, sizeof time, " %.1f ms", stages[i].second);
    text += (i ? ", " : "") + stages[i].first + time;
  }
  return text;
}

std::ostream &operator<<(std::ostream &os, const Report &report) {
  char compile[32];
  std::snprintf(compile, sizeof compile, "%.1f ms", report.compileMs);
  os << row(report.name.c_str(), std::to_string(report.calls) + " calls")
     << row("ops traced", std::to_string(report.tracedOps))
     << row("ops after autodiff", std::to_string(report.opsAfterAutodiff))
     << row("kernels", std::to_string(report.kernels) + ", " +
                           std::to_string(report.kernelsCompiled) +
                           " of them compiled here")
     << row(report.fromDisk ? "read from the disk in" : "compile time",
            compile);
  if (!report.stageMs.empty())
    os << row("  most of it", longest(report.stageMs));
  os << row("arena", bytes(report.arenaBytes) + " of " +
                         bytes(report.sumOfIntermediateBytes) +
                         " of intermediates")
     << row("copies between targets", std::to_string(report.targetCopies))
     << row("variables updated",
            std::to_string(report.updatedInPlace) + " in place, " +
                std::to_string(report.copiedVariables) + " by copy");
  if (report.times.empty())
    return os;
  auto times = report.times;
  std::ranges::sort(times, std::ranges::greater(),
                    &runtime::Profile::Entry::nanoseconds);
  os << "   us per call  kernel\n";
  for (const runtime::Profile::Entry &entry : times) {
    char line[32];
    std::snprintf(line, sizeof line, "%14.1f  ",
                  double(entry.nanoseconds) / 1e3 /
                      double(std::max<int64_t>(1, entry.calls)));
    os << line << entry.name << '\n';
  }
  return os;
}

} // namespace needle
