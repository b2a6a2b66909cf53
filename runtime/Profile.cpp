// Profile.cpp - where the time of a program goes.
#include "needle/runtime/Profile.h"

#include <algorithm>
#include <cstdio>

namespace needle::runtime {

void Profile::add(std::string_view name, int64_t nanoseconds) {
  auto [it, isNew] = numbers.try_emplace(std::string(name), list.size());
  if (isNew)
    list.push_back({it->first});
  Entry &entry = list[it->second];
  ++entry.calls;
  entry.nanoseconds += nanoseconds;
}

int64_t Profile::totalNanoseconds() const {
  int64_t total = 0;
  for (const Entry &entry : list)
    total += entry.nanoseconds;
  return total;
}

static std::string row(int64_t calls, int64_t nanoseconds, int64_t total,
                       const std::string &name) {
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, "%8lld %10.3f %10.2f %6.1f  ",
                static_cast<long long>(calls), double(nanoseconds) / 1e6,
                calls ? double(nanoseconds) / 1e3 / double(calls) : 0.0,
                total ? 100.0 * double(nanoseconds) / double(total) : 0.0);
  return numbers + name + "\n";
}

std::string Profile::table() const {
  std::vector<Entry> sorted = list;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Entry &a, const Entry &b) {
                     return a.nanoseconds > b.nanoseconds;
                   });
  int64_t total = totalNanoseconds(), calls = 0;
  std::string text = "   calls         ms    us/call      %  kernel\n";
  for (const Entry &entry : sorted) {
    calls += entry.calls;
    text += row(entry.calls, entry.nanoseconds, total, entry.name);
  }
  return text + row(calls, total, total, "all");
}

} // namespace needle::runtime
