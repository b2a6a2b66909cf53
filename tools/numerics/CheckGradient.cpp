// CheckGradient.cpp - one gradient op at a time: what it gives for the values
// of a run, and central differences of its value around them.
#include "CheckGradient.h"

#include "Detached.h"
#include "DrawArguments.h"

#include "needle/codegen/Pipeline.h"
#include "needle/codegen/Places.h"
#include "needle/ir/Ops.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <random>

using namespace mlir;
using needle::codegen::reference::Plan;

namespace needle::numerics {

namespace {

using Arrays = llvm::SmallVector<HostArray>;

int64_t sizeOf(const HostArray &array) { return array.elements(); }

/// A function whose results are chosen values of a block's copy.
class Extract {
public:
  explicit Extract(Block &from)
      : module(ModuleOp::create(from.getParentOp()->getLoc())),
        b(from.getParentOp()->getContext()) {
    b.setInsertionPointToEnd(module->getBody());
    Location loc = from.getParentOp()->getLoc();
    function = func::FuncOp::create(b, loc, "check", b.getFunctionType({}, {}));
    block = function.addEntryBlock();
    for (BlockArgument argument : from.getArguments())
      map.map(argument, block->addArgument(argument.getType(), loc));
    b.setInsertionPointToEnd(block);
    for (Operation &op : from.without_terminator())
      b.clone(op, map);
  }
  Value operator[](Value original) { return map.lookup(original); }
  Operation *operator[](Operation *original) { return map.lookup(original); }
  Value addArgument(Type type) {
    return block->addArgument(type, function.getLoc());
  }
  void setResults(ValueRange results) {
    b.setInsertionPointToEnd(block);
    func::ReturnOp::create(b, function.getLoc(), results);
  }
  /// Arguments in place of all detached values.
  void freeze() {
    freezeDetached(*block, [this](Type type) { return addArgument(type); });
  }
  /// Expanded, without what the results do not need. Null, after a diagnostic,
  /// when that fails.
  std::shared_ptr<const Plan> finish() {
    ValueRange results = block->getTerminator()->getOperands();
    function.setFunctionType(
        b.getFunctionType(block->getArgumentTypes(), results.getTypes()));
    for (Type type : results.getTypes())
      types.push_back(cast<RankedTensorType>(type));
    eraseDead();
    PassManager passes(b.getContext());
    codegen::stages().front().addPasses(passes);
    if (failed(passes.run(*module)))
      return nullptr;
    eraseDead();
    FailureOr<std::shared_ptr<const Plan>> plan = Plan::make(*block);
    return succeeded(plan) ? *plan : nullptr;
  }
  llvm::SmallVector<RankedTensorType> types;

private:
  void eraseDead() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  OwningOpRef<ModuleOp> module;
  OpBuilder b;
  func::FuncOp function;
  Block *block;
  IRMapping map;
};

Arrays run(const Plan &plan, llvm::ArrayRef<RankedTensorType> types,
           llvm::ArrayRef<const HostArray *> arguments) {
  Arrays results;
  std::vector<void *> in, out;
  for (const HostArray *argument : arguments)
    in.push_back(const_cast<std::byte *>(argument->bytes.data()));
  for (RankedTensorType type : types)
    results.push_back(HostArray::zeros(type));
  for (HostArray &result : results)
    out.push_back(result.bytes.data());
  int64_t status = 0;
  plan.run(in.data(), out.data(), &status);
  return results;
}

class GradientChecker {
public:
  GradientChecker(Block &block, ir::GradientOp gradient, ValueRange detached,
                  llvm::ArrayRef<HostArray> arguments,
                  const GradientCheckOptions &options)
      : block(block), gradient(gradient), detached(detached),
        arguments(arguments), options(options), random(options.seed) {}

