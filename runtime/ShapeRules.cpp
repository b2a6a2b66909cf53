// ShapeRules.cpp - shapes alone: limits, broadcasting, axes, rearrangements.
// ShapeRulesContract.cpp has the ops of several operands.
#include "needle/runtime/ShapeRules.h"

#include <algorithm>

namespace needle::rules {

static constexpr int64_t maxElements = int64_t(1) << 40;

std::string text(Dims dims) {
  std::string out = "[";
  for (size_t i = 0; i < dims.size(); ++i)
    out += (i ? ", " : "") + std::to_string(dims[i]);
  return out + "]";
}

void SizeList::insert(size_t at, int64_t value) {
  push_back(0);
  std::copy_backward(values + at, values + count - 1, values + count);
  values[at] = value;
}

[[gnu::cold]] static Inferred fail(std::string error) { return {{}, std::move(error)}; }

static bool isValid(Dims dims) {
  if (dims.size() > size_t(Shape::maxRank))
    return false;
  // Sizes of an empty tensor are limited, too: code multiplies them in any
  // order.
  int64_t elements = 1;
  for (int64_t size : dims)
    if (size < 0 || __builtin_mul_overflow(
                        elements, std::max<int64_t>(size, 1), &elements))
      return false;
  return elements < maxElements;
}
[[gnu::cold]] static Inferred invalid(Dims dims) {
  if (dims.size() > size_t(Shape::maxRank))
    return fail("a tensor has at most 8 dimensions, not " +
                std::to_string(dims.size()));
  for (int64_t size : dims)
    if (size < 0)
      return fail("negative size " + std::to_string(size) + " in shape " +
                  text(dims));
  return fail("shape " + text(dims) + " has 2^40 elements or more");
}
Inferred checked(Dims dims) {
  if (!isValid(dims))
    return invalid(dims);
  return {Shape::unchecked(dims), {}};
}

Inferred broadcast(Dims a, Dims b) {
  size_t rank = std::max(a.size(), b.size());
  if (rank > size_t(Shape::maxRank))
    return checked(a.size() == rank ? a : b);
  int64_t result[Shape::maxRank];
  for (size_t i = 0; i < rank; ++i) { // from the end
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      return fail("shapes do not broadcast: " + text(a) + " and " + text(b) +
                  " (" + std::to_string(x) + " != " + std::to_string(y) + ")");
    result[rank - 1 - i] = x == 1 ? y : x;
  }
  return checked({result, rank});
}

Inferred broadcastTo(Dims from, Dims to) {
  Inferred result = checked(to);
  if (!result.ok())
    return result;
  bool fits = from.size() <= to.size();
  for (size_t i = 0; fits && i < from.size(); ++i) {
    int64_t x = from[from.size() - 1 - i], y = to[to.size() - 1 - i];
    fits = x == y || x == 1;
  }
  if (!fits)
    return fail("cannot broadcast " + text(from) + " to " + text(to));
  return result;
}

std::string axisOutOfRange(int64_t axis, int rank) {
  return "axis " + std::to_string(axis) + " is out of range for rank " +
         std::to_string(rank);
}

std::string normalizeAxes(const Axes &axes, int rank, SizeList &normalized) {
  normalized.clear();
  if (axes.tooMany)
    return "more than 8 axes";
  if (axes.all) {
    for (int i = 0; i < rank; ++i)
      normalized.push_back(i);
    return {};
  }
  for (int i = 0; i < axes.count; ++i) {
    int64_t axis = 0;
    if (std::string error = normalizeAxis(axes.axes[i], rank, axis);
        !error.empty())
      return error;
    size_t at = 0;
    while (at < normalized.size() && normalized[at] < axis)
      ++at;
    if (at < normalized.size() && normalized[at] == axis)
      return "axis " + std::to_string(axes.axes[i]) + " is given twice";
    normalized.insert(at, axis);
  }
  return {};
}

Inferred reduce(Dims x, Dims axes, bool keepDims) {
  int64_t rank = int64_t(x.size()), previous = -1;
  for (int64_t axis : axes) {
    if (axis <= previous || axis >= rank)
      return fail("axes " + text(axes) +
                  " are not sorted, distinct axes of shape " + text(x));
    previous = axis;
  }
  SizeList result;
  auto next = axes.begin();
  for (int64_t i = 0; i < rank; ++i) {
    bool reduced = next != axes.end() && *next == i;
    next += reduced;
    if (!reduced || keepDims)
      result.push_back(reduced ? 1 : x[size_t(i)]);
  }
  return checked(result);
}

Inferred reshape(Dims x, Dims to) {
  Inferred result = checked(to);
  if (!result.ok())
    return result;
  int64_t have = 1, want = result.shape.elements();
  for (int64_t size : x)
    have *= size;
  if (have != want)
    return fail("cannot turn " + std::to_string(have) + " elements " + text(x) +
                " into " + std::to_string(want) + " " + text(to));
  return result;
}

Inferred transpose(Dims x, Dims permutation) {
  SizeList result;
  SizeList seen(x.size(), 0);
  bool valid =
      permutation.size() == x.size() && x.size() <= size_t(Shape::maxRank);
  for (size_t i = 0; valid && i < permutation.size(); ++i) {
    int64_t axis = permutation[i];
    valid = axis >= 0 && axis < int64_t(x.size()) && !seen[size_t(axis)];
    if (!valid)
      break;
    seen[size_t(axis)] = 1;
    result.push_back(x[size_t(axis)]);
  }
  if (!valid)
    return fail("permutation " + text(permutation) +
                " does not name every axis of " + text(x) + " once");
  return checked(result);
}

Inferred slice(Dims x, Dims start, Dims stop, Dims step) {
  if (start.size() != x.size() || stop.size() != x.size() ||
      step.size() != x.size())
    return fail("start " + text(start) + ", stop " + text(stop) + " and step " +
                text(step) + " need one entry per axis of " + text(x));
  SizeList result;
  for (size_t i = 0; i < x.size(); ++i) {
    auto axis = [&] { return " of axis " + std::to_string(i); };
    if (step[i] < 1)
      return fail("step " + std::to_string(step[i]) + axis() +
                  " is less than 1");
    if (start[i] < 0 || stop[i] < start[i] || stop[i] > x[i])
      return fail("range [" + std::to_string(start[i]) + ", " +
                  std::to_string(stop[i]) + ")" + axis() +
                  " is not within shape " + text(x));
    int64_t length = stop[i] - start[i];
    // A division costs as much as the rest.
    result.push_back(step[i] == 1
                         ? length
                         : length / step[i] + (length % step[i] != 0));
  }
  return checked(result);
}

Inferred pad(Dims x, Dims low, Dims high, Dims interior) {
  if (low.size() != x.size() || high.size() != x.size() ||
      interior.size() != x.size())
    return fail("low " + text(low) + ", high " + text(high) + " and interior " +
                text(interior) + " need one entry per axis of " + text(x));
  SizeList result;
  for (size_t i = 0; i < x.size(); ++i) {
    int64_t size = 0, gaps = 0;
    if (low[i] < 0 || high[i] < 0 || interior[i] < 0)
      return fail("negative padding of axis " + std::to_string(i) + ": low " +
                  text(low) + ", high " + text(high) + ", interior " +
                  text(interior));
    if (__builtin_mul_overflow(std::max<int64_t>(x[i] - 1, 0), interior[i],
                               &gaps) ||
        __builtin_add_overflow(x[i], gaps, &size) ||
        __builtin_add_overflow(size, low[i], &size) ||
        __builtin_add_overflow(size, high[i], &size))
      return fail("padded size of axis " + std::to_string(i) + " overflows");
    result.push_back(size);
  }
  return checked(result);
}

} // namespace needle::rules
