// Execution.h - run a Program.
#pragma once

#include "needle/runtime/Buffer.h"
#include "needle/runtime/Profile.h"
#include "needle/runtime/Program.h"

#include <memory>
#include <span>
#include <vector>

namespace needle::runtime {

class ThreadPool;

struct ExecuteOptions {
  /// Gets the time of every command.
  Profile *profile = nullptr;
  /// Results that are an unchanged argument share its buffer; else they are
  /// copies. Sharing is never seen, as only a sole owner writes, but it keeps
  /// a later call from updating in place.
  bool shareUnchanged = true;
  /// Null: the process's.
  ThreadPool *threads = nullptr;
};

/// An argument of a run that its caller holds until execute() returns.
struct Argument {
  Buffer *buffer = nullptr;
  /// The caller lets go of it then: a result may take its memory if nobody else
  /// holds it.
  bool isGivenUp = false;
};

struct Executed {
  std::vector<BufferPtr> results;
  /// Done when all results are. Its wait() throws IndexError when an index that
  /// the program computed was out of range; the results are defined then, too.
  Event done;
  /// Whether wait() may throw at all.
  bool mayFail = false;
  int updatedInPlace = 0; // results in the memory of their argument
  int updatedByCopy = 0;  // results that could have been, in fresh memory
};

/// A Program ready to run: checked, with a pool of Executions, the state of one
/// run each. Any number of threads may call execute() at once.
class Executable {
public:
  /// Throws Error when the program contradicts itself.
  explicit Executable(std::shared_ptr<const Program> program);
  ~Executable();
  Executable(const Executable &) = delete;
  const Program &program() const { return *source; }

  /// Runs on `arguments`, one buffer per ProgramArgument, row-major. The
  /// arguments are moved in: one that nobody else holds is given up, and a
  /// result may take its memory. Throws, and leaves `arguments` as they are:
  /// IndexError when an argument holds an index that is out of range, Error
  /// when number or sizes of the arguments are wrong, MemoryError.
  Executed execute(std::vector<BufferPtr> &&arguments,
                   const ExecuteOptions &options = {}) const;
  /// The same with arguments that the caller holds. The results are new ones;
  /// the memory of the list is used again.
  void execute(std::span<const Argument> arguments,
               const ExecuteOptions &options, Executed &executed) const;

private:
  struct Pool;
  class Submitted;
  struct Kept;
  std::shared_ptr<const Program> source;
  std::shared_ptr<Pool> pool; // runs may outlive this object
};

/// Bytes of a value.
inline size_t byteSize(const ValueType &type) {
  return size_t(type.shape.elements()) * byteSize(type.dtype);
}

} // namespace needle::runtime
