// RandomGraph.h - small functions of random ops, and what runs them.
#pragma once

#include "needle/codegen/reference/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <random>
#include <string>

namespace needle::test {

/// The text of a function @f of random ops. Its numbers stay small integers, so
/// that every order of summation gives the same bits.
class RandomGraph {
public:
  explicit RandomGraph(unsigned seed) : random(seed) {}

  std::string text(int ops);

private:
  struct Value {
    std::string name;
    std::vector<int64_t> shape;
  };

  int pick(int count) { return int(random() % unsigned(count)); }
  const Value &any() { return values[pick(int(values.size()))]; }
  const Value *anyOfShape(const std::vector<int64_t> &shape);
  Value add(const std::string &op, std::vector<int64_t> shape);
  void addBounded(const std::string &op, std::vector<int64_t> shape);
  void addElementwise();
  void addView();
  void addReduction();
  void addOther();
  void addLoop();

  std::mt19937 random;
  std::vector<Value> values;
  std::string body;
  int count = 0;
};

/// A context with the dialects that functions of random ops use.
std::unique_ptr<mlir::MLIRContext> makeContext();
/// Random small integers for the arguments of a function.
std::vector<codegen::reference::HostArray>
randomArguments(mlir::func::FuncOp function, unsigned seed);

} // namespace needle::test
