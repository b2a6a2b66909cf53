// Targets.cpp - rule 10: scopes, defaults and threads (A-BUG1 to A-RISK8,
// C-BUG1 to C-BUG6 of the features this comes from), graphs on two targets.
#include "needle/needle.h"

#include <gtest/gtest.h>

#include <thread>

namespace nd = needle;
using nd::TargetScope;
using Floats = std::vector<float>;

namespace {

// Every test leaves the process default as it was.
class Rule10Targets : public testing::Test {
protected:
  void TearDown() override { nd::resetDefaultTarget(); }
  static std::string current() { return TargetScope::current().name(); }
  const std::string byDefault = current();
  const std::string other = byDefault == "cpu" ? "reference" : "cpu";
};

// A-BUG1: an override that assigns a local is a silent no-op.
TEST_F(Rule10Targets, AScopeIsReallyCurrent) {
  TargetScope scope(other);
  EXPECT_EQ(current(), other);
  EXPECT_EQ(nd::ones({2}).target().name(), other);
}

TEST_F(Rule10Targets, SetDefaultTakesEffect) { // C-BUG2 as well
  nd::setDefaultTarget(other);
  EXPECT_EQ(current(), other);
  EXPECT_EQ((nd::ones({2}) + 1).target().name(), other);
  nd::resetDefaultTarget();
  EXPECT_EQ(current(), byDefault);
}

// A-BUG2: an exception must not leave the override in place.
TEST_F(Rule10Targets, AnExceptionRestores) {
  try {
    TargetScope scope(other);
    throw std::runtime_error("inside");
  } catch (const std::runtime_error &) {
  }
  EXPECT_EQ(current(), byDefault);
}

// A-BUG3, C-BUG1: unknown names are typed errors and change nothing.
TEST_F(Rule10Targets, UnknownNamesAreErrorsAndChangeNothing) {
  for (const char *name : {"tpu", "cu", "CPU", ""}) {
    try {
      TargetScope scope(name);
      FAIL() << name;
    } catch (const nd::TargetError &error) {
      std::string text = error.what();
      EXPECT_NE(text.find("'" + std::string(name) + "'"), std::string::npos);
      EXPECT_NE(text.find("reference"), std::string::npos);
    }
    EXPECT_THROW(nd::setDefaultTarget(name), nd::TargetError);
    EXPECT_EQ(current(), byDefault);
  }
}

// A-BUG4: what comes back is the state before, not a target made again.
TEST_F(Rule10Targets, NestedScopesRestoreExactlyWhatWas) {
  nd::Target mine = other;
  TargetScope outer(mine);
  {
    TargetScope inner(byDefault);
    EXPECT_EQ(current(), byDefault);
    TargetScope innermost(mine);
    EXPECT_EQ(current(), other);
  }
  EXPECT_EQ(TargetScope::current(), mine);
}

TEST_F(Rule10Targets, WithoutAScopeTheDefaultCountsAgain) {
  { TargetScope scope(byDefault); }
  nd::setDefaultTarget(other); // not what the scope found: what is now
  EXPECT_EQ(current(), other);
}

// A-BUG5: a target that can't say who it is breaks nesting.
TEST_F(Rule10Targets, EveryTargetSaysWhoItIs) {
  EXPECT_GE(nd::targets().size(), 2u);
  for (const nd::Target &target : nd::targets()) {
    EXPECT_EQ(nd::Target(target.name()), target);
    EXPECT_EQ(target.available(), target.unavailableReason().empty());
    if (!target.available())
      continue;
    TargetScope scope(target);
    TargetScope nested(nd::Target::cpu());
    EXPECT_EQ(current(), "cpu");
  }
}

// A-BUG6, A-BUG7: scopes are a thread's; a new one has the process default.
TEST_F(Rule10Targets, ThreadsStartWithTheDefaultAndDoNotInterfere) {
  TargetScope mine(other);
  std::string before, inside, after;
  std::thread worker([&] {
    before = current();
    TargetScope theirs(byDefault);
    inside = current();
  });
  worker.join();
  EXPECT_EQ(before, byDefault);
  EXPECT_EQ(inside, byDefault);
  EXPECT_EQ(current(), other);
  std::thread handedOver([&, target = TargetScope::current()] {
    TargetScope scope(target);
    after = current();
  });
  handedOver.join();
  EXPECT_EQ(after, other);
}

TEST_F(Rule10Targets, ManyThreadsSwitchAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      std::string name = t % 2 ? "cpu" : "reference";
      for (int i = 0; i < 1000; ++i) {
        TargetScope scope(name);
        if (current() != name || nd::ones({1}).target().name() != name)
          ++wrong;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

// A-RISK8: a node's target is fixed when it is recorded.
TEST_F(Rule10Targets, TheTargetIsTakenWhenRecording) {
  nd::Tensor x;
  {
    TargetScope scope("reference");
    x = nd::ones({2}) + 1;
  }
  TargetScope scope("cpu");
  EXPECT_EQ(x.target().name(), "reference");
  EXPECT_EQ(x.toVector<float>(), Floats(2, 2));
  EXPECT_EQ(x.target().name(), "reference");
}

TEST_F(Rule10Targets, InputsFromElsewhereAreCopied) {
  TargetScope outer("cpu");
  nd::Tensor x = nd::tensor({1, 2}), y;
  {
    TargetScope scope("reference");
    y = x * 3;
  }
  EXPECT_EQ(y.target().name(), "reference");
  EXPECT_EQ((y + 1).target().name(), "cpu");
  EXPECT_EQ((y + 1).toVector<float>(), (Floats{4, 7}));
  nd::Tensor moved = nd::to(y, "cpu");
  EXPECT_EQ(moved.target().name(), "cpu");
  EXPECT_EQ(moved.toVector<float>(), (Floats{3, 6}));
}

TEST_F(Rule10Targets, CopiesOfAJittedFunctionAreCounted) {
  TargetScope outer("cpu");
  auto f = nd::jit([](const nd::Tensor &x) {
    TargetScope scope("reference");
    return x * 3;
  });
  EXPECT_EQ(f(nd::ones({2})).toVector<float>(), Floats(2, 3));
  EXPECT_EQ(f.report().targetCopies, 1);
}

TEST_F(Rule10Targets, GradientsFlowAcrossCopies) {
  TargetScope outer("cpu");
  nd::Tensor x = nd::tensor({1, 2}), y;
  {
    TargetScope scope("reference");
    y = nd::square(x);
  }
  EXPECT_EQ(nd::grad(nd::sum(y), x).toVector<float>(), (Floats{2, 4}));
}

TEST_F(Rule10Targets, VariablesAreNeverCopiedSilently) {
  TargetScope outer("cpu");
  nd::Variable w(nd::tensor({1, 2}));
  w.name("layer.weight");
  TargetScope scope("reference");
  try {
    (void)(w * 2);
    FAIL();
  } catch (const nd::TargetError &error) {
    std::string text = error.what();
    EXPECT_NE(text.find("layer.weight"), std::string::npos) << text;
    EXPECT_NE(text.find("Targets.cpp:"), std::string::npos) << text;
  }
  EXPECT_EQ((nd::to(w, "reference") * 2).toVector<float>(), (Floats{2, 4}));
}

TEST_F(Rule10Targets, AnotherTargetIsAnotherSignature) {
  auto f = nd::jit([](const nd::Tensor &x) { return x + 1; });
  nd::Tensor x = nd::ones({1});
  (void)f(x);
  TargetScope scope(other);
  EXPECT_EQ(f(x).target().name(), other);
  EXPECT_EQ(f.compiles(), 2);
}

} // namespace
