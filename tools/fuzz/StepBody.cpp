// StepBody.cpp - saved steps behind their checksum: what is accepted is written
// as it was read, and runs within its memory whatever its kernels compute.
#include "Fuzz.h"
#include "SafeRun.h"

#include "needle/runtime/SealedFile.h"
#include "needle/runtime/StepState.h"

using namespace needle;

/// The step with kernels that only look at their memory.
static void run(std::unique_ptr<Step::State> state) {
  fuzz::CheckedProgram checked(*state->program);
  if (!checked.isSmall())
    return;
  checked.run();
  state->program = checked.program();
  state->executable = std::make_unique<runtime::Executable>(state->program);
  std::vector<Array> inputs;
  for (const Step::Value &input : state->inputs) {
    ValueType type{input.dtype, input.shape, ""};
    std::string zeros(runtime::byteSize(type), '\0');
    inputs.emplace_back(input.dtype, input.shape,
                        runtime::Buffer::copyOf(zeros.data(), zeros.size()));
  }
  Step step(std::move(state));
  // The second call gets what the first one has left in the variables.
  for (int call = 0; call < 2; ++call)
    fuzz::survives([&] { step.run(inputs); });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view body = fuzz::textOf(data, size);
  std::unique_ptr<Step::State> state;
  if (!fuzz::survives(
          [&] { state = runtime::readStepBody(body, "fuzz.needle"); }))
    return 0;
  ++fuzz::accepted;
  std::string file = runtime::writeStep(*state);
  fuzz::require(runtime::unseal(runtime::FileKind::step, file, "again") == body,
                "the step is written differently");
  run(std::move(state));
  return 0;
}
