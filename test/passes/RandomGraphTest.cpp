// RandomGraphTest.cpp - Simplify and Fuse leave what a function computes.
#include "passes/RandomGraph.h"

#include "needle/passes/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

using namespace needle;
using codegen::reference::HostArray;

namespace {

/// The first op without a location of its own, printed; empty if none.
std::string unlocated(mlir::ModuleOp module) {
  std::string found;
  module->walk([&](mlir::Operation *op) {
    if (!mlir::isa<mlir::UnknownLoc>(op->getLoc()) || !found.empty())
      return;
    llvm::raw_string_ostream stream(found);
    op->print(stream);
  });
  return found;
}

llvm::SmallVector<HostArray> run(mlir::ModuleOp module,
                                 llvm::ArrayRef<HostArray> arguments) {
  llvm::SmallVector<HostArray> results;
  auto function = module.lookupSymbol<mlir::func::FuncOp>("f");
  EXPECT_TRUE(mlir::succeeded(
      codegen::reference::interpret(function, arguments, results)));
  return results;
}

// Numbers are equal, too, when one is -0 and the other 0.
void expectEqual(llvm::ArrayRef<HostArray> a, llvm::ArrayRef<HostArray> b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].shape, b[i].shape);
    for (int64_t j = 0; j < a[i].elements(); ++j)
      ASSERT_EQ(a[i].data<float>()[j], b[i].data<float>()[j])
          << "element " << j << " of result " << i;
  }
}

class RandomGraphs : public testing::TestWithParam<unsigned> {};

TEST_P(RandomGraphs, KeepTheirResults) {
  auto context = test::makeContext();
  std::string text = test::RandomGraph(GetParam()).text(30);
  SCOPED_TRACE(text);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
  ASSERT_TRUE(module);
  auto arguments = test::randomArguments(
      module->lookupSymbol<mlir::func::FuncOp>("f"), GetParam());
  llvm::SmallVector<HostArray> expected = run(*module, arguments);

  for (auto make : {passes::createSimplify, passes::createFuse}) {
    mlir::PassManager manager(context.get());
    manager.enableVerifier();
    manager.addPass(make());
    ASSERT_TRUE(mlir::succeeded(manager.run(*module)));
    std::string printed;
    llvm::raw_string_ostream stream(printed);
    module->print(stream);
    SCOPED_TRACE(printed);
    EXPECT_EQ(unlocated(*module), "");
    expectEqual(run(*module, arguments), expected);
    if (HasFatalFailure())
      return;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphs, testing::Range(0u, 200u));

} // namespace
