// ShapeRulesContract.cpp - shape rules of joining, contracting and indexing.
#include "needle/runtime/ShapeRules.h"

#include <algorithm>

namespace needle::rules {

[[gnu::cold]] static Inferred fail(std::string error) { return {{}, std::move(error)}; }

Inferred concat(std::span<const Shape> xs, int64_t axis) {
  if (xs.empty())
    return fail("needs at least one operand");
  Dims first = xs[0].dims();
  if (axis < 0 || axis >= int64_t(first.size()))
    return fail("axis " + std::to_string(axis) + " is out of range for shape " +
                text(first));
  SizeList result(first);
  for (size_t i = 1; i < xs.size(); ++i) {
    Dims x = xs[i].dims();
    bool equal = x.size() == first.size();
    for (size_t d = 0; equal && d < x.size(); ++d)
      equal = int64_t(d) == axis || x[d] == first[d];
    if (!equal)
      return fail("operand " + std::to_string(i) + " is " + text(x) +
                  ", operand 0 is " + text(first) +
                  "; they may differ in axis " + std::to_string(axis) +
                  " only");
    if (__builtin_add_overflow(result[size_t(axis)], x[size_t(axis)],
                               &result[size_t(axis)]))
      return fail("the joined size of axis " + std::to_string(axis) +
                  " overflows");
  }
  return checked(result);
}

Inferred split(Dims x, Dims sizes, int64_t axis, int index) {
  if (axis < 0 || axis >= int64_t(x.size()))
    return fail("axis " + std::to_string(axis) + " is out of range for shape " +
                text(x));
  if (index < 0 || size_t(index) >= sizes.size())
    return fail("there is no piece " + std::to_string(index) + " of " +
                std::to_string(sizes.size()));
  int64_t left = x[size_t(axis)];
  for (int64_t size : sizes) {
    if (size < 0 || size > left) {
      left = -1;
      break;
    }
    left -= size;
  }
  if (left != 0) {
    return fail("sizes " + text(sizes) + " do not add up to " +
                std::to_string(x[size_t(axis)]) + ", the size of axis " +
                std::to_string(axis) + " of " + text(x));
  }
  SizeList result(x);
  result[size_t(axis)] = sizes[size_t(index)];
  return checked(result);
}

Inferred matmul(Dims lhs, Dims rhs, bool transposeLhs, bool transposeRhs) {
  auto given = [&] {
    return ": lhs is " + text(lhs) + ", rhs is " + text(rhs);
  };
  if (lhs.size() < 2 || rhs.size() < 2)
    return fail("operands need at least 2 dimensions" + given());
  size_t l = lhs.size() - 2, r = rhs.size() - 2;
  int64_t m = lhs[l + transposeLhs], k = lhs[l + !transposeLhs];
  int64_t n = rhs[r + !transposeRhs], k2 = rhs[r + transposeRhs];
  if (k != k2)
    return fail("inner dimensions differ" + given() + " (" + std::to_string(k) +
                " != " + std::to_string(k2) + ")");
  SizeList result;
  if (l || r) {
    Inferred batch = broadcast(lhs.first(l), rhs.first(r));
    if (!batch.ok())
      return fail("leading dimensions do not broadcast" + given());
    result.append(batch.shape.dims());
  }
  result.push_back(m);
  result.push_back(n);
  return checked(result);
}

Inferred attention(Dims query, Dims key, Dims value, bool causal) {
  auto given = [&] {
    return ": query is " + text(query) + ", key is " + text(key) +
           ", value is " + text(value);
  };
  size_t rank = query.size();
  if (rank < 2 || key.size() != rank || value.size() != rank)
    return fail("operands need the same rank, at least 2" + given());
  if (!std::equal(query.begin(), query.end() - 2, key.begin()) ||
      !std::equal(query.begin(), query.end() - 2, value.begin()))
    return fail("leading dimensions differ" + given());
  if (query[rank - 1] != key[rank - 1])
    return fail("sizes of query and key differ" + given() + " (" +
                std::to_string(query[rank - 1]) +
                " != " + std::to_string(key[rank - 1]) + ")");
  if (key[rank - 2] != value[rank - 2])
    return fail("lengths of key and value differ" + given() + " (" +
                std::to_string(key[rank - 2]) +
                " != " + std::to_string(value[rank - 2]) + ")");
  if (causal && query[rank - 2] > key[rank - 2])
    return fail("a causal query is longer than the key" + given());
  SizeList result(query.first(rank - 1));
  result.push_back(value[rank - 1]);
  return checked(result);
}

Inferred take(Dims x, Dims indices, int64_t axis) {
  if (axis < 0 || axis >= int64_t(x.size()))
    return fail("axis " + std::to_string(axis) + " is out of range for shape " +
                text(x));
  SizeList result(x.first(size_t(axis)));
  result.append(indices);
  result.append(x.subspan(size_t(axis) + 1));
  return checked(result);
}

Inferred oneHot(Dims indices, int64_t depth) {
  if (depth < 0)
    return fail("depth is " + std::to_string(depth) + ", not 0 or more");
  SizeList result(indices);
  result.push_back(depth);
  return checked(result);
}

Inferred scatterAdd(Dims operand, Dims indices, Dims updates, int64_t axis) {
  Inferred wanted = take(operand, indices, axis);
  if (!wanted.ok())
    return wanted;
  if (!std::equal(updates.begin(), updates.end(), wanted.shape.begin(),
                  wanted.shape.end()))
    return fail("updates are " + text(updates) + ", not " +
                toString(wanted.shape) + " (operand " + text(operand) +
                " indexed by " + text(indices) + " in axis " +
                std::to_string(axis) + ")");
  return checked(operand);
}

} // namespace needle::rules