  /// Whether the value is finite, so that there is something to compare.
  LogicalResult computeBase();
  bool isFinite() const { return std::isfinite(magnitude); }
  LogicalResult run(std::vector<CheckedGradient> &checked);

private:
  LogicalResult makeMoved();
  /// sum(value * cotangent) with wrt `which` moved by `distance` along `moves`.
  Real valueAt(size_t which, llvm::ArrayRef<double> moves, double distance);
  void compare(CheckedGradient &to, size_t which, llvm::ArrayRef<double> moves);
  void checkWrt(CheckedGradient &to, size_t which);
  std::string nameOf(size_t which);

  Block &block;
  ir::GradientOp gradient;
  ValueRange detached;
  llvm::ArrayRef<HostArray> arguments;
  const GradientCheckOptions &options;
  std::mt19937_64 random;

  Arrays gradients, frozen;
  HostArray value, cotangent; // the latter without elements: ones
  Real magnitude = 0;         // of the terms of the sum
  std::optional<Real> here;   // the sum with nothing moved
  std::shared_ptr<const Plan> moved;
  llvm::SmallVector<RankedTensorType> movedTypes;
  Arrays deltas;
};

// What the op gives, and what its differences hold fast.
LogicalResult GradientChecker::computeBase() {
  Extract base(block);
  llvm::SmallVector<Value> wanted = {base[gradient.getValue()]};
  for (Value result : gradient.getResults())
    wanted.push_back(base[result]);
  for (Value result : detached)
    wanted.push_back(base[result]);
  if (Value given = gradient.getCotangent())
    wanted.push_back(base[given]);
  base.setResults(wanted);
  auto plan = base.finish();
  if (!plan)
    return failure();
  llvm::SmallVector<const HostArray *> in;
  for (const HostArray &argument : arguments)
    in.push_back(&argument);
  Arrays results = numerics::run(*plan, base.types, in);
  value = std::move(results[0]);
  size_t count = gradient.getNumResults();
  for (size_t i = 0; i < count; ++i)
    gradients.push_back(std::move(results[1 + i]));
  for (size_t i = 0; i < detached.size(); ++i)
    frozen.push_back(std::move(results[1 + count + i]));
  if (gradient.getCotangent())
    cotangent = std::move(results.back());
  for (int64_t i = 0; i < sizeOf(value); ++i)
    magnitude +=
        std::fabs(Real(value.data<double>()[i]) *
                  (cotangent.bytes.empty() ? 1 : cotangent.data<double>()[i]));
  return success();
}

// Each pin's operand plus a new argument; detached values are arguments.
LogicalResult GradientChecker::makeMoved() {
  Extract extract(block);
  OpBuilder b(gradient.getContext());
  for (Value wrt : gradient.getWrt()) {
    Operation *pin = extract[wrt.getDefiningOp()];
    Value delta = extract.addArgument(wrt.getType());
    b.setInsertionPoint(pin);
    pin->setOperand(0, ir::AddOp::create(b, pin->getLoc(), wrt.getType(),
                                         pin->getOperand(0), delta));
    deltas.push_back(HostArray::zeros(cast<RankedTensorType>(wrt.getType())));
  }
  extract.setResults(extract[gradient.getValue()]);
  extract.freeze();
  moved = extract.finish();
  movedTypes = extract.types;
  return success(moved != nullptr);
}

Real GradientChecker::valueAt(size_t which, llvm::ArrayRef<double> moves,
                              double distance) {
  auto *delta = deltas[which].data<double>();
  for (size_t i = 0; i < moves.size(); ++i)
    delta[i] = moves[i] * distance;
  llvm::SmallVector<const HostArray *> in;
  for (const HostArray &argument : arguments)
    in.push_back(&argument);
  for (const HostArray &each : deltas)
    in.push_back(&each);
  for (const HostArray &each : frozen)
    in.push_back(&each);
  Arrays results = numerics::run(*moved, movedTypes, in);
  std::fill(delta, delta + moves.size(), 0.0);
  Real sum = 0;
  for (int64_t i = 0; i < sizeOf(value); ++i)
    sum += Real(results[0].data<double>()[i]) *
           (cotangent.bytes.empty() ? 1 : cotangent.data<double>()[i]);
  return sum;
}

void GradientChecker::compare(CheckedGradient &to, size_t which,
                              llvm::ArrayRef<double> moves) {
  Real h = options.step;
  if (!here)
    here = valueAt(which, moves, 0);
  Real above = (valueAt(which, moves, options.step) - *here) / h;
  Real below = (*here - valueAt(which, moves, -options.step)) / h;
  Real wanted = (above + below) / 2, got = 0;
  for (size_t i = 0; i < moves.size(); ++i)
    if (moves[i] != 0)
      got += Real(gradients[which].data<double>()[i]) * moves[i];
  // Rounding of the terms, which the division by the step makes visible.
  Real noise = 16 * std::numeric_limits<double>::epsilon() * magnitude / h;
  Real tolerance = options.atol + options.rtol * std::fabs(wanted) + noise;
  // A kink between the ends: the slopes on its sides differ, and the mean of
  // both is off by no more than that. NaN: the end of the domain.
  Real bend = std::fabs(above - below);
  if (!(bend <= 4 * tolerance)) {
    ++to.kinks;
    return;
  }
  Real error = std::fabs(got - wanted);
  // A jump here, as of sign at 0, with equal halves on both sides: the slope
  // over twice the distance is another.
  if (!(error <= tolerance + bend)) {
    Real wider = (valueAt(which, moves, 2 * options.step) -
                  valueAt(which, moves, -2 * options.step)) /
                 (4 * h);
    if (!(std::fabs(wider - wanted) <= std::fabs(wanted) / 4 + tolerance)) {
      ++to.kinks;
      return;
    }
  }
  ++to.checked;
  if (!(error <= to.worst))
    to.worst = double(error);
  to.agrees &= error <= tolerance + bend;
}

void GradientChecker::checkWrt(CheckedGradient &to, size_t which) {
  int64_t size = sizeOf(gradients[which]);
  if (size == 0)
    return;
  std::vector<double> moves(size_t(size), 0.0);
  auto *slopes = gradients[which].data<double>();
  int64_t steepest = 0;
  for (int64_t i = 0; i < size; ++i)
    if (std::fabs(slopes[i]) > std::fabs(slopes[steepest]))
      steepest = i;
  bool all = size <= options.samples;
  for (int64_t n = 0; n < (all ? size : options.samples); ++n) {
    int64_t i = all      ? n
                : n == 0 ? steepest
                         : int64_t(random() % uint64_t(size));
    moves[size_t(i)] = 1;
    compare(to, which, moves);
    moves[size_t(i)] = 0;
  }
  // All elements at once, by a unit vector.
  std::normal_distribution<double> normal;
  double length = 0;
  for (double &move : moves) {
    move = normal(random);
    length += move * move;
  }
  for (double &move : moves)
    move /= std::sqrt(length);
  compare(to, which, moves);
}

std::string GradientChecker::nameOf(size_t which) {
  Value wrt = gradient.getWrt()[which].getDefiningOp()->getOperand(0);
  std::string name;
  auto argument = dyn_cast<BlockArgument>(wrt);
  auto function = dyn_cast<func::FuncOp>(block.getParentOp());
  if (argument && function)
    if (auto given = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), "needle.name"))
      name = given.getValue().str();
  std::string shape;
  for (int64_t size : ir::tensorType(wrt).getShape())
    shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  std::string place = codegen::placeText(gradient.getLoc());
  return llvm::formatv("{0}gradient, wrt {1} ({2}{3}[{4}])",
                       place.empty() ? "" : place + ": ", which, name,
                       name.empty() ? "" : ", ", shape);
}

