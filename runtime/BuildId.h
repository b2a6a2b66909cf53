// BuildId.h - which build of needle this is.
#pragma once

#include <string_view>

namespace needle::runtime {

/// Differs between builds whose code generation may differ: a hash of needle's
/// sources, the versions of LLVM and of the compiler, the build type. What one
/// build has compiled and stored, another one does not use.
std::string_view buildId();

} // namespace needle::runtime
