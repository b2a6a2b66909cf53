// VerifyEachTest.cpp - the pass that changes numbers is named, others are not.
#include "Modules.h"

#include "numerics/VerifyEach.h"

#include "needle/codegen/Pipeline.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/ir/Ops.h"

#include "mlir/Pass/Pass.h"

using namespace needle;
using namespace needle::test;

namespace {

constexpr const char *network = R"(
func.func @f(%x: tensor<5x3xf32>, %w: tensor<3x4xf32>) -> (tensor<5x4xf32>, tensor<3x4xf32>) {
  %p = needle.pin %w : tensor<3x4xf32>
  %0 = needle.matmul %x, %p : tensor<5x3xf32>, tensor<3x4xf32>
  %1 = needle.tanh %0 : tensor<5x4xf32>
  %2 = needle.add %1, %0 : tensor<5x4xf32>
  %3 = needle.softmax %2 {axis = 1 : i64} : tensor<5x4xf32>
  %4 = needle.gradient(%3, %2, %p) {has_cotangent = true}
      : (tensor<5x4xf32>, tensor<5x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %3, %4 : tensor<5x4xf32>, tensor<3x4xf32>
})";

/// Makes every sum a difference.
struct SumsAreDifferences
    : mlir::PassWrapper<SumsAreDifferences,
                        mlir::OperationPass<mlir::func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SumsAreDifferences)
  llvm::StringRef getArgument() const override { return "planted-mistake"; }
  void runOnOperation() override {
    getOperation().walk([](ir::AddOp op) {
      mlir::OpBuilder b(op);
      op.replaceAllUsesWith(
          ir::SubOp::create(b, op.getLoc(), op.getLhs(), op.getRhs())
              .getResult());
    });
  }
};

/// Runs the stages up to plan-memory, with a mistake after one of them.
mlir::LogicalResult run(Parsed &parsed, std::string_view mistakeAfter) {
  std::string error;
  auto target = codegen::TargetInfo::host("cpu", error);
  (*parsed.module)
      ->setAttr("needle.target", target->attribute(parsed.context.get()));
  mlir::PassManager passes(parsed.context.get());
  for (const codegen::Stage &stage : codegen::stages()) {
    stage.addPasses(passes);
    if (stage.name == mistakeAfter)
      passes.addNestedPass<mlir::func::FuncOp>(
          std::make_unique<SumsAreDifferences>());
  }
  numerics::verifyEachNumerics(passes, 1);
  return passes.run(*parsed.module);
}

TEST(VerifyEach, OurPassesKeepTheNumbers) {
  Parsed parsed(network);
  EXPECT_TRUE(mlir::succeeded(run(parsed, ""))) << parsed.said.text;
}

TEST(VerifyEach, TheMistakenPassIsNamed) {
  for (const char *after : {"autodiff", "simplify"}) {
    Parsed parsed(network);
    EXPECT_TRUE(mlir::failed(run(parsed, after)));
    EXPECT_EQ(parsed.said.text.rfind("pass planted-mistake changed the "
                                     "numbers: result ",
                                     0),
              0u)
        << parsed.said.text;
    EXPECT_NE(parsed.said.text.find("is right (off by "), std::string::npos);
  }
}

} // namespace
