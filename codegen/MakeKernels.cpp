// MakeKernels.cpp - run by the build: compiles the kernels that ship with
// needle and writes their archive.
#include "needle/codegen/ShippedKernels.h"
#include "needle/runtime/BlobArchive.h"
#include "needle/runtime/BuildId.h"
#include "needle/runtime/Error.h"

#include <cstdio>

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make-kernels FILE\n");
    return 1;
  }
  std::map<std::string, needle::runtime::BlobCode> blobs;
  std::string error;
  if (mlir::failed(needle::codegen::compileShippedKernels(blobs, error))) {
    std::fprintf(stderr, "make-kernels: %s\n", error.c_str());
    return 1;
  }
  try {
    needle::runtime::writeBlobArchive(argv[1], needle::runtime::buildId(),
                                      blobs);
  } catch (const needle::Error &failure) {
    std::fprintf(stderr, "make-kernels: %s\n", failure.what());
    return 1;
  }
  return 0;
}
