// Shrink.h - a smaller graph that fails in the same way, and files of it.
#pragma once

#include "Check.h"

namespace needle::fuzz {

/// Leaves out results, nodes and arguments, while check() says the same
/// `what`. Tries some hundred graphs.
GeneratedGraph shrink(const GeneratedGraph &failing, const std::string &what);

/// Writes STEM.json and STEM-ARGUMENT.npy, and returns the needle-run command
/// that runs it. Throws Error when a file can't be written.
std::string writeFiles(const GeneratedGraph &generated,
                       const std::string &stem);

} // namespace needle::fuzz
