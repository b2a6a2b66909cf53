// ScalarBounds.cpp - bounds through the scalar body of an elementwise op.
// Integer ops on known numbers are run by the interpreter; floating ones are
// exact interval arithmetic, widened by what rounding and the documented error
// of a function allow.
#include "ScalarRules.h"

#include "needle/codegen/reference/Families.h"
#include "needle/codegen/reference/Scalar.h"
#include "needle/ir/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <atomic>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace needle::numerics {

uint32_t newId() {
  static std::atomic<uint32_t> last{0};
  uint32_t id = ++last;
  return id ? id : newId();
}

DType elementDType(Type type) {
  return ir::dtypeOf(type).value_or(DType::int64);
}

Bound identified(Bound bound) {
  if (!bound.isPoint() && !bound.id && !bound.isEmpty())
    bound.id = newId();
  return bound;
}

// ---- known numbers ----------------------------------------------------------

namespace {

/// One element as the interpreter's columns hold it.
struct Element {
  std::byte bytes[16];
};

template <class T> Element elementOf(T value) {
  Element element;
  std::memcpy(element.bytes, &value, sizeof value);
  return element;
}
template <class T> T valueOf(const Element &element) {
  T value;
  std::memcpy(&value, element.bytes, sizeof value);
  return value;
}

Element pack(Type type, Real x) {
  if (type.isBF16())
    return elementOf(BFloat16(x));
  if (type.isF32())
    return elementOf(float(x));
  if (type.isF64())
    return elementOf(double(x));
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return elementOf(x != 0);
  case 8:
    return elementOf(int8_t(x));
  case 16:
    return elementOf(int16_t(x));
  case 32:
    return elementOf(int32_t(x));
  default:
    return elementOf(int64_t(x));
  }
}
Real unpack(Type type, const Element &element) {
  if (type.isBF16())
    return valueOf<BFloat16>(element);
  if (type.isF32())
    return valueOf<float>(element);
  if (type.isF64())
    return valueOf<double>(element);
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return valueOf<bool>(element);
  case 8:
    return valueOf<int8_t>(element);
  case 16:
    return valueOf<int16_t>(element);
  case 32:
    return valueOf<int32_t>(element);
  default:
    return Real(valueOf<int64_t>(element));
  }
}

bool isKnownType(Type type) {
  return type.isBF16() || type.isF32() || type.isF64() || type.isInteger(1) ||
         type.isInteger(8) || type.isInteger(16) || type.isInteger(32) ||
         type.isInteger(64);
}

Bound anyOf(Type type) {
  if (isa<FloatType>(type))
    return anything(DType::float64);
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1)
    return between(0, 1);
  Real end = std::ldexp(Real(1), int(width) - 1);
  return between(-end, end - 1);
}

/// Runs the op as the interpreter does when all operands are known.
ScalarRule whenKnown(Operation *op, ScalarRule otherwise) {
  auto function = codegen::reference::scalarFunction(op);
  if (!function)
    return otherwise;
  llvm::SmallVector<Type> types(op->getOperandTypes());
  Type result = op->getResult(0).getType();
  return [=](const Bound *x, int64_t &undecided) {
    Element in[3], out;
    const void *columns[3] = {in[0].bytes, in[1].bytes, in[2].bytes};
    for (size_t i = 0; i < types.size(); ++i) {
      if (x[i].lo != x[i].hi || x[i].mayBeNan)
        return otherwise(x, undecided);
      in[i] = pack(types[i], x[i].lo);
    }
    function(columns, out.bytes, 1);
    return exactly(unpack(result, out));
  };
}

Bound bit(const Bound *x, bool isAnd) {
  return isAnd
             ? between(std::min(x[0].lo, x[1].lo), std::min(x[0].hi, x[1].hi))
             : between(std::max(x[0].lo, x[1].lo), std::max(x[0].hi, x[1].hi));
}

