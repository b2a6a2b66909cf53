// DiskPrograms.h - compiled programs in the cache on disk.
#pragma once

#include "needle/frontend/Compile.h"
#include "needle/runtime/DiskCache.h"

#include <optional>
#include <string>

namespace needle::detail {

/// What a graph's program is kept under; nothing for graphs whose programs
/// can't be kept, or that can't be compiled here at all.
std::optional<std::string> diskKey(const Graph &graph);

/// The program that was kept, ready to run, without opening the compiler. Its
/// report is that of its compiling, with no kernels compiled and the time it
/// took to read.
std::optional<Compiled> findOnDisk(runtime::DiskCache &cache,
                                   const std::string &key);

/// Keeps it, unless it works for this process alone.
void keepOnDisk(runtime::DiskCache &cache, const std::string &key,
                const codegen::CompileResult &result);

} // namespace needle::detail
