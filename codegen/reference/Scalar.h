// Scalar.h - runs a straight line of arith and math ops on columns of elements.
#pragma once

#include "mlir/IR/Block.h"
#include "mlir/IR/Value.h"

#include <cstdint>
#include <vector>

namespace needle::codegen::reference {

/// The ops of one block as instructions on registers; each register holds a
/// column of elements. Every arith op rounds to its type; math ops on f32 are
/// computed in double, on f64 in long double, and rounded once.
class ScalarProgram {
public:
  /// Elements per column.
  static constexpr int64_t columnSize = 256;
  using Function = void (*)(const void *const *in, void *out, int64_t count);

  /// From `block`, whose arguments are the inputs, to compute `result`. Fails
  /// with a diagnostic for an op it does not know.
  static mlir::FailureOr<ScalarProgram> make(mlir::Block &block,
                                             mlir::Value result);

  /// The registers of one run, each columnSize elements of 16 bytes.
  class Registers {
  public:
    explicit Registers(const ScalarProgram &program);
    void *column(int number) { return memory.data() + size_t(number) * stride; }

  private:
    static constexpr size_t stride = 2 * columnSize;
    std::vector<uint64_t> memory;
  };
  /// Computes `count` <= columnSize elements: input i from inputs[i] to `out`,
  /// both dense columns (i1 as bytes 0 and 1, f80 as long double).
  void run(Registers &registers, const void *const *inputs, void *out,
           int64_t count) const;

private:
  struct Instruction {
    Function function;
    int operands[3]; // columns; below 0: input -1 - i
    int result;
  };
  struct Constant {
    int column;
    int bytes;
    uint64_t bits[2];
  };
  std::vector<Instruction> instructions;
  std::vector<Constant> constants;
  int columns = 0;
  int returned = 0; // the operand that goes to `out`
  int resultBytes = 0;
  friend struct ScalarBuilder;
};

/// The function of one arith or math op, or null: ScalarOps.cpp.
ScalarProgram::Function scalarFunction(mlir::Operation *op);
/// Bytes of an element in a column; 0 for a type it does not know.
int columnBytes(mlir::Type type);

} // namespace needle::codegen::reference