/// Integers that are not known: a few ops keep an interval.
ScalarRule integerRule(Operation *op) {
  Type type = op->getResult(0).getType();
  Bound any = anyOf(type);
  bool isBoolean = type.isInteger(1);
  auto within = [any](const Bound &bound) {
    return bound.lo >= any.lo && bound.hi <= any.hi ? bound : any;
  };
  return llvm::TypeSwitch<Operation *, ScalarRule>(op)
      .Case([&](arith::AndIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) {
          return isBoolean ? bit(x, true) : any;
        };
      })
      .Case([&](arith::OrIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) {
          return isBoolean ? bit(x, false) : any;
        };
      })
      .Case([&](arith::AddIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) {
          return isBoolean ? any : within(add(x[0], x[1]));
        };
      })
      .Case([&](arith::SubIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) {
          return isBoolean ? any : within(add(x[0], negate(x[1])));
        };
      })
      .Case([&](arith::MaxSIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) {
          return isBoolean ? any
                           : between(std::max(x[0].lo, x[1].lo),
                                     std::max(x[0].hi, x[1].hi));
        };
      })
      .Case([&](arith::MinSIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) {
          return isBoolean ? any
                           : between(std::min(x[0].lo, x[1].lo),
                                     std::min(x[0].hi, x[1].hi));
        };
      })
      .Case([&](arith::ExtUIOp extend) -> ScalarRule {
        bool wasBoolean = extend.getIn().getType().isInteger(1);
        return [=](const Bound *x, int64_t &) {
          return wasBoolean || x[0].lo >= 0 ? x[0] : any;
        };
      })
      .Case([&](arith::ExtSIOp extend) -> ScalarRule {
        bool wasBoolean = extend.getIn().getType().isInteger(1);
        return [=](const Bound *x, int64_t &) {
          return wasBoolean ? negate(x[0]) : x[0];
        };
      })
      .Case([&](arith::TruncIOp) -> ScalarRule {
        return [=](const Bound *x, int64_t &) { return within(x[0]); };
      })
      .Case([&](arith::CmpIOp compare) -> ScalarRule {
        return comparison(compare.getPredicate());
      })
      .Default([&](Operation *) -> ScalarRule {
        return [=](const Bound *, int64_t &) { return any; };
      });
}

ScalarRule select() {
  return [](const Bound *x, int64_t &) {
    if (x[0].lo == x[0].hi)
      return x[0].lo != 0 ? x[1] : x[2];
    return hull(x[1], x[2]);
  };
}

} // namespace

ScalarRule scalarRule(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() > 3)
    return {};
  Type type = op->getResult(0).getType();
  if (!isKnownType(type) || !llvm::all_of(op->getOperandTypes(), isKnownType))
    return {};
  if (isa<arith::SelectOp>(op))
    return select();
  if (ScalarRule rule = floatRule(op))
    return rule;
  if (isa<FloatType>(type)) // bits taken for a float, functions of no rule
    return whenKnown(
        op, [](const Bound *, int64_t &) { return anything(DType::float64); });
  return whenKnown(op, integerRule(op));
}

// ---- straight lines ---------------------------------------------------------

FailureOr<ScalarBounds> ScalarBounds::make(Block &block, Value result) {
  ScalarBounds made;
  llvm::DenseMap<Value, int> numbers;
  auto number = [&](Value value) {
    numbers[value] = int(made.values.size());
    made.values.emplace_back();
  };
  for (BlockArgument argument : block.getArguments())
    number(argument);
  made.inputs = made.values.size();
  for (Operation &op : block) {
    Step step{{}, {0, 0, 0}};
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      Real value = 0;
      if (auto real = dyn_cast<FloatAttr>(constant.getValue()))
        value = real.getValueAsDouble();
      else if (auto whole = dyn_cast<IntegerAttr>(constant.getValue()))
        value = whole.getType().isInteger(1)
                    ? Real(whole.getValue().getZExtValue())
                    : Real(whole.getValue().getSExtValue());
      Bound bound = exactly(value);
      step.rule = [bound](const Bound *, int64_t &) { return bound; };
    } else {
      step.rule = scalarRule(&op);
    }
    if (!step.rule)
      return op.emitOpError("has no bounds");
    for (auto [i, operand] : llvm::enumerate(op.getOperands()))
      step.operands[i] = numbers.at(operand);
    made.steps.push_back(std::move(step));
    number(op.getResult(0));
  }
  made.returned = numbers.at(result);
  return made;
}

Bound ScalarBounds::run(const Bound *given, int64_t &undecided) {
  std::copy(given, given + inputs, values.begin());
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step &step = steps[i];
    Bound in[3];
    for (int k = 0; k < 3; ++k)
      in[k] = values[size_t(step.operands[k])];
    values[inputs + i] = identified(step.rule(in, undecided));
  }
  return values[size_t(returned)];
}

} // namespace needle::numerics
