// DrawArguments.cpp - random arguments of a function or of a loop's body.
#include "DrawArguments.h"

#include "needle/ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <random>

using namespace mlir;

namespace needle::numerics {

std::vector<HostArray> drawArguments(Block &block, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  auto function = dyn_cast<func::FuncOp>(block.getParentOp());
  std::vector<HostArray> drawn;
  for (BlockArgument argument : block.getArguments()) {
    HostArray array =
        HostArray::zeros(cast<RankedTensorType>(argument.getType()));
    auto attribute = [&](StringRef name) {
      return function ? function.getArgAttr(argument.getArgNumber(), name)
                      : Attribute();
    };
    auto limit = dyn_cast_or_null<IntegerAttr>(attribute("needle.index_limit"));
    auto role = dyn_cast_or_null<StringAttr>(attribute("needle.role"));
    uint64_t below = limit ? std::max<uint64_t>(limit.getInt(), 1) : 2;
    bool isKey = role && role.getValue() == "key";
    withElement(array.dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < array.elements(); ++i)
        if constexpr (std::same_as<T, uint8_t>)
          array.data<T>()[i] = random() >> 63;
        else if constexpr (std::integral<T>)
          array.data<T>()[i] = isKey ? T(random()) : T(random() % below);
        else
          array.data<T>()[i] = T(normal(random));
    });
    drawn.push_back(std::move(array));
  }
  return drawn;
}

} // namespace needle::numerics
