// Generator.cpp - chooses ops from the table until the graph is large enough.
#include "Generator.h"

#include "needle/runtime/ShapeRules.h"

#include <cmath>
#include <cstring>

namespace needle::fuzz {

const std::vector<OpMaker> &opMakers() {
  static const std::vector<OpMaker> all = [] {
    std::vector<OpMaker> all;
    for (auto family : {elementwiseMakers(), createMakers(), reduceMakers(),
                        shapeMakers(), contractMakers(), indexMakers(),
                        randomMakers(), regionMakers(), gradientMakers()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return all;
}

Generator::Generator(uint64_t seed, const Options &options)
    : random(seed), options(options) {
  // Around the widths of vectors, primes, and what is special.
  static const int64_t small[] = {1, 1,  2,  2,  3,  3,  4,  5,  7,  8,
                                  9, 11, 13, 15, 16, 17, 31, 33, 64, 65};
  static const int64_t large[] = {1, 3, 17, 64, 257, 509};
  for (int i = 0; i < 3; ++i)
    sizes.push_back(options.isLarge ? large[pick(6)] : small[pick(20)]);
  if (chance(5))
    sizes.push_back(0);
  sizes.push_back(1);
}

double Generator::real(double lo, double hi) {
  return lo + (hi - lo) * double(random() >> 11) * 0x1p-53;
}

// ---- types ------------------------------------------------------------------

int64_t Generator::size() { return sizes[size_t(pick(int(sizes.size())))]; }

bool Generator::fits(const Shape &shape) const {
  return shape.rank() <= 5 &&
         shape.elements() <= (options.isLarge ? 150000 : 3000);
}

Shape Generator::shape(int maxRank) {
  static const int ranks[] = {0, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5};
  for (;;) {
    std::vector<int64_t> dims(size_t(std::min(ranks[pick(11)], maxRank)));
    for (int64_t &dim : dims)
      dim = size();
    Shape shape = shapeOf(dims);
    if (fits(shape))
      return shape;
  }
}

DType Generator::numberType() {
  int which = pick(20);
  return which < 8    ? float32
         : which < 14 ? float64
         : which < 16 ? bfloat16
         : which < 18 ? int32
                      : int64;
}

// ---- values -----------------------------------------------------------------

std::optional<Value> Generator::findFloat(int minRank) {
  return find(
      [&](const Value &x) { return x.isFloat() && x.rank() >= minRank; });
}
std::optional<Value> Generator::findNumber(int minRank) {
  return find([&](const Value &x) {
    return x.dtype() != boolean && x.rank() >= minRank;
  });
}

Value Generator::argumentOf(DType dtype, const Shape &shape) {
  Draw draw;
  if (!isFloating(dtype)) {
    draw.kind = Draw::whole;
    draw.lo = dtype == boolean ? 0 : -5;
    draw.hi = dtype == boolean ? 1 : 5;
  } else if (options.isSpecial && chance(50)) {
    draw.kind = Draw::special;
  } else if (chance(15)) {
    draw.kind = Draw::whole; // ties
    draw.lo = -3, draw.hi = 3;
  } else if (chance(20)) {
    draw.lo = 0.5;
  }
  Role role = chance(40) ? Role::variable : Role::input;
  if (inside) { // an argument of the graph around, captured
    GraphBuilder *body = current;
    current = &outer;
    Value from = current->argument(typeOf(dtype, shape), draw, role);
    current = body;
    inside->captured.push_back(from);
    Value captured = current->argument(from.type, draw, Role::input);
    return captured;
  }
  return publish(current->argument(typeOf(dtype, shape), draw, role));
}

Value Generator::fullOf(DType dtype, const Shape &shape, double value) {
  value = rounded(dtype, value);
  AttributeValue attribute = value;
  if (!isFloating(dtype))
    attribute = int64_t(value);
  return add("full", {}, typeOf(dtype, shape), {{"value", attribute}}, value,
             value);
}

Value Generator::broadcast(const Value &x, const Shape &shape) {
  if (x.shape() == shape)
    return x;
  return add("broadcast_to", {x}, typeOf(x.dtype(), shape), {}, x.lo, x.hi);
}

Value Generator::ofType(DType dtype, const Shape &shape) {
  auto same = find(
      [&](const Value &x) { return x.dtype() == dtype && x.shape() == shape; });
  if (same && chance(75))
    return *same;
  auto smaller = find([&](const Value &x) {
    return x.dtype() == dtype &&
           rules::broadcastTo(x.shape().dims(), shape.dims()).ok();
  });
  if (smaller && chance(40))
    return broadcast(*smaller, shape);
  if (inside && chance(30)) { // captures what the graph around has
    for (size_t i = outer.values.size(); i-- > 0;) {
      Value from = outer.values[i];
      if (from.dtype() != dtype || !(from.shape() == shape) ||
          !from.type.target.empty())
        continue;
      inside->captured.push_back(from);
      return publish(current->argument(
          from.type, {Draw::uniform, from.lo, from.hi}, Role::input));
    }
  }
  if (chance(15))
    return fullOf(dtype, shape, dtype == boolean ? pick(2) : pick(7) - 3);
  return argumentOf(dtype, shape);
}

Value Generator::integers(DType dtype, const Shape &shape, int64_t lo,
                          int64_t hi) {
  auto ready = find([&](const Value &x) {
    return x.dtype() == dtype && x.shape() == shape && x.lo >= double(lo) &&
           x.hi <= double(hi);
  });
  if (ready && chance(50))
    return *ready;
  Draw draw{Draw::whole, double(lo), double(hi)};
  if (!inside)
    return current->argument(typeOf(dtype, shape), draw, Role::input);
  GraphBuilder *body = current;
  Value from = outer.argument(typeOf(dtype, shape), draw, Role::input);
  current = body;
  inside->captured.push_back(from);
  return current->argument(from.type, draw, Role::input);
}

Value Generator::key() {
  auto ready = find([](const Value &x) {
    return x.dtype() == int64 && x.rank() == 0 && x.hi > 1e18;
  });
  if (ready && chance(70))
    return *ready;
  ValueType type = typeOf(int64, {});
  Draw draw{Draw::key, -0x1p63, 0x1p63};
  if (!inside)
    return current->argument(type, draw, Role::key);
  inside->captured.push_back(outer.argument(type, draw, Role::key));
  return current->argument(type, draw, Role::input);
}

Value Generator::within(const Value &x, double lo, double hi) {
  if (x.lo >= lo && x.hi <= hi)
    return x;
  hi = std::min(hi, lo + 4);
  DType dtype = x.dtype();
  if (!isFloating(dtype) || chance(15)) { // cut off
    Value above = add("maximum", {x, fullOf(dtype, x.shape(), lo)}, x.type, {},
                      lo, std::max(lo, x.hi));
    return add("minimum", {above, fullOf(dtype, x.shape(), hi)}, x.type, {}, lo,
               hi);
  }
  Value unit = add("tanh", {x}, x.type, {}, -1, 1);
  double scale = (hi - lo) / 2 * 0.9, shift = (hi + lo) / 2;
  Value scaled = add("mul", {unit, fullOf(dtype, x.shape(), scale)}, x.type, {},
                     -scale, scale);
  if (shift == 0)
    return scaled;
  return add("add", {scaled, fullOf(dtype, x.shape(), shift)}, x.type, {},
             shift - scale, shift + scale);
}

std::pair<Value, Value> Generator::pairWith(const Value &x) {
  auto meets = [&](const Value &y) {
    rules::Inferred both = rules::broadcast(x.shape().dims(), y.shape().dims());
    return y.dtype() == x.dtype() && both.ok() && fits(both.shape);
  };
  auto found = chance(70) ? find(meets) : std::nullopt;
  Value y;
  if (found) {
    y = *found;
  } else { // some axes of x, some of size 1
    std::vector<int64_t> dims(x.shape().begin(), x.shape().end());
    for (int64_t &dim : dims)
      if (chance(25))
        dim = 1;
    if (!dims.empty() && chance(25))
      dims.erase(dims.begin());
    y = ofType(x.dtype(), shapeOf(dims));
  }
  Shape shape = rules::broadcast(x.shape().dims(), y.shape().dims()).shape;
  Value a = broadcast(calm(x), shape), b = broadcast(calm(y), shape);
  return chance(50) ? std::pair(a, b) : std::pair(b, a);
}

// ---- ops --------------------------------------------------------------------

Value Generator::publish(Value value) {
  if (value.isFloat() && value.type.target.empty() &&
      current->pins.size() < 64 && chance(12)) {
    Value pinned = current->node("pin", {value}, {value.type})[0];
    uint64_t bit = uint64_t(1) << current->pins.size();
    pinned.lo = value.lo, pinned.hi = value.hi;
    pinned.surePins |= bit;
    pinned.maybePins |= bit;
    // Every other use goes through the pin.
    std::erase_if(current->values,
                  [&](const Value &other) { return other.id == value.id; });
    current->pins.push_back(pinned);
    current->values.push_back(pinned);
    return pinned;
  }
  bool isListed =
      !current->values.empty() && current->values.back().id == value.id;
  if (!isListed)
    current->values.push_back(value);
  return value;
}

Value Generator::add(const std::string &op, const std::vector<Value> &inputs,
                     const ValueType &type, std::vector<Attribute> attributes,
                     double lo, double hi) {
  Value made = current->node(op, inputs, {type}, std::move(attributes))[0];
  made.lo = lo, made.hi = hi;
  return publish(made);
}

bool Generator::makeOne() {
  static const int total = [] {
    int total = 0;
    for (const OpMaker &maker : opMakers())
      total += maker.weight;
    return total;
  }();
  int at = pick(total);
  for (const OpMaker &maker : opMakers())
    if ((at -= maker.weight) < 0)
      return maker.make(*this);
  return false;
}

void Generator::enter(Body *body) {
  inside = body;
  current = body ? &body->builder : &outer;
}

// ---- the graph --------------------------------------------------------------

void Generator::chooseResults() {
  std::vector<Value> all = outer.values;
  std::vector<bool> isUpdated(outer.arguments.size());
  // What nothing else reads is among the last; ties, twins and arguments, too.
  size_t count = std::min<size_t>(all.size(), size_t(2 + pick(6)));
  for (size_t i = 0; i < count; ++i) {
    size_t back = i < 3 ? i : random() % all.size();
    const Value &value = all[all.size() - 1 - back];
    int updates = -1;
    for (size_t k = 0; k < outer.arguments.size() && updates < 0; ++k) {
      const Value &argument = outer.arguments[k];
      if (!isUpdated[k] && argument.type == value.type && chance(50) &&
          argument.isFloat())
        updates = int(k);
    }
    if (updates >= 0)
      isUpdated[size_t(updates)] = true;
    outer.result(value, "r" + std::to_string(i), updates);
  }
}

ArgumentBytes Generator::drawArgument(const ValueType &type, const Draw &draw) {
  static const double specials[] = {
      0.0,    -0.0, 1.0,   -1.0, INFINITY, -INFINITY, NAN,  1e-40,
      -1e-45, 3e38, -3e38, 0.5,  1e-310,   2.0,       -2.0, 1.5};
  ArgumentBytes bytes(size_t(type.shape.elements()) * byteSize(type.dtype));
  auto element = [&]() -> double {
    switch (draw.kind) {
    case Draw::whole:
      return std::floor(real(draw.lo, draw.hi + 1));
    case Draw::special:
      return specials[pick(16)];
    default:
      return real(draw.lo, draw.hi);
    }
  };
  auto fill = [&](auto null) {
    using T = decltype(null);
    for (size_t at = 0; at < bytes.size(); at += sizeof(T)) {
      T value = draw.kind == Draw::key ? T(random()) : T(element());
      std::memcpy(bytes.data() + at, &value, sizeof value);
    }
  };
  withElement(type.dtype, fill);
  return bytes;
}

GeneratedGraph Generator::run() {
  argumentOf(floatType(), shape());
  if (chance(50))
    argumentOf(floatType(), shape());
  int wanted = 1 + pick(2 * options.ops);
  for (int tries = 0; int(outer.nodeCount()) < wanted && tries < 20 * wanted;
       ++tries)
    makeOne();
  chooseResults();
  GeneratedGraph made{outer.finish(), {}};
  made.graph.name = "fuzz";
  made.graph.files = {"fuzz.cpp"};
  for (size_t i = 0; i < made.graph.arguments.size(); ++i) {
    GraphArgument &argument = made.graph.arguments[i];
    for (const GraphResult &result : made.graph.results)
      if (result.updates == int64_t(i))
        argument.role = Role::variable;
    made.arguments.push_back(drawArgument(argument.type, outer.draws()[i]));
  }
  return made;
}

GeneratedGraph generate(uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x9e3779b97f4a7c15);
  Options options;
  options.isLarge = random() % 40 == 0;
  options.isSpecial = random() % 20 == 0;
  options.ops = options.isLarge ? 6 : random() % 4 == 0 ? 40 : 14;
  return Generator(seed, options).run();
}

} // namespace needle::fuzz
