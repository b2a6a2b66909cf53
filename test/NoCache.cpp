// NoCache.cpp - tests that are run by hand leave the user's cache alone, too.
#include <cstdlib>

namespace {
[[maybe_unused]] const int isSet = setenv("NEEDLE_CACHE", "off", false);
} // namespace
