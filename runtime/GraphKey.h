// GraphKey.h - all that decides what a graph is compiled to, as bytes.
#pragma once

#include "needle/runtime/Graph.h"

#include <string>

namespace needle::runtime {

/// Equal bytes are the same Program, also in another process: the graph with
/// its names and places (profiles and errors show them), this build of needle,
/// the instruction set and the sizes of caches. `compiler` says which compiler
/// it is when it isn't the build's own. Throws TargetError when NEEDLE_CPU
/// names what this CPU lacks.
std::string programKey(const Graph &graph, const std::string &compiler);

} // namespace needle::runtime
