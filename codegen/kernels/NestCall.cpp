// NestCall.cpp - the key and the call of a planned nest.
#include "needle/codegen/kernels/NestEmitter.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace needle::codegen {

static Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

namespace {
// Spells out all that the emitter looks at. Values are numbered as they come.
class KeyWriter {
public:
  KeyWriter(const NestPlan &plan, const TargetInfo &target)
      : plan(plan), spec(plan.spec), out(key) {
    out << "nest " << target.isa << " lanes " << plan.lanes << " unroll "
        << plan.unroll << (plan.oneVector ? " one" : "")
        << (plan.chunked ? " chunked " : " ");
    for (int d = 0; d <= plan.vectorDim(); ++d)
      out << (spec.reduced[d] ? 'r' : 'k');
  }

  std::string write() {
    for (auto [i, input] : llvm::enumerate(spec.inputs))
      writeInput(input, plan.inputLevels[i], plan.inputBuffers[i]);
    for (Operation *op : spec.ops)
      writeOp(op);
    for (const NestReduction &reduction : spec.reductions) {
      number(reduction.result);
      out << '=' << reduction.op->getName().getStringRef() << ' ';
      later.push_back(reduction.operand);
    }
    // Reductions may come before what they reduce is numbered.
    out << "; reduce";
    for (Value operand : later)
      reference(operand);
    out << "; store";
    for (const NestOutput &output : spec.outputs) {
      reference(output.value);
      out << (output.whole ? "w" : "r")
          << int(strideClass(output.access.strides.back()));
    }
    out << "; cache";
    for (Value value : plan.caches)
      reference(value);
    return key;
  }

private:
  void number(Value value) {
    int next = numbers.size();
    out << "; " << numbers.try_emplace(value, next).first->second << ':'
        << elementOf(value);
  }
  void reference(Value value) {
    value = spec.resolve(value);
    if (auto it = numbers.find(value); it != numbers.end())
      out << ' ' << it->second;
    else // the result of a reduction, listed after the ops
      for (auto [i, reduction] : llvm::enumerate(spec.reductions))
        if (reduction.result == value)
          out << " r" << i;
  }
  void writeInput(const NestInput &input, NestLevel level, int buffer) {
    number(input.value);
    out << '=' << (buffer < 0 ? "index" : "load") << int(level.kind)
        << int(strideClass(input.access.strides.back()));
  }
  void writeOp(Operation *op) {
    number(op->getResult(0));
    out << '=' << op->getName().getStringRef();
    for (Value operand : op->getOperands())
      reference(operand);
    if (plan.at.splats.contains(op))
      out << " argument";
    else if (op->getNumOperands() == 0)
      out << ' ' << splatOf(op);
    else if (Attribute attributes = op->getPropertiesAsAttribute())
      out << ' ' << attributes;
  }

  const NestPlan &plan;
  const NestSpec &spec;
  std::string key;
  llvm::raw_string_ostream out;
  llvm::DenseMap<Value, int> numbers;
  SmallVector<Value> later;
};
} // namespace

KernelCall callNest(std::shared_ptr<const NestPlan> plan,
                    const TargetInfo &target) {
  KernelCall call;
  call.key = KeyWriter(*plan, target).write();
  call.buffers = plan->bufferUses;
  call.scalars = plan->scalars;
  call.emit = [plan](OpBuilder &b, Location loc, StringRef name) {
    return NestEmitter(*plan, b, loc).emit(name);
  };
  return call;
}

} // namespace needle::codegen
