// StepFile.cpp - saved steps as whole files, header and checksum included, and
// entries of the cache, which are sealed the same way.
#include "Fuzz.h"

#include "needle/runtime/SealedFile.h"
#include "needle/runtime/StepState.h"

using namespace needle;
using runtime::FileKind;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view file = fuzz::textOf(data, size);
  for (FileKind kind : {FileKind::step, FileKind::cacheEntry}) {
    std::string_view body;
    if (fuzz::survives([&] { body = runtime::unseal(kind, file, "fuzz"); }))
      fuzz::require(runtime::seal(kind, body) == file,
                    "another seal fits, too");
  }
  if (fuzz::survives([&] { runtime::readStep(file, "fuzz.needle"); }))
    ++fuzz::accepted;
  return 0;
}
