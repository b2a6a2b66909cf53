// Blob.h - functions in the LLVM dialect to machine code that needs no linker.
#pragma once

#include "needle/codegen/TargetInfo.h"
#include "needle/runtime/Blob.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace needle::codegen {

/// What makeBlob needs of the context that holds its module.
void registerBlobTranslation(mlir::DialectRegistry &registry);

/// Machine code of the function `name` of `kernels`, as LowerLoopsToLLVM left
/// it: its entry and all that it calls. Several threads may call it at once
/// when the context is a multithreaded one. Fails with `error` when the code
/// refers to something outside of it, and names that.
mlir::FailureOr<runtime::BlobCode> makeBlob(mlir::ModuleOp kernels,
                                            llvm::StringRef name,
                                            const TargetInfo &target,
                                            std::string &error);

/// Code and constants of an x86-64 ELF object, laid out one after another with
/// all references between them resolved; `entry` is a function of it.
mlir::FailureOr<runtime::BlobCode> flattenObject(llvm::MemoryBufferRef object,
                                                 llvm::StringRef entry,
                                                 std::string &error);

} // namespace needle::codegen
