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
    for (int64_t i = 0; i < array.elements(); ++i)
      switch (array.dtype) {
      case DType::boolean:
        array.data<uint8_t>()[i] = random() >> 63;
        break;
      case DType::int32:
        array.data<int32_t>()[i] = int32_t(random() % below);
        break;
      case DType::int64:
        array.data<int64_t>()[i] = role && role.getValue() == "key"
                                       ? int64_t(random())
                                       : int64_t(random() % below);
        break;
      case DType::float32:
        array.data<float>()[i] = float(normal(random));
        break;
      case DType::float64:
        array.data<double>()[i] = normal(random);
        break;
      }
    drawn.push_back(std::move(array));
  }
  return drawn;
}

} // namespace needle::numerics
