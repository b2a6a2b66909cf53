// Timing.h - the timing protocol and the output line of the benchmark set.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace needle::bench {

/// Calls `call`, which is complete when it returns, for `seconds` after a
/// warm-up, as the peers' timing.py does; prints one JSON line. `extra` is
/// asked at the end for more members, with a comma in front.
void measure(const std::string &workload, const std::string &implementation,
             const std::function<void()> &call, double seconds,
             const std::function<std::string()> &extra = nullptr);

/// A program with the arguments [WORKLOAD SECONDS]: prints the names, or calls
/// run(name, seconds). Returns the exit status; `usage` begins with the
/// program's name.
int runWorkloads(const std::string &usage, int argc, char **argv,
                 const std::vector<std::string> &names,
                 const std::function<void(const std::string &, double)> &run);

} // namespace needle::bench
