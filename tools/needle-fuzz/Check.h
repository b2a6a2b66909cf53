// Check.h - everything that is tried with one random graph.
#pragma once

#include "Generator.h"

#include <optional>
#include <string>

namespace needle::fuzz {

/// How a graph failed: `what` is a few words, the same for what is the same
/// failure ("cpu out of bounds"), `why` all that is known.
struct Failure {
  std::string what, why;
};

/// What the checks have seen, for the summary.
struct Tally {
  int64_t graphs = 0, kernelsCompiled = 0;
  /// Floating elements compared, and those whose bound says next to nothing.
  int64_t elements = 0, loose = 0;
  int64_t differences = 0; // that gradients were compared with
  void add(const Tally &other);
};

/// Compiles and runs the graph: JSON and IR round trips; interpreter, cpu and
/// unfused cpu within the bounds; gradients against central differences;
/// donated, shared and copied arguments and any number of threads alike to the
/// last bit.
std::optional<Failure> check(const GeneratedGraph &generated, Tally &tally);

/// What the interpreter gives for the graph's results; none when it fails.
std::optional<std::vector<ArgumentBytes>>
interpret(const GeneratedGraph &generated);

} // namespace needle::fuzz
