// RandomGraph.cpp - writes one op after the other, each of earlier results.
#include "passes/RandomGraph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/MLIRContext.h"

#include <numeric>

namespace needle::test {
namespace {

using Shape = std::vector<int64_t>;

int64_t elements(const Shape &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<>());
}

std::string list(const Shape &numbers) {
  std::string text = "array<i64";
  for (size_t i = 0; i < numbers.size(); ++i)
    text += (i ? ", " : ": ") + std::to_string(numbers[i]);
  return text + ">";
}

std::string type(const Shape &shape, const std::string &element = "f32") {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

} // namespace

const RandomGraph::Value *RandomGraph::anyOfShape(const Shape &shape) {
  std::vector<const Value *> found;
  for (const Value &value : values)
    if (value.shape == shape)
      found.push_back(&value);
  return found.empty() ? nullptr : found[pick(int(found.size()))];
}

RandomGraph::Value RandomGraph::add(const std::string &op, Shape shape) {
  Value value{"%v" + std::to_string(count++), std::move(shape)};
  body += "  " + value.name + " = needle." + op + "\n";
  values.push_back(value);
  return value;
}

// Integers between -9 and 9: products and sums of a few of them are exact.
void RandomGraph::addBounded(const std::string &op, Shape shape) {
  std::string t = type(shape), i = type(shape, "i32");
  Value raw = add(op, shape);
  Value low = add("full -9.0 -> " + t, shape);
  Value high = add("full 9.0 -> " + t, shape);
  Value above = add("maximum " + raw.name + ", " + low.name + " : " + t, shape);
  Value both =
      add("minimum " + above.name + ", " + high.name + " : " + t, shape);
  std::string whole = "%v" + std::to_string(count++);
  body += "  " + whole + " = needle.convert " + both.name + " : " + t + " -> " +
          i + "\n";
  values.resize(values.size() - 5);
  add("convert " + whole + " : " + i + " -> " + t, shape);
}

void RandomGraph::addElementwise() {
  static const char *unary[] = {"neg", "abs", "relu", "square", "sign"};
  static const char *binary[] = {"add", "sub", "mul", "maximum", "minimum"};
  Value x = any();
  std::string t = type(x.shape);
  const Value *y = anyOfShape(x.shape), *z = anyOfShape(x.shape);
  switch (pick(5)) {
  case 0:
    return addBounded(std::string(unary[pick(5)]) + " " + x.name + " : " + t,
                      x.shape);
  case 1: {
    Value c =
        add("full " + std::to_string(1 << pick(3)) + ".0 -> " + t, x.shape);
    return addBounded("div " + x.name + ", " + c.name + " : " + t, x.shape);
  }
  case 2: {
    std::string less = "%v" + std::to_string(count++);
    body += "  " + less + " = needle.less " + x.name + ", " + y->name + " : " +
            t + "\n";
    add("where " + less + ", " + y->name + ", " + z->name + " : " +
            type(x.shape, "i1") + ", " + t,
        x.shape);
    return;
  }
  default:
    return addBounded(std::string(binary[pick(5)]) + " " + x.name + ", " +
                          y->name + " : " + t,
                      x.shape);
  }
}

void RandomGraph::addView() {
  Value x = any();
  Shape shape = x.shape;
  std::string from = x.name, t = type(x.shape);
  switch (pick(4)) {
  case 0: { // a random order of the axes
    Shape permutation(shape.size());
    std::iota(permutation.begin(), permutation.end(), 0);
    std::shuffle(permutation.begin(), permutation.end(), random);
    for (size_t i = 0; i < shape.size(); ++i)
      shape[i] = x.shape[permutation[i]];
    add("transpose " + from + " {permutation = " + list(permutation) +
            "} : " + t,
        shape);
    return;
  }
  case 1: // join or cut axes
    if (shape.size() >= 2 && pick(2)) {
      shape[1] *= shape[0];
      shape.erase(shape.begin());
    } else if (!shape.empty() && shape[0] % 2 == 0 && shape.size() < 4) {
      shape[0] /= 2;
      shape.insert(shape.begin(), 2);
    } else if (shape.size() < 4) {
      shape.insert(shape.begin() + pick(int(shape.size()) + 1), 1);
    }
    add("reshape " + from + " : " + t + " -> " + type(shape), shape);
    return;
  case 2: { // every other element of an axis, or the end of it
    if (shape.empty() || elements(shape) == 0)
      return;
    Shape start(shape.size()), stop(shape), step(shape.size(), 1);
    int axis = pick(int(shape.size()));
    start[axis] = pick(2) && shape[axis] > 1;
    step[axis] = 1 + pick(2);
    shape[axis] = (stop[axis] - start[axis] + step[axis] - 1) / step[axis];
    add("slice " + from + " {start = " + list(start) +
            ", stop = " + list(stop) + ", step = " + list(step) + "} : " + t,
        shape);
    return;
  }
  default:
    for (int64_t &size : shape)
      if (size == 1 && pick(2))
        size = 3;
    if (shape.size() < 4 && elements(shape) < 200)
      shape.insert(shape.begin(), 2);
    add("broadcast_to " + from + " : " + t + " -> " + type(shape), shape);
  }
}

void RandomGraph::addReduction() {
  static const char *ops[] = {"sum", "max", "min"};
  Value x = any();
  if (elements(x.shape) == 0)
    return;
  Shape axes, shape;
  bool keep = pick(2);
  for (size_t axis = 0; axis < x.shape.size(); ++axis)
    if (pick(2))
      axes.push_back(axis);
    else
      shape.push_back(x.shape[axis]);
  if (keep) {
    shape = x.shape;
    for (int64_t axis : axes)
      shape[axis] = 1;
  }
  addBounded(
      std::string(ops[pick(3)]) + " " + x.name + " {axes = " + list(axes) +
          ", keep_dims = " + (keep ? "true" : "false") + "} : " + type(x.shape),
      shape);
  // Often what follows a reduction is broadcast again.
  if (keep && pick(2)) {
    Value reduced = values.back();
    Value wide = add("broadcast_to " + reduced.name + " : " +
                         type(reduced.shape) + " -> " + type(x.shape),
                     x.shape);
    addBounded("sub " + x.name + ", " + wide.name + " : " + type(x.shape),
               x.shape);
  }
}

void RandomGraph::addOther() {
  Value x = any();
  std::string t = type(x.shape);
  switch (pick(4)) {
  case 0:
    if (x.shape.empty())
      return;
    add("iota {axis = " + std::to_string(pick(int(x.shape.size()))) +
            " : i64} -> " + t,
        x.shape);
    return;
  case 1: {
    if (x.shape.empty())
      return;
    const Value *y = anyOfShape(x.shape);
    Shape shape = x.shape;
    shape[0] *= 2;
    add("concat " + x.name + ", " + y->name + " {axis = 0 : i64} : " + t +
            ", " + t,
        shape);
    return;
  }
  default: // [m, k] x [n, k] or one of the other three ways
    if (x.shape.size() != 2)
      return;
    for (const Value &y : values) {
      bool lhs = pick(2), rhs = pick(2);
      if (y.shape.size() != 2 || x.shape[lhs ? 0 : 1] != y.shape[rhs ? 1 : 0])
        continue;
      return addBounded("matmul " + x.name + ", " + y.name +
                            " {transpose_lhs = " + (lhs ? "true" : "false") +
                            ", transpose_rhs = " + (rhs ? "true" : "false") +
                            "} : " + t + ", " + type(y.shape),
                        {x.shape[lhs ? 1 : 0], y.shape[rhs ? 0 : 1]});
    }
  }
}

// Two carries that may change places, a slice, a captured value, a stack.
void RandomGraph::addLoop() {
  Value x = any();
  if (x.shape.empty() || elements(x.shape) == 0)
    return;
  Shape rest(x.shape.begin() + 1, x.shape.end());
  const Value *y = anyOfShape(rest), *z = anyOfShape(rest);
  if (!y)
    return;
  std::string t = type(rest), s = type(x.shape);
  std::string name = "%v" + std::to_string(count++);
  body += "  " + name + ":3 = needle.scan(" + y->name + ", " + z->name + ", " +
          x.name + ", " + z->name +
          ") {length = " + std::to_string(x.shape[0]) +
          " : i64, carries = 2 : i64, slices = 1 : i64, reverse = " +
          (pick(2) ? "true" : "false") + "} : (" + t + ", " + t + ", " + s +
          ", " + t + ") -> (" + t + ", " + t + ", " + s + ") {\n" +
          "  ^bb0(%i: tensor<i64>, %a: " + t + ", %b: " + t + ", %s: " + t +
          ", %c: " + t + "):\n";
  std::vector<Value> outer = {
      {"%a", rest}, {"%b", rest}, {"%s", rest}, {"%c", rest}};
  values.swap(outer);
  for (int op = pick(6); op >= 0; --op)
    pick(3) ? addElementwise() : addView();
  auto yielded = [&] { return anyOfShape(rest)->name; };
  body += "  needle.yield " + yielded() + ", " + yielded() + ", " + yielded() +
          " : " + t + ", " + t + ", " + t + "\n  }\n";
  values.swap(outer);
  values.push_back({name + "#0", rest});
  values.push_back({name + "#1", rest});
  values.push_back({name + "#2", x.shape});
}

std::string RandomGraph::text(int ops) {
  static const std::vector<Shape> shapes = {{4, 6}, {6}, {4, 1}, {}, {4, 4}};
  std::string head = "func.func @f(", returned, types;
  for (size_t i = 0; i < shapes.size(); ++i) {
    values.push_back({"%a" + std::to_string(i), shapes[i]});
    head += (i ? ", " : "") + values.back().name + ": " + type(shapes[i]);
  }
  for (int op = 0; op < ops; ++op) {
    int kind = pick(12);
    if (kind < 5)
      addElementwise();
    else if (kind < 8)
      addView();
    else if (kind < 10)
      addReduction();
    else if (kind < 11)
      addOther();
    else
      addLoop();
  }
  // Some of the last values, perhaps one twice, perhaps an argument.
  std::string attributed;
  for (int result = 0; result < 4; ++result) {
    int recent = std::min<int>(12, int(values.size()));
    const Value &value = values[values.size() - 1 - pick(recent)];
    std::string updates;
    for (size_t i = 0; i < shapes.size() && result < 2; ++i)
      if (shapes[i] == value.shape && int(i) % 2 == result)
        updates = " {needle.updates = " + std::to_string(i) + " : i64}";
    returned += (result ? ", " : "") + value.name;
    types += (result ? ", " : "") + type(value.shape);
    attributed += (result ? ", " : "") + type(value.shape) + updates;
  }
  return head + ") -> (" + attributed + ") {\n" + body + "  return " +
         returned + " : " + types + "\n}\n";
}

std::unique_ptr<mlir::MLIRContext> makeContext() {
  mlir::DialectRegistry registry;
  registry.insert<ir::NeedleDialect, mlir::func::FuncDialect,
                  mlir::arith::ArithDialect, mlir::math::MathDialect>();
  auto context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

std::vector<codegen::reference::HostArray>
randomArguments(mlir::func::FuncOp function, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<codegen::reference::HostArray> arguments;
  for (mlir::Type argument : function.getArgumentTypes()) {
    arguments.push_back(codegen::reference::HostArray::zeros(
        mlir::cast<mlir::RankedTensorType>(argument)));
    auto &array = arguments.back();
    for (int64_t i = 0; i < array.elements(); ++i)
      array.data<float>()[i] = float(int(random() % 9) - 4);
  }
  return arguments;
}

} // namespace needle::test
