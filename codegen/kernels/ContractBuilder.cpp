// ContractBuilder.cpp - functions, panels and batches of contraction code.
#include "needle/codegen/kernels/ContractBuilder.h"

using namespace mlir;

namespace needle::codegen {

func::FuncOp ContractBuilder::function(StringRef name, int64_t buffers,
                                       int64_t indices, bool isPrivate) {
  SmallVector<Type> types(buffers, bufferType(element));
  types.append(indices, b.getIndexType());
  if (!isPrivate)
    types.push_back(bufferType(element));
  auto function = func::FuncOp::create(
      b, loc, name, FunctionType::get(b.getContext(), types, {}));
  if (isPrivate)
    function.setPrivate();
  b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

SmallVector<Value> ContractBuilder::panelCounts(PanelWidths widths,
                                                Value vectors) {
  if (widths.size() == 1)
    return {ceilDiv(vectors, index(widths[0]))};
  if (widths.size() == 2 && widths[1] == widths[0] - 1 && widths[1] > 1) {
    // v = w a + (w - 1) b with the smallest b = -v mod w.
    Value w = index(widths[0]);
    Value narrow = rem(sub(w, rem(vectors, w)), w);
    Value wide = div(sub(vectors, mul(narrow, widths[1])), w);
    return {wide, narrow};
  }
  SmallVector<Value> counts;
  for (int64_t width : widths) {
    Value w = index(width);
    counts.push_back(div(vectors, w));
    vectors = rem(vectors, w);
  }
  return counts;
}

void ContractBuilder::panels(PanelWidths widths, Value vectors,
                             llvm::function_ref<void(size_t, Value)> body) {
  Value start = index(0);
  SmallVector<Value> counts = panelCounts(widths, vectors);
  for (auto [number, width] : llvm::enumerate(widths)) {
    Value end = add(start, mul(counts[number], width * lanes));
    loop(start, end, width * lanes,
         [&](Value offset) { body(number, offset); });
    start = end;
  }
}

SmallVector<Value> ContractBuilder::batchOffsets(Value group, ValueRange batch,
                                                 int64_t rank,
                                                 int64_t strides) {
  SmallVector<Value> offsets(strides, index(0));
  for (int64_t d = rank; d-- > 0;) {
    ValueRange dimension = batch.slice(d * (1 + strides), 1 + strides);
    Value i = d == 0 ? group : rem(group, dimension[0]);
    if (d > 0)
      group = div(group, dimension[0]);
    for (int64_t s = 0; s < strides; ++s)
      offsets[s] = add(offsets[s], mul(i, dimension[1 + s]));
  }
  return offsets;
}

} // namespace needle::codegen
