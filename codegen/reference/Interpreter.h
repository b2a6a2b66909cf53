// Interpreter.h - runs ops of the needle dialect one by one, by naive loops.
// The oracle of every differential test and the target "reference"; shares no
// code with the lowerings. Sums and products accumulate in a wider type and
// are rounded once; NaN, infinities, subnormals and -0 keep their meaning.
#pragma once

#include "needle/ir/Ops.h"
#include "needle/runtime/DType.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace needle::codegen::reference {

/// A tensor in host memory, row-major and dense; booleans are bytes 0 and 1.
struct HostArray {
  DType dtype = DType::float32;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;

  int64_t elements() const;
  template <class T> T *data() { return reinterpret_cast<T *>(bytes.data()); }
  template <class T> const T *data() const {
    return reinterpret_cast<const T *>(bytes.data());
  }
  /// Zeros of a tensor type.
  static HostArray zeros(mlir::RankedTensorType type);
};

/// Says which number an op reports when it meets an index out of range.
using StatusEntry = llvm::function_ref<int64_t(mlir::Operation *)>;

/// A block of ops, ready to run any number of times from any thread. Holds no
/// reference to the IR it was made from.
class Plan {
public:
  virtual ~Plan() = default;
  /// Runs the block: `arguments` has one address per block argument, `results`
  /// one per operand of the terminator. An index out of range stores 1 + the
  /// op's status entry to `status` unless it is null or holds another already.
  virtual void run(void *const *arguments, void *const *results,
                   int64_t *status) const = 0;

  /// Fails with a diagnostic for an op that the interpreter does not know.
  static mlir::FailureOr<std::shared_ptr<const Plan>> make(
      mlir::Block &block,
      StatusEntry entry = [](mlir::Operation *) { return int64_t(0); });
};

/// Runs a function once. Fails with a diagnostic when `arguments` are not what
/// the function takes, or when an op is unknown (needle.gradient must have been
/// expanded) or meets an index out of range.
mlir::LogicalResult interpret(mlir::func::FuncOp function,
                              llvm::ArrayRef<HostArray> arguments,
                              llvm::SmallVectorImpl<HostArray> &results);

} // namespace needle::codegen::reference
