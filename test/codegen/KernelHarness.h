// KernelHarness.h - compiles one needle.kernel and runs it beside the
// interpreter.
#pragma once

#include "needle/codegen/kernels/Kernel.h"
#include "needle/codegen/reference/Interpreter.h"
#include "needle/runtime/Blob.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace needle::codegen {

/// The instruction sets that this CPU has.
std::vector<TargetInfo> targets();

/// A function with one needle.kernel, from text, compiled for `target`.
class CompiledKernel {
public:
  using Array = reference::HostArray;

  /// `text` is the function's text; a failure is reported to GoogleTest.
  CompiledKernel(const std::string &text, const TargetInfo &target);
  ~CompiledKernel();

  bool ok() const { return compiled; }
  /// Keys of the functions, one per call.
  const std::vector<std::string> &keys() const { return callKeys; }
  size_t phases() const;
  int64_t tiles(size_t phase) const;

  /// Random arguments of the function's types: normal numbers, small integers.
  std::vector<Array> randomArguments(unsigned seed = 1) const;
  /// Runs all tiles, backwards if asked to. Bytes around the results and the
  /// workspace must stay untouched.
  std::vector<Array> run(const std::vector<Array> &arguments,
                         bool backwards = false);
  /// The interpreter's results.
  std::vector<Array> expect(const std::vector<Array> &arguments);
  int64_t status = 0;         // of the last run
  int64_t expectedStatus = 0; // of the last expect

private:
  struct Parts;
  std::unique_ptr<Parts> parts;
  std::vector<std::string> callKeys;
  bool compiled = false;
};

/// Equal integers; floats within rtol * |expected| + atol, NaN for NaN.
void expectClose(const reference::HostArray &actual,
                 const reference::HostArray &expected, double rtol,
                 double atol);

/// On every target: results close to the interpreter's, the same bits with the
/// tiles in any order. Text that begins with a kernel: see `kernelText`.
void checkKernel(const std::string &text, double rtol = 1e-5,
                 double atol = 1e-6);

} // namespace needle::codegen
