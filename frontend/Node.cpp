// Node.cpp - arenas, recording, and the death of nodes.
#include "needle/frontend/Node.h"

#include "needle/frontend/Realization.h"
#include "needle/frontend/Record.h"
#include "needle/runtime/Poison.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <string>
#include <sys/mman.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace needle::detail {

constinit thread_local Context context;

struct Slab {
  Arena *arena;
  char padding[56];
};

struct Arena {
  static constexpr size_t classes = 64; // of 16 bytes
  char *bump = nullptr, *bumpEnd = nullptr, *chunk = nullptr,
       *chunkEnd = nullptr;
  Node *freeLists[classes] = {};
  uint64_t sequence = 0;
  // Written by the lessee only; read by liveTensors().
  std::atomic<int64_t> live{0};
  // Dead nodes that other threads hand back.
  alignas(64) std::atomic<Node *> handedBack{nullptr};
  std::atomic<int64_t> handedBackCount{0};

  Node *allocate(size_t bytes);
  [[gnu::noinline]] Node *allocateFresh(size_t bytes);
  void reclaim(Node *node) noexcept;
  void drain() noexcept;
};

static size_t bytesOf(const Node *node) {
  return sizeof(Node) +
         8 * (size_t(node->rank) + node->attributeWords + node->inputCount) +
         (node->is(Node::inPlace) ? sizeof(Realization) : 0);
}
static Arena *arenaOf(const Node *node) {
  return reinterpret_cast<Slab *>(reinterpret_cast<uintptr_t>(node) &
                                  ~(slabBytes - 1))
      ->arena;
}

inline Node *Arena::allocate(size_t bytes) {
  size_t sizeClass = (bytes + 15) / 16;
  if (sizeClass < classes) {
    if (Node *node = freeLists[sizeClass]) [[likely]] {
      runtime::unpoison(node, sizeClass * 16);
      freeLists[sizeClass] = node->next;
      return node;
    }
  }
  return allocateFresh(bytes);
}

Node *Arena::allocateFresh(size_t bytes) {
  size_t sizeClass = (bytes + 15) / 16;
  if (sizeClass < classes) {
    bytes = sizeClass * 16;
    if (size_t(bumpEnd - bump) < bytes) {
      if (chunk == chunkEnd) { // one slab first, then 2 MiB at a time
        size_t size = chunk ? size_t(2) << 20 : slabBytes;
        auto *memory = static_cast<char *>(std::aligned_alloc(size, size));
        if (!memory)
          throw std::bad_alloc();
        if (size > slabBytes)
          madvise(memory, size, MADV_HUGEPAGE);
        chunk = memory;
        chunkEnd = memory + size;
      }
      new (chunk) Slab{this, {}};
      bump = chunk + sizeof(Slab);
      bumpEnd = chunk += slabBytes;
    }
    return reinterpret_cast<Node *>(std::exchange(bump, bump + bytes));
  }
  // Thousands of inputs: a block of its own, behind a slab header of its own.
  size_t size = (bytes + sizeof(Slab) + slabBytes - 1) & ~(slabBytes - 1);
  void *memory = std::aligned_alloc(slabBytes, size);
  if (!memory)
    throw std::bad_alloc();
  return reinterpret_cast<Node *>(new (memory) Slab{this, {}} + 1);
}

inline void Arena::reclaim(Node *node) noexcept {
  live.store(live.load(std::memory_order_relaxed) - 1,
             std::memory_order_relaxed);
  size_t sizeClass = (bytesOf(node) + 15) / 16;
  if (sizeClass >= classes)
    return std::free(reinterpret_cast<char *>(node) - sizeof(Slab));
  node->next = freeLists[sizeClass];
  freeLists[sizeClass] = node;
  runtime::poison(node, sizeClass * 16);
  runtime::unpoison(&node->next, sizeof node->next);
}

void Arena::drain() noexcept {
  Node *node = handedBack.exchange(nullptr, std::memory_order_acquire);
  while (node) {
    Node *next = node->next;
    handedBackCount.fetch_sub(1, std::memory_order_relaxed);
    reclaim(node);
    node = next;
  }
}

