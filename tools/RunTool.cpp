// RunTool.cpp - how a tool runs: room for nested IR, and one line for any
// error.
#include "RunTool.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/thread.h"

#include <exception>
#include <new>

namespace needle {

/// MLIR recurses into regions, attributes and locations, within the limits of
/// GraphFile.
constexpr unsigned stackBytes = 512u << 20;

/// Of LLVM, which calls this in the middle of anything: nothing is cleaned up.
static void stop(void *tool, const char *reason, bool) {
  llvm::outs().flush();
  llvm::errs() << static_cast<const char *>(tool) << ": error: " << reason
               << '\n';
  std::_Exit(1);
}

int runTool(const char *name, llvm::function_ref<int()> body) {
  auto *tool = const_cast<char *>(name);
  llvm::install_fatal_error_handler(stop, tool);
  llvm::install_bad_alloc_error_handler(stop, tool);
  int status = 1;
  auto fail = [&](const char *reason) {
    llvm::outs().flush();
    llvm::errs() << name << ": error: " << reason << '\n';
  };
  llvm::thread worker(std::optional<unsigned>(stackBytes), [&] {
    try {
      status = body();
    } catch (const std::bad_alloc &) {
      fail("out of memory");
    } catch (const std::exception &error) {
      fail(error.what());
    }
  });
  worker.join();
  return status;
}

} // namespace needle
