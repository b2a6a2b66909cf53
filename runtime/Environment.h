// Environment.h - the NEEDLE_* variables, each read once, at its first use.
// An unusable value is an Error naming variable, value and what was wanted.
#pragma once

#include <cstdint>
#include <string>

namespace needle::environment {

/// NEEDLE_BACKEND: the default target's name; empty: not set. Target checks it.
const std::string &backend();
/// NEEDLE_LAZY_MODE: 0 or 1 (the default).
bool lazyMode();
/// NEEDLE_THREADS: 1 to 1024; the default is the cores this process may use.
int threads();
/// NEEDLE_CPU: "avx512", "avx2", "sse2"; empty: the best this CPU has.
const std::string &cpu();
/// NEEDLE_SEED: 0 (the default) to 2^64 - 1.
uint64_t seed();
/// NEEDLE_DUMP: a folder; empty: no dumps.
const std::string &dumpFolder();
/// NEEDLE_LOG: off, warning (the default), info, debug; see Log.h.
enum class LogLevel : uint8_t { off, warning, info, debug };
LogLevel logLevel();
/// NEEDLE_CACHE: a folder, or "off"; empty: not set.
const std::string &cache();
/// NEEDLE_QUEUE: "immediate" (the default) or "deferred", for tests: work runs
/// when somebody waits for it.
bool deferredQueue();
/// NEEDLE_COMPILER: path of libneedle-compiler; empty: next to libneedle.
const std::string &compilerPath();

/// Cores in this process's affinity mask; at least 1.
int availableCores();

} // namespace needle::environment