// ---- one arena per thread --------------------------------------------------
namespace {
// Leaked on purpose: handles outlive threads and main.
struct Pool {
  std::mutex mutex;
  std::vector<Arena *> free, all;
};
Pool &pool() {
  static Pool *pool = new Pool;
  return *pool;
}
struct Lease {
  ~Lease() {
    std::lock_guard lock(pool().mutex);
    if (context.arena)
      pool().free.push_back(std::exchange(context.arena, nullptr));
  }
};
} // namespace

static Arena *leaseArena() {
  static thread_local Lease lease;
  (void)&lease;
  Pool &p = pool();
  std::lock_guard lock(p.mutex);
  if (p.free.empty())
    p.all.push_back(context.arena = new Arena);
  else {
    context.arena = p.free.back();
    p.free.pop_back();
  }
  return context.arena;
}

// ---- recording -------------------------------------------------------------
// Whether `trace` is open on this thread (Trace.cpp).
bool isOpenTrace(uint32_t trace);

static Arena *arenaToUse() {
  Arena *arena = context.arena ? context.arena : leaseArena();
  if (arena->handedBack.load(std::memory_order_relaxed))
    arena->drain();
  return arena;
}

// Writes a node with its words; without its payload.
static inline void write(Arena *arena, Node *node, const NewNode &from,
                         Where where, uint32_t trace, uint8_t state) {
  ::new (node) Node{.refs = {1},
                    .dtype = from.dtype,
                    .target = from.target,
                    .rank = uint8_t(from.dims.size()),
                    .state = {state},
                    .attributeWords = uint32_t(from.attributes.size()),
                    .inputCount = uint32_t(from.inputs.size()),
                    .visit = 0,
                    .trace = trace,
                    .sequence = ++arena->sequence,
                    .op = from.op,
                    .file = where.file,
                    .line = where.line,
                    .scope = context.scope,
                    .payload = nullptr};
  uint64_t *words = node->words();
  for (int64_t dim : from.dims)
    *words++ = uint64_t(dim);
  for (uint64_t word : from.attributes)
    *words++ = word;
  for (Node *input : from.inputs)
    *words++ = reinterpret_cast<uintptr_t>(input);
  arena->live.store(arena->live.load(std::memory_order_relaxed) + 1,
                    std::memory_order_relaxed);
}

static inline Node *writeValue(Arena *arena, const NewNode &from,
                               runtime::BufferPtr &&value, Where where,
                               uint8_t state) {
  size_t words = from.dims.size() + from.attributes.size();
  Node *node = arena->allocate(sizeof(Node) + 8 * words + sizeof(Realization));
  write(arena, node, from, where, 0,
        state | Node::realized | Node::cut | Node::inPlace);
  node->payload = ::new (node->words() + words)
      Realization{std::move(value), nullptr, where};
  return node;
}

Node *record(const NewNode &from) {
  Arena *arena = arenaToUse();
  uint8_t tracked = 0;
  for (Node *input : from.inputs) {
    if (input->trace != context.trace && input->trace &&
        !isOpenTrace(input->trace) && !input->is(Node::realized))
      throw TraceError(reported(from.where),
                       complaint(from.op->name,
                                 "an operand belongs to a trace that has "
                                 "ended, or runs on another thread"));
    tracked |= input->state.load(std::memory_order_relaxed);
  }
  Node *node = arena->allocate(
      sizeof(Node) +
      8 * (from.dims.size() + from.attributes.size() + from.inputs.size()));
  // References first: a locked instruction waits for every store before it.
  for (Node *input : from.inputs)
    retain(input);
  write(arena, node, from, reported(from.where), context.trace,
        isFloating(from.dtype) ? tracked & Node::tracked : 0);
  return node;
}

Node *recordValue(const NewNode &from, runtime::BufferPtr value,
                  uint8_t state) {
  return writeValue(arenaToUse(), from, std::move(value), reported(from.where),
                    state);
}

