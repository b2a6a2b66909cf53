// Generator.h - a random graph of ops from a table, and its arguments.
#pragma once

#include "GraphBuilder.h"

#include <functional>
#include <optional>
#include <random>
#include <span>

namespace needle::fuzz {

class Generator;

/// How to add one op, of values there are, to the graph in the making. False:
/// no values fit this time.
struct OpMaker {
  const char *op; // of the IR
  int weight;
  bool (*make)(Generator &generator);
};

/// The table, by family. A test fails for a registered op that is not in it.
std::span<const OpMaker> elementwiseMakers();
std::span<const OpMaker> createMakers();
std::span<const OpMaker> reduceMakers();
std::span<const OpMaker> shapeMakers();
std::span<const OpMaker> contractMakers();
std::span<const OpMaker> indexMakers();
std::span<const OpMaker> randomMakers();
std::span<const OpMaker> regionMakers();
std::span<const OpMaker> gradientMakers();
/// All of them.
const std::vector<OpMaker> &opMakers();

struct Options {
  int ops = 14;         // about
  bool isLarge = false; // tensors that several threads share
  /// Elements of floating arguments may be infinite, NaN, -0 or subnormal.
  bool isSpecial = false;
};

/// Elements of one argument, as its dtype's bytes.
using ArgumentBytes = std::vector<std::byte>;

/// A graph and what to run it on; everything follows from the seed.
struct GeneratedGraph {
  Graph graph;
  std::vector<ArgumentBytes> arguments;
};
GeneratedGraph generate(uint64_t seed);

/// The number of a dtype that `value` becomes.
inline double rounded(DType dtype, double value) {
  return withElement(dtype,
                     [&](auto zero) { return double(decltype(zero)(value)); });
}

class Generator {
public:
  Generator(uint64_t seed, const Options &options);
  GeneratedGraph run();

  // ---- chance
  int pick(int count) { return int(random() % unsigned(count)); }
  bool chance(int percent) { return pick(100) < percent; }
  double real(double lo, double hi);

  // ---- types
  int64_t size();
  Shape shape(int maxRank = 5);
  DType floatType() {
    return chance(15) ? bfloat16 : chance(60) ? float32 : float64;
  }
  DType numberType();
  bool fits(const Shape &shape) const;
  ValueType typeOf(DType dtype, const Shape &shape) const {
    return {dtype, shape, ""};
  }

  // ---- values
  /// One that the test accepts, rather a late one.
  template <class Test> std::optional<Value> find(Test test);
  std::optional<Value> findFloat(int minRank = 0);
  std::optional<Value> findNumber(int minRank = 0);
  /// A value of exactly this type: one there is, one broadcast, a new argument
  /// or a constant.
  Value ofType(DType dtype, const Shape &shape);
  /// Integers from `lo` to `hi`: indices, usually.
  Value integers(DType dtype, const Shape &shape, int64_t lo, int64_t hi);
  Value key();
  Value fullOf(DType dtype, const Shape &shape, double value);
  Value broadcast(const Value &x, const Shape &shape);
  /// Of `x`, with all elements in [lo, hi].
  Value within(const Value &x, double lo, double hi);
  /// The same, when they could be large.
  Value calm(const Value &x) {
    return x.magnitude() > 30 ? within(x, -2, 2) : x;
  }
  /// As front ends write `x op y`: the other operand, and both broadcast.
  std::pair<Value, Value> pairWith(const Value &x);

  // ---- ops
  /// A node with one result, which becomes a value to choose from. A floating
  /// one may be pinned.
  Value add(const std::string &op, const std::vector<Value> &inputs,
            const ValueType &type, std::vector<Attribute> attributes, double lo,
            double hi);
  /// Lets ops use a value that a node has made.
  Value publish(Value value);
  bool makeOne();

  GraphBuilder &graph() { return *current; }
  /// In a body, values of the graph around it can be captured.
  struct Body {
    GraphBuilder builder;
    std::vector<Value> captured; // of the graph around
  };
  /// Makes ops in `body` instead, until called with null.
  void enter(Body *body);
  bool isInside() const { return inside != nullptr; }

private:
  Value argumentOf(DType dtype, const Shape &shape);
  ArgumentBytes drawArgument(const ValueType &type, const Draw &draw);
  void chooseResults();

  std::mt19937_64 random;
  Options options;
  std::vector<int64_t> sizes; // of this graph, so that shapes meet
  GraphBuilder outer;
  GraphBuilder *current = &outer;
  Body *inside = nullptr;
};

template <class Test> std::optional<Value> Generator::find(Test test) {
  std::vector<const Value *> found;
  for (const Value &value : current->values)
    if (value.type.target.empty() && test(value))
      found.push_back(&value);
  if (found.empty())
    return std::nullopt;
  // The later of two.
  size_t at = random() % found.size();
  at = std::max<size_t>(at, random() % found.size());
  return *found[at];
}

} // namespace needle::fuzz
