// Random.cpp - keys, the thread's random state, draws.
#include "needle/frontend/ops/Random.h"

#include "needle/frontend/Record.h"
#include "needle/frontend/Trace.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Shape.h"
#include "needle/runtime/Environment.h"

#include <atomic>
#include <bit>
#include <unistd.h>

using namespace needle;
using namespace needle::detail;

// ---- the thread's state ----------------------------------------------------
// Threefry-2x32, 20 rounds (Salmon et al., SC 2011) on the host: keys of
// threads are made before anything is recorded.
static uint64_t threefry(uint64_t key, uint64_t counter) {
  constexpr int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  auto k0 = uint32_t(key >> 32), k1 = uint32_t(key);
  uint32_t keys[3] = {k0, k1, k0 ^ k1 ^ 0x1bd11bda};
  uint32_t a = uint32_t(counter >> 32) + k0, b = uint32_t(counter) + k1;
  for (uint32_t round = 0; round < 5; ++round) {
    for (int i = 0; i < 4; ++i) {
      a += b;
      b = std::rotl(b, rotations[(round % 2) * 4 + unsigned(i)]) ^ a;
    }
    a += keys[(round + 1) % 3];
    b += keys[(round + 2) % 3] + round + 1;
  }
  return uint64_t(a) << 32 | b;
}

static thread_local RandomScope *innermostScope = nullptr;

static RandomState &outermostState() {
  static std::atomic<uint64_t> threads{0};
  static thread_local RandomState state{
      gettid() == getpid()
          ? environment::seed()
          : threefry(threefry(environment::seed(), UINT32_MAX), threads++),
      0};
  return state;
}

RandomScope::RandomScope(uint64_t seed)
    : key(seed), trace(context.trace), outer(innermostScope) {
  innermostScope = this;
}
RandomScope::~RandomScope() { innermostScope = outer; }

RandomState detail::randomState() {
  if (innermostScope)
    return {innermostScope->key, innermostScope->count};
  return outermostState();
}
void detail::advanceRandomState(int64_t draws) {
  (innermostScope ? innermostScope->count : outermostState().count) += draws;
}

// ---- keys ------------------------------------------------------------------
static constexpr OpInfo foldInOp{"fold_in"};

// An argument of every program, so that no other value compiles again.
static Tensor scalar(uint64_t bits, Role role, Where where) {
  uint64_t words[] = {bits, uint64_t(role)};
  RecordIn outside(0);
  return Tensor::adopt(
      record({&scalarOp, DType::int64, currentTarget(), {}, words, {}, where}));
}
static Tensor foldedIn(const Tensor &key, const Tensor &data, Where where) {
  return Recording(foldInOp, where).use(key).use(data).result(DType::int64, Shape());
}

Key::Key(uint64_t seed, Where where) : bits(scalar(seed, Role::key, where)) {}

Key needle::foldIn(const Key &key, uint64_t data, Where where) {
  return Key(foldedIn(key.tensor(), scalar(data, Role::count, where), where));
}
Key needle::foldIn(const Key &key, const Tensor &data, Where where) {
  check(data, "foldIn", where);
  if (!isInteger(data.dtype()) || data.shape().rank())
    fail<DTypeError>("foldIn", where,
                     "wants one integer, got " + toString(data.dtype()) + " " +
                         toString(data.shape()));
  return Key(
      foldedIn(key.tensor(), convertTo(data, DType::int64, where), where));
}
std::vector<Key> needle::split(const Key &key, int64_t count, Where where) {
  static constexpr OpInfo splitKeyOp{"split_key", {{"count", Field::i64}}};
  if (count < 0)
    fail<ShapeError>("split", where, "a negative number of keys");
  Tensor all = Recording(splitKeyOp, where)
                   .use(key.tensor())
                   .attribute(count)
                   .result(DType::int64, {count});
  std::vector<Key> keys;
  for (int64_t i = 0; i < count; ++i)
    keys.push_back(
        Key(reshape(slice(all, {i}, {i + 1}, {}, where), Shape(), where)));
  return keys;
}
std::pair<Key, Key> needle::split(const Key &key, Where where) {
  std::vector<Key> keys = split(key, 2, where);
  return {keys[0], keys[1]};
}

// The draw's key is made where the trace begins, each body of a scan on the way
// then folds in its iteration.
static Tensor inRegions(Tensor key, OpenTrace *open, Where where) {
  if (!open || open->iteration.empty())
    return key;
  key = inRegions(std::move(key), open->outer, where);
  RecordIn region(open->id);
  return foldedIn(key, open->iteration, where);
}

Key needle::nextKey(Where where) {
  Tracer *tracer = currentTracer();
  bool isScoped = tracer && innermostScope && innermostScope->trace;
  RecordIn outermost(tracer ? tracer->id : 0);
  Tensor key;
  if (!tracer) {
    RandomState state = randomState();
    advanceRandomState(1);
    key = foldedIn(scalar(state.key, Role::key, where),
                   scalar(uint64_t(state.count), Role::count, where), where);
  } else if (isScoped) { // opened by the function itself: constants
    key = foldedIn(
        fullOf(int64_t(innermostScope->key), {}, DType::int64, where),
        fullOf(innermostScope->count++, {}, DType::int64, where), where);
  } else {
    Tensor ordinal = fullOf(tracer->draws++, {}, DType::int64, where);
    key = foldedIn(tracer->key(),
                   add({tracer->count(), where}, {ordinal, where}), where);
  }
  return Key(inRegions(std::move(key), innermostTrace(), where));
}

// ---- draws -----------------------------------------------------------------
static void checkFloating(const char *op, DType dtype, Where where) {
  if (!isFloating(dtype))
    fail<DTypeError>(op, where,
                     "wants a floating dtype, got " + toString(dtype));
}
Tensor random::uniform(const Key &key, const Shape &shape, double low,
                       double high, DType dtype, Where where) {
  static constexpr OpInfo uniformOp{
      "uniform", {{"low", Field::f64}, {"high", Field::f64}}};
  checkFloating("uniform", dtype, where);
  return Recording(uniformOp, where)
      .use(key.tensor())
      .attribute(low)
      .attribute(high)
      .result(dtype, shape);
}
Tensor random::normal(const Key &key, const Shape &shape, DType dtype,
                      Where where) {
  checkFloating("normal", dtype, where);
  return Recording(op<"normal">, where).use(key.tensor()).result(dtype, shape);
}
Tensor random::bernoulli(const Key &key, double probability, const Shape &shape,
                         Where where) {
  static constexpr OpInfo bernoulliOp{"bernoulli",
                                      {{"probability", Field::f64}}};
  if (!(probability >= 0 && probability <= 1))
    fail<Error>("bernoulli", where, "the probability is not in [0, 1]");
  return Recording(bernoulliOp, where)
      .use(key.tensor())
      .attribute(probability)
      .result(DType::boolean, shape);
}
Tensor random::bits(const Key &key, const Shape &shape, DType dtype,
                    Where where) {
  if (!isInteger(dtype))
    fail<DTypeError>("bits", where,
                     "wants int32 or int64, got " + toString(dtype));
  return Recording(op<"random_bits">, where)
      .use(key.tensor())
      .result(dtype, shape);
}

Tensor needle::rand(const Shape &shape, DType dtype, Where where) {
  return random::uniform(nextKey(where), shape, 0, 1, dtype, where);
}
Tensor needle::randn(const Shape &shape, DType dtype, Where where) {
  return random::normal(nextKey(where), shape, dtype, where);
}
