// Validate.h - does a Program contradict itself?
#pragma once

#include "needle/runtime/Program.h"

namespace needle::runtime {

/// Throws Error naming the program and what is wrong: numbers of values,
/// kernels and arguments, memory outside of the arena, sizes that differ.
void validate(const Program &program);

} // namespace needle::runtime
