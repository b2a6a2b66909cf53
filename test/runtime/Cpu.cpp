// Cpu.cpp - instruction sets by name, and what NEEDLE_CPU allows.
#include "needle/runtime/Cpu.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace needle::runtime;

namespace {

class Cpu : public testing::Test {
protected:
  void SetUp() override {
    if (const char *old = std::getenv("NEEDLE_CPU"))
      before = old;
    unsetenv("NEEDLE_CPU");
  }
  void TearDown() override {
    before.empty() ? unsetenv("NEEDLE_CPU")
                   : setenv("NEEDLE_CPU", before.c_str(), 1);
  }
  std::string before, error;
};

TEST_F(Cpu, CodeIsMadeForTheBestThatRuns) {
  const InstructionSet *best = hostInstructionSet(error);
  ASSERT_TRUE(best) << error;
  for (const InstructionSet &set : instructionSets()) {
    EXPECT_EQ(runsHere(set.name), set.isSupported()) << set.name;
    EXPECT_TRUE(&set >= best || !set.isSupported()) << set.name;
  }
}

TEST_F(Cpu, NeedleCpuCapsWhatRuns) {
  setenv("NEEDLE_CPU", "sse2", 1);
  EXPECT_STREQ(hostInstructionSet(error)->name, "sse2");
  EXPECT_TRUE(runsHere("sse2"));
  EXPECT_FALSE(runsHere("avx2"));
  EXPECT_EQ(namesOfWhatRunsHere(), "sse2");
}

TEST_F(Cpu, CodeForAnyCpuRunsAndForAnUnknownOneDoesNot) {
  EXPECT_TRUE(runsHere(""));
  EXPECT_FALSE(runsHere("neon"));
}

TEST_F(Cpu, AnUnknownNameIsToldTheKnownOnes) {
  setenv("NEEDLE_CPU", "neon", 1);
  EXPECT_EQ(hostInstructionSet(error), nullptr);
  EXPECT_EQ(error, "NEEDLE_CPU is 'neon'; it can be one of avx512, avx2, sse2");
  EXPECT_TRUE(runsHere("sse2"));
}

} // namespace