LogicalResult GradientChecker::run(std::vector<CheckedGradient> &checked) {
  if (failed(makeMoved()))
    return failure();
  for (size_t i = 0; i < gradients.size(); ++i) {
    CheckedGradient result;
    result.name = nameOf(i);
    checkWrt(result, i);
    checked.push_back(std::move(result));
  }
  return success();
}

/// Asks for the gradients of all floating results by all floating arguments.
void requestGradients(func::FuncOp function) {
  Block &block = function.getBody().front();
  Location loc = function.getLoc();
  auto isFloat = [](Value x) {
    return isa<FloatType>(ir::tensorType(x).getElementType());
  };
  llvm::SmallVector<Value> pins;
  OpBuilder b = OpBuilder::atBlockBegin(&block);
  for (BlockArgument argument : block.getArguments()) {
    if (!isFloat(argument))
      continue;
    auto pin = ir::PinOp::create(b, loc, argument.getType(), argument);
    argument.replaceAllUsesExcept(pin.getResult(), pin);
    pins.push_back(pin);
  }
  Operation *end = block.getTerminator();
  b.setInsertionPoint(end);
  llvm::SmallVector<Type> types(ValueRange(pins).getTypes());
  for (Value result : llvm::to_vector(end->getOperands())) {
    if (!isFloat(result) || pins.empty())
      continue;
    unsigned number = block.getNumArguments();
    (void)function.insertArgument(number, result.getType(), {}, loc);
    llvm::SmallVector<Value> operands = {result, block.getArgument(number)};
    operands.append(pins);
    ir::GradientOp::create(b, loc, types, operands, /*has_cotangent=*/true,
                           /*allow_unused=*/true);
  }
}

