// TargetInfo.cpp - instruction sets by name, and what a wrong one is told.
#include "needle/codegen/TargetInfo.h"

#include "mlir/IR/Builders.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace needle::codegen;

namespace {

// Sets NEEDLE_CPU for the life of it.
class Asked {
public:
  explicit Asked(const char *name) {
    if (const char *old = std::getenv("NEEDLE_CPU"))
      before = old;
    setenv("NEEDLE_CPU", name, 1);
  }
  ~Asked() {
    before.empty() ? unsetenv("NEEDLE_CPU")
                   : setenv("NEEDLE_CPU", before.c_str(), 1);
  }

private:
  std::string before;
};

TEST(TargetInfo, EveryX86HasSse2) {
  Asked asked("sse2");
  std::string error;
  auto target = TargetInfo::host("cpu", error);
  ASSERT_TRUE(mlir::succeeded(target)) << error;
  EXPECT_EQ(target->isa, "sse2");
  mlir::MLIRContext context;
  mlir::Builder b(&context);
  EXPECT_EQ(target->lanes(b.getF32Type()), 4);
  EXPECT_EQ(target->lanes(b.getF64Type()), 2);
  EXPECT_EQ(target->lanes(b.getI1Type()), 16);
}

TEST(TargetInfo, UnknownInstructionSetNamesTheKnownOnes) {
  Asked asked("neon");
  std::string error;
  EXPECT_TRUE(mlir::failed(TargetInfo::host("cpu", error)));
  EXPECT_EQ(error, "NEEDLE_CPU is 'neon'; it can be one of avx512, avx2, sse2");
}

TEST(TargetInfo, UnknownTargetNamesTheKnownOnes) {
  std::string error;
  EXPECT_TRUE(mlir::failed(TargetInfo::host("tpu", error)));
  EXPECT_EQ(error, "unknown target 'tpu'; there are cpu and reference");
}

TEST(TargetInfo, ReferenceHasNoInstructionSet) {
  std::string error;
  auto target = TargetInfo::host("reference", error);
  ASSERT_TRUE(mlir::succeeded(target)) << error;
  EXPECT_EQ(target->isa, "");
}

TEST(TargetInfo, AttributeKeepsAll) {
  mlir::MLIRContext context;
  context.loadDialect<needle::ir::NeedleDialect>();
  TargetInfo target{"cpu", "avx2", 32, 1 << 15, 1 << 20};
  TargetInfo back = TargetInfo::from(target.attribute(&context));
  EXPECT_EQ(back.isa, "avx2");
  EXPECT_EQ(back.vectorBytes, 32);
  EXPECT_EQ(back.l2Bytes, 1 << 20);
}

} // namespace
