// Profile.h - where the time of a program goes, kernel by kernel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace needle::runtime {

/// Times of commands by name, over any number of runs. One thread at a time.
class Profile {
public:
  struct Entry {
    std::string name;
    int64_t calls = 0;
    int64_t nanoseconds = 0;
  };

  void add(std::string_view name, int64_t nanoseconds);
  /// In the order in which they first ran.
  const std::vector<Entry> &entries() const { return list; }
  int64_t totalNanoseconds() const;
  /// A table, the longest time first: calls, total ms, us per call, share,
  /// name. Ends with a line for the sum.
  std::string table() const;

private:
  std::vector<Entry> list;
  std::unordered_map<std::string, size_t> numbers;
};

} // namespace needle::runtime
