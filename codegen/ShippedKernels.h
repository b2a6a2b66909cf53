// ShippedKernels.h - kernels that are compiled when needle is built.
#pragma once

#include "needle/codegen/KernelCache.h"

#include "mlir/Support/LLVM.h"

#include <map>
#include <string>

namespace needle::codegen {

/// The functions of contractions: costly to compile, and few, since they are
/// free of shapes and of epilogues. For every instruction set, by cache key.
mlir::LogicalResult
compileShippedKernels(std::map<std::string, runtime::BlobCode> &blobs,
                      std::string &error);

} // namespace needle::codegen