void recordValues(const OpInfo &op, std::span<const ResultType> types,
                  std::span<runtime::BufferPtr> values, uint8_t state,
                  Where where, std::span<Node *> nodes) {
  Arena *arena = arenaToUse();
  where = reported(where);
  std::ranges::fill(nodes, nullptr);
  for (size_t i = 0; i < types.size(); ++i)
    nodes[i] = writeValue(arena,
                          {&op,
                           types[i].dtype,
                           types[i].target,
                           types[i].shape.dims(),
                           {},
                           {},
                           where},
                          std::move(values[i]), where, state);
}

bool recordedBefore(const Node *a, const Node *b) {
  return arenaOf(a) == arenaOf(b) && a->sequence < b->sequence;
}

// ---- death -----------------------------------------------------------------
static inline void handBack(Node *node) noexcept {
  Arena *arena = arenaOf(node);
  if (arena == context.arena)
    return arena->reclaim(node);
  arena->handedBackCount.fetch_add(1, std::memory_order_relaxed);
  node->next = arena->handedBack.load(std::memory_order_relaxed);
  while (!arena->handedBack.compare_exchange_weak(
      node->next, node, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

// Of nodes with inputs, or with a payload or an Owned elsewhere.
static void destroyGraph(Node *first) noexcept;

void destroy(Node *node) noexcept {
  if (!node->is(Node::inPlace))
    return destroyGraph(node);
  node->payload->~Realization(); // and it owns nothing else
  handBack(node);
}

static void destroyGraph(Node *first) noexcept {
  first->next = nullptr;
  Node *work = first;
  auto let = [](Node *node, void *list) {
    if (node->refs.load(std::memory_order_acquire) == 1 && isMine(node))
      node->refs.store(0, std::memory_order_relaxed);
    else if (node->refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
      return;
    node->next = *static_cast<Node **>(list);
    *static_cast<Node **>(list) = node;
  };
  auto letOwned = [&](Node *node) {
    if (node->op->ownedWord < 0)
      return;
    auto *owned = reinterpret_cast<Owned *>(
        node->attributes()[size_t(node->op->ownedWord)]);
    if (owned)
      owned->letGo(let, &work);
    delete owned;
  };
  while (work) {
    Node *node = std::exchange(work, work->next);
    if (!node->is(Node::cut))
      for (Node *input : node->inputs())
        let(input, &work);
    if (node->is(Node::inPlace)) {
      node->payload->~Realization();
    } else {
      delete node->payload;
      letOwned(node);
    }
    handBack(node);
  }
}

// ---- module paths ----------------------------------------------------------
namespace {
struct Scopes {
  std::mutex mutex;
  std::deque<std::string> names{""};
  std::unordered_map<std::string_view, uint32_t> numbers;
};
Scopes &scopes() {
  static Scopes *scopes = new Scopes;
  return *scopes;
}
} // namespace

uint32_t internScope(std::string_view path) {
  if (path.empty())
    return 0;
  Scopes &s = scopes();
  std::lock_guard lock(s.mutex);
  if (auto it = s.numbers.find(path); it != s.numbers.end())
    return it->second;
  s.names.emplace_back(path);
  auto number = uint32_t(s.names.size() - 1);
  s.numbers.emplace(s.names.back(), number);
  return number;
}
const std::string &scopeName(uint32_t scope) {
  Scopes &s = scopes();
  std::lock_guard lock(s.mutex);
  return s.names[scope];
}

std::string complaint(const char *op, const std::string &text) {
  std::string all = context.scope ? scopeName(context.scope) + ": " : "";
  return all + op + ": " + text;
}

} // namespace needle::detail

int64_t needle::liveTensors() {
  detail::Pool &pool = detail::pool();
  std::lock_guard lock(pool.mutex);
  int64_t live = 0;
  for (const detail::Arena *arena : pool.all)
    live += arena->live.load(std::memory_order_relaxed) -
            arena->handedBackCount.load(std::memory_order_relaxed);
  return live;
}
