// Report.h - what the compiler did for a jitted function, and what it costs.
#pragma once

#include "needle/runtime/Error.h"
#include "needle/runtime/Profile.h"
#include "needle/runtime/Program.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace needle {

/// Of one signature. Operators count in the function itself, without bodies.
struct Report : runtime::Report {
  std::string name;
  int calls = 0;
  /// It came from the cache on disk: no kernel was compiled, and compileMs is
  /// the time of reading it. Ops and kernels are those it was compiled from.
  bool fromDisk = false;
  /// Copies between targets that the function records.
  int targetCopies = 0;
  /// Variables updated in fresh memory at the last call, because somebody else
  /// held their old value.
  int copiedVariables = 0;
  int updatedInPlace = 0;
  /// Time per kernel, of the calls that were measured (1, 2, 4, 8, ...).
  std::vector<runtime::Profile::Entry> times;
};
std::ostream &operator<<(std::ostream &os, const Report &report);

/// Why a call had to be compiled, and the line of the call.
struct Miss {
  std::string text;
  Where where;
};
/// "argument 0: [20, 64] instead of [32, 64], inspect.cpp:21".
std::ostream &operator<<(std::ostream &os, const Miss &miss);

} // namespace needle
