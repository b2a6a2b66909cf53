// Environment.cpp - variables are read in a process of their own each.
#include "needle/runtime/Environment.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Log.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace needle;

/// Ends the (forked) process with what `read` says on stderr.
template <class Read> [[noreturn]] static void say(const Read &read) {
  try {
    fprintf(stderr, "%s", read().c_str());
  } catch (const Error &error) {
    fprintf(stderr, "%s", error.what());
  }
  _exit(0);
}
static testing::ExitedWithCode fine(0);

TEST(EnvironmentDeathTest, UnsetVariablesHaveDefaults) {
  EXPECT_EXIT(
      {
        for (const char *name : {"NEEDLE_BACKEND", "NEEDLE_LAZY_MODE",
                                 "NEEDLE_THREADS", "NEEDLE_SEED"})
          unsetenv(name);
        say([] {
          return environment::backend() +
                 std::to_string(environment::lazyMode()) +
                 std::to_string(environment::seed()) +
                 (environment::threads() == environment::availableCores()
                      ? " cores"
                      : "");
        });
      },
      fine, "^10 cores$");
}

TEST(EnvironmentDeathTest, ValuesAreTypedAndReadOnce) {
  EXPECT_EXIT(
      {
        setenv("NEEDLE_THREADS", "3", 1);
        int first = environment::threads();
        setenv("NEEDLE_THREADS", "5", 1);
        setenv("NEEDLE_SEED", "18446744073709551615", 1);
        setenv("NEEDLE_LAZY_MODE", "0", 1);
        setenv("NEEDLE_CACHE", "off", 1);
        say([&] {
          return std::to_string(first) + " " +
                 std::to_string(environment::threads()) + " " +
                 std::to_string(environment::seed()) + " " +
                 std::to_string(environment::lazyMode()) + environment::cache();
        });
      },
      fine, "^3 3 18446744073709551615 0off$");
}

TEST(EnvironmentDeathTest, UnusableValuesNameVariableValueAndWish) {
  auto with = [](const char *name, const char *value, auto read) {
    setenv(name, value, 1);
    say([&] { return std::to_string(int64_t(read())); });
  };
  EXPECT_EXIT(with("NEEDLE_THREADS", "0", environment::threads), fine,
              "^NEEDLE_THREADS=0: wanted an integer from 1 to 1024$");
  EXPECT_EXIT(with("NEEDLE_THREADS", "two", environment::threads), fine,
              "^NEEDLE_THREADS=two: wanted an integer");
  EXPECT_EXIT(with("NEEDLE_THREADS", "2 ", environment::threads), fine,
              "wanted an integer");
  EXPECT_EXIT(with("NEEDLE_SEED", "-1", environment::seed), fine,
              "^NEEDLE_SEED=-1: wanted an integer");
  EXPECT_EXIT(with("NEEDLE_LAZY_MODE", "yes", environment::lazyMode), fine,
              "^NEEDLE_LAZY_MODE=yes: wanted one of 0, 1$");
  EXPECT_EXIT(with("NEEDLE_LOG", "loud", environment::logLevel), fine,
              "^NEEDLE_LOG=loud: wanted one of off, warning, info, debug$");
  EXPECT_EXIT(
      with("NEEDLE_CPU", "neon", [] { return environment::cpu().size(); }),
      fine, "^NEEDLE_CPU=neon: wanted one of avx512, avx2, sse2$");
}

TEST(LogDeathTest, WritesLinesUpToTheLevel) {
  EXPECT_EXIT(
      {
        setenv("NEEDLE_LOG", "info", 1);
        runtime::log(runtime::LogLevel::debug, "hidden");
        runtime::log(runtime::LogLevel::info, "shown");
        _exit(0);
      },
      fine, "^needle: info: shown\n$");
}
