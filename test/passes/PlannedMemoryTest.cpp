// PlannedMemoryTest.cpp - a function computes the same when every value lies
// where PlanMemory put it, and arguments are given up. Reads the attributes as
// the Program builder does (Passes.td).
#include "passes/RandomGraph.h"

#include "needle/passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace mlir;
using namespace needle;
using codegen::reference::HostArray;

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::byte garbage{0xfb}; // four of them are a NaN-like huge number

int64_t bytesOf(Value value) {
  return int64_t(HostArray::zeros(ir::tensorType(value)).bytes.size());
}

class Machine {
public:
  explicit Machine(func::FuncOp function) : function(function) {
    auto bytes = function->getAttrOfType<IntegerAttr>("needle.arena_bytes");
    arena.assign(size_t(bytes.getInt()), garbage);
  }

  SmallVector<HostArray> run(ArrayRef<HostArray> given) {
    std::vector<HostArray> arguments(given.begin(), given.end());
    Block &body = function.getBody().front();
    for (auto [value, array] : llvm::zip(body.getArguments(), arguments))
      places[value] = array.bytes.data();
    Operation *end = body.getTerminator();
    SmallVector<HostArray> results;
    for (Value value : end->getOperands()) {
      results.push_back(HostArray::zeros(ir::tensorType(value)));
      std::fill(results.back().bytes.begin(), results.back().bytes.end(),
                garbage);
    }
    SmallVector<std::byte *> targets;
    for (auto [index, result] : llvm::enumerate(results)) {
      auto donor = function.getResultAttrOfType<IntegerAttr>(
          unsigned(index), "needle.in_place_of");
      targets.push_back(donor ? arguments[size_t(donor.getInt())].bytes.data()
                              : result.bytes.data());
    }
    runBlock(body, targets, /*carries=*/0);
    for (auto [result, target] : llvm::zip(results, targets))
      if (target != result.bytes.data())
        std::memcpy(result.bytes.data(), target, result.bytes.size());
    return results;
  }

private:
  /// `targets` is where the block's results go.
  void runBlock(Block &block, ArrayRef<std::byte *> targets, size_t carries) {
    Operation *end = block.getTerminator();
    llvm::DenseMap<Value, std::byte *> direct;
    for (auto [index, value] : llvm::enumerate(end->getOperands())) {
      Value root = value;
      while (auto view = root.getDefiningOp<ir::ViewOpInterface>())
        root = view->getOperand(0);
      if (bytesOf(root) == bytesOf(value))
        direct.try_emplace(root, targets[index]);
    }
    for (Operation &op : block.without_terminator()) {
      if (auto constant = dyn_cast<ir::ConstantOp>(op))
        FAIL() << "no table is expected here";
      auto offsets = op.getAttrOfType<DenseI64ArrayAttr>("needle.offsets");
      for (auto [result, offset] :
           llvm::zip(op.getResults(), offsets.asArrayRef())) {
        if (offset >= 0) {
          EXPECT_EQ(offset % 64, 0);
          EXPECT_LE(offset + bytesOf(result), int64_t(arena.size()));
          places[result] = arena.data() + offset;
        } else if (offset == -1) {
          ASSERT_TRUE(direct.count(result));
          places[result] = direct[result];
        } else {
          places[result] =
              places[op.getOperand(0)] +
              op.getAttrOfType<IntegerAttr>("needle.view_offset").getInt();
        }
      }
      if (auto scan = dyn_cast<ir::ScanOp>(op))
        runScan(scan);
      else if (auto kernel = dyn_cast<ir::KernelOp>(op))
        runKernel(kernel);
    }
    // Stacks, then carries.
    for (bool stacks : {true, false})
      for (auto [index, value] : llvm::enumerate(end->getOperands()))
        if ((index >= carries) == stacks && places[value] != targets[index])
          std::memmove(targets[index], places[value], size_t(bytesOf(value)));
  }