/// The same numbers, floats as f64.
HostArray widened(const HostArray &array) {
  if (!isFloating(array.dtype) || array.dtype == DType::float64)
    return array;
  HostArray wide{DType::float64, array.shape, {}};
  wide.bytes.resize(sizeof(double) * size_t(array.elements()));
  withElement(array.dtype, [&](auto zero) {
    std::copy_n(array.data<decltype(zero)>(), array.elements(),
                wide.data<double>());
  });
  return wide;
}

std::vector<HostArray> argumentsFor(Block &block,
                                    const GradientCheckOptions &options) {
  if (options.arguments.empty() || !isa<func::FuncOp>(block.getParentOp()))
    return drawArguments(block, options.seed);
  std::vector<HostArray> arguments;
  for (const HostArray &argument : options.arguments)
    arguments.push_back(widened(argument));
  return arguments;
}

LogicalResult checkOne(ir::GradientOp gradient, DetachedValues &detached,
                       const GradientCheckOptions &options,
                       std::vector<CheckedGradient> &checked) {
  Block &block = *gradient->getBlock();
  std::vector<HostArray> arguments = argumentsFor(block, options);
  for (bool arePositive : {false, true}) {
    if (arePositive) // for logarithms and roots of arguments
      for (HostArray &array : arguments)
        for (int64_t i = 0; array.dtype == DType::float64 && i < sizeOf(array);
             ++i)
          array.data<double>()[i] = std::fabs(array.data<double>()[i]) + 0.1;
    GradientChecker checker(block, gradient, detached[&block], arguments,
                            options);
    if (failed(checker.computeBase()))
      return failure();
    if (checker.isFinite())
      return checker.run(checked);
  }
  return gradient.emitOpError("is of a value that is not finite for the "
                              "arguments of this seed");
}

} // namespace

FailureOr<std::vector<CheckedGradient>>
checkGradients(ModuleOp given, const GradientCheckOptions &options) {
  OwningOpRef<ModuleOp> module = withDoubles(given);
  auto collect = [&] {
    llvm::SmallVector<ir::GradientOp> gradients;
    module->walk([&](ir::GradientOp op) { gradients.push_back(op); });
    return gradients;
  };
  auto gradients = collect();
  if (gradients.empty()) {
    for (auto function : module->getOps<func::FuncOp>())
      requestGradients(function);
    gradients = collect();
  }
  std::vector<CheckedGradient> checked;
  DetachedValues detached;
  for (auto function : module->getOps<func::FuncOp>())
    exposeDetached(function.getBody().front(), detached);
  for (ir::GradientOp gradient : gradients)
    if (failed(checkOne(gradient, detached, options, checked)))
      return failure();
  return checked;
}

} // namespace needle::numerics
