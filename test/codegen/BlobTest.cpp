// BlobTest.cpp - hand-written functions of @kernels to machine code, and run.
#include "needle/codegen/cpu/Blob.h"
#include "needle/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"

#include <gtest/gtest.h>

#include <thread>

using namespace mlir;
using namespace needle;
using namespace needle::codegen;

namespace {

/// Parses the functions of a @kernels module and lowers them.
struct Kernels {
  explicit Kernels(const std::string &functions) {
    DialectRegistry registry;
    registry.insert<func::FuncDialect, scf::SCFDialect, vector::VectorDialect,
                    memref::MemRefDialect, arith::ArithDialect>();
    registerBlobTranslation(registry);
    context = std::make_unique<MLIRContext>(registry);
    module = parseSourceString<ModuleOp>(
        "module { module @kernels {" + functions + "} }", context.get());
    if (!module)
      return;
    PassManager passes(context.get());
    passes.addPass(createLowerLoopsToLLVM());
    if (succeeded(passes.run(*module)))
      kernels = *module->getOps<ModuleOp>().begin();
  }

  FailureOr<runtime::BlobCode> blob(const std::string &name, const char *isa,
                                    int64_t vectorBytes) {
    TargetInfo target;
    target.isa = isa;
    target.vectorBytes = vectorBytes;
    return makeBlob(kernels, name, target, error);
  }

  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> module;
  ModuleOp kernels;
  std::string error;
};

// scale(x, y, n, factor is a helper): y[tile * 4 + i] = 2 x[...] + 1, i < n.
const char *const scale = R"mlir(
  func.func @scale(%x: memref<1048576xf32>, %y: memref<1048576xf32>,
                   %n: index, %tile: index, %scratch: memref<1048576xf32>)
      attributes {needle.key = "scale"} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %base = arith.muli %tile, %c4 : index
    scf.for %i = %c0 to %n step %c4 {
      %at = arith.addi %base, %i : index
      %v = vector.load %x[%at] : memref<1048576xf32>, vector<4xf32>
      %w = func.call @scale_line(%v) : (vector<4xf32>) -> vector<4xf32>
      vector.store %w, %y[%at] : memref<1048576xf32>, vector<4xf32>
    }
    %v0 = memref.load %y[%base] : memref<1048576xf32>
    memref.store %v0, %scratch[%c0] : memref<1048576xf32>
    return
  }
  func.func private @scale_line(%v: vector<4xf32>) -> vector<4xf32> {
    %two = arith.constant dense<2.0> : vector<4xf32>
    %one = arith.constant dense<[1.0, 1.5, 1.25, 1.0]> : vector<4xf32>
    %r = vector.fma %v, %two, %one : vector<4xf32>
    return %r : vector<4xf32>
  })mlir";

TEST(Blob, RunsWithoutALinker) {
  for (auto [isa, bytes] : {std::pair("sse2", 16), std::pair("avx2", 32),
                            std::pair("avx512", 64)}) {
    if (!__builtin_cpu_supports("avx512vl") && bytes == 64)
      continue;
    if (!__builtin_cpu_supports("avx2") && bytes == 32)
      continue;
    Kernels kernels(scale);
    ASSERT_TRUE(kernels.kernels);
    FailureOr<runtime::BlobCode> code = kernels.blob("scale", isa, bytes);
    ASSERT_TRUE(succeeded(code)) << kernels.error;
    auto blob = runtime::Blob::load(*code);
    float x[8] = {9, 9, 9, 9, 1, 2, 3, 4}, y[8] = {}, scratch[1] = {};
    void *buffers[] = {x, y};
    int64_t scalars[] = {4};
    blob->entry()(buffers, scalars, /*tile=*/1, scratch);
    EXPECT_EQ(std::vector<float>(y, y + 8),
              (std::vector<float>{0, 0, 0, 0, 3, 5.5, 7.25, 9}));
    EXPECT_EQ(scratch[0], 3);
  }
}

TEST(Blob, NamesTheSymbolItLacks) {
  Kernels kernels(R"mlir(
    func.func private @elsewhere(index)
    func.func @caller(%n: index, %tile: index, %scratch: memref<64xf32>) {
      func.call @elsewhere(%n) : (index) -> ()
      return
    })mlir");
  ASSERT_TRUE(kernels.kernels);
  EXPECT_TRUE(failed(kernels.blob("caller", "sse2", 16)));
  EXPECT_EQ(kernels.error,
            "the code refers to 'elsewhere', which is not part of it");
}

TEST(Blob, IsMadeByManyThreadsAtOnce) {
  std::string functions;
  for (int i = 0; i < 8; ++i) {
    std::string text = scale, name = "scale" + std::to_string(i);
    for (size_t at = 0; (at = text.find("@scale", at)) != std::string::npos;
         at += name.size())
      text.replace(at + 1, 5, name);
    functions += text;
  }
  Kernels kernels(functions);
  ASSERT_TRUE(kernels.kernels);
  std::vector<runtime::BlobCode> codes(8);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      TargetInfo target;
      target.isa = "sse2";
      target.vectorBytes = 16;
      std::string error;
      auto code =
          makeBlob(kernels.kernels, "scale" + std::to_string(i), target, error);
      if (succeeded(code))
        codes[i] = std::move(*code);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const runtime::BlobCode &code : codes)
    EXPECT_EQ(code.bytes, codes[0].bytes);
  EXPECT_FALSE(codes[0].bytes.empty());
}

} // namespace