  void runScan(ir::ScanOp scan) {
    Block &body = scan.getBody().front();
    auto carries = size_t(scan.getCarries()), slices = size_t(scan.getSlices());
    for (size_t i = 0; i < carries; ++i)
      std::memmove(places[scan.getResult(unsigned(i))],
                   places[scan.getOperand(unsigned(i))],
                   size_t(bytesOf(scan.getResult(unsigned(i)))));
    int64_t iteration, length = int64_t(scan.getLength());
    for (int64_t step = 0; step < length; ++step) {
      iteration = scan.getReverse() ? length - 1 - step : step;
      places[body.getArgument(0)] = reinterpret_cast<std::byte *>(&iteration);
      for (size_t i = 0; i < scan.getNumOperands(); ++i) {
        Value argument = body.getArgument(unsigned(1 + i));
        Value operand = i < carries ? Value(scan.getResult(unsigned(i)))
                                    : scan.getOperand(unsigned(i));
        bool isSlice = i >= carries && i < carries + slices;
        places[argument] =
            places[operand] + (isSlice ? iteration * bytesOf(argument) : 0);
      }
      SmallVector<std::byte *> targets;
      for (auto [i, yielded] :
           llvm::enumerate(body.getTerminator()->getOperands()))
        targets.push_back(places[scan.getResult(unsigned(i))] +
                          (i < carries ? 0 : iteration * bytesOf(yielded)));
      runBlock(body, targets, carries);
    }
  }

  /// Alone in a function of its own; operands are copied before it runs, so
  /// results may share their memory.
  void runKernel(ir::KernelOp kernel) {
    OpBuilder b(kernel.getContext());
    OwningOpRef<func::FuncOp> alone = func::FuncOp::create(
        kernel.getLoc(), "kernel",
        b.getFunctionType(kernel->getOperandTypes(), kernel.getResultTypes()));
    Block *entry = alone->addEntryBlock();
    b.setInsertionPointToEnd(entry);
    IRMapping mapping;
    SmallVector<HostArray> arguments, results;
    for (auto [operand, argument] :
         llvm::zip(kernel.getOperands(), entry->getArguments())) {
      mapping.map(operand, argument);
      arguments.push_back(HostArray::zeros(ir::tensorType(operand)));
      std::memcpy(arguments.back().bytes.data(), places[operand],
                  arguments.back().bytes.size());
    }
    Operation *clone = b.clone(*kernel);
    clone->setOperands(entry->getArguments());
    func::ReturnOp::create(b, kernel.getLoc(), clone->getResults());
    ASSERT_TRUE(
        succeeded(codegen::reference::interpret(*alone, arguments, results)));
    for (auto [result, array] : llvm::zip(kernel.getResults(), results))
      std::memcpy(places[result], array.bytes.data(), array.bytes.size());
  }

  func::FuncOp function;
  Bytes arena;
  llvm::DenseMap<Value, std::byte *> places;
};

class PlannedMemory : public testing::TestWithParam<unsigned> {};

TEST_P(PlannedMemory, HoldsWhatIsStillRead) {
  auto context = test::makeContext();
  std::string text = test::RandomGraph(GetParam()).text(30);
  SCOPED_TRACE(text);
  auto module = parseSourceString<ModuleOp>(text, context.get());
  ASSERT_TRUE(module);
  auto function = module->lookupSymbol<func::FuncOp>("f");
  auto arguments = test::randomArguments(function, GetParam());
  SmallVector<HostArray> expected;
  ASSERT_TRUE(
      succeeded(codegen::reference::interpret(function, arguments, expected)));

  PassManager manager(context.get());
  manager.addPass(passes::createSimplify());
  manager.addPass(passes::createFuse());
  manager.addPass(passes::createPlanMemory());
  ASSERT_TRUE(succeeded(manager.run(*module)));
  std::string printed;
  llvm::raw_string_ostream stream(printed);
  module->print(stream);
  SCOPED_TRACE(printed);

  SmallVector<HostArray> results =
      Machine(module->lookupSymbol<func::FuncOp>("f")).run(arguments);
  ASSERT_EQ(results.size(), expected.size());
  for (size_t i = 0; i < results.size(); ++i)
    for (int64_t j = 0; j < results[i].elements(); ++j)
      ASSERT_EQ(results[i].data<float>()[j], expected[i].data<float>()[j])
          << "element " << j << " of result " << i;
}
INSTANTIATE_TEST_SUITE_P(Seeds, PlannedMemory, testing::Range(0u, 200u));

} // namespace
