// ProgramCache.h - what was made for a canonical key, kept for the next time.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace needle::runtime {

/// xxh3 of the words. Hashes only find candidates; keys are compared in full.
uint64_t hashWords(std::span<const uint64_t> words);

/// A map from keys to values that keeps the `capacity` last used ones. Safe
/// from any thread; a value is made once, however many threads ask for it.
template <class Value> class ProgramCache {
public:
  explicit ProgramCache(size_t capacity) : capacity(capacity) {}
  ProgramCache(const ProgramCache &) = delete;

  /// The value of `key`; what make() returns when there is none yet. Other
  /// threads that want it wait; when make() throws, one of them makes it.
  template <class Make>
  std::shared_ptr<const Value> get(std::span<const uint64_t> key,
                                   const Make &make) {
    {
      std::unique_lock lock(mutex);
      for (;;) {
        auto found = entries.find(key);
        if (found == entries.end())
          break;
        if (found->second->value) {
          order.splice(order.begin(), order, found->second);
          return found->second->value;
        }
        changed.wait(lock); // being made
      }
      order.push_front({{key.begin(), key.end()}, nullptr});
      entries.emplace(order.front().key, order.begin());
    }
    Making making{*this, key};
    making.value = std::make_shared<const Value>(make());
    return making.value;
  }

  /// The value of `key` if there is one.
  std::shared_ptr<const Value> find(std::span<const uint64_t> key) {
    std::lock_guard lock(mutex);
    auto found = entries.find(key);
    if (found == entries.end() || !found->second->value)
      return nullptr;
    order.splice(order.begin(), order, found->second);
    return found->second->value;
  }

  /// Values that are there.
  size_t size() const {
    std::lock_guard lock(mutex);
    size_t count = 0;
    for (const Entry &entry : order)
      count += entry.value != nullptr;
    return count;
  }
  /// Forgets all values; who holds one keeps it.
  void clear() { shrink(0); }

private:
  using Key = std::span<const uint64_t>;
  struct Entry {
    std::vector<uint64_t> key;
    std::shared_ptr<const Value> value; // null: being made
  };
  struct Hash {
    size_t operator()(Key key) const { return hashWords(key); }
  };
  struct Equal {
    bool operator()(Key a, Key b) const {
      return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
  };
  /// Ends the making of `key`, with a value or, by an exception, without.
  struct Making {
    ProgramCache &cache;
    Key key;
    std::shared_ptr<const Value> value = nullptr;
    ~Making() {
      {
        std::lock_guard lock(cache.mutex);
        auto found = cache.entries.find(key);
        if (value) {
          found->second->value = value;
        } else {
          auto place = found->second;
          cache.entries.erase(found);
          cache.order.erase(place);
        }
      }
      cache.changed.notify_all();
      cache.shrink(cache.capacity);
    }
  };

  /// Drops the longest unused values until at most `limit` are left.
  void shrink(size_t limit) {
    std::list<Entry> dropped; // destroyed without the lock
    std::lock_guard lock(mutex);
    size_t left = order.size();
    for (auto it = order.end(); left > limit && it != order.begin();) {
      auto last = std::prev(it);
      if (!last->value) { // being made
        it = last;
        continue;
      }
      entries.erase(Key(last->key));
      dropped.splice(dropped.begin(), order, last);
      --left;
    }
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::list<Entry> order; // last used first; keys stay where they are
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash, Equal>
      entries;
  size_t capacity;
};

} // namespace needle::runtime
