// ShippedKernels.cpp - what contractions ask for has been compiled by the
// build.
#include "needle/codegen/KernelCache.h"
#include "needle/codegen/TargetInfo.h"
#include "needle/codegen/kernels/ContractBlocking.h"
#include "needle/runtime/BlobArchive.h"
#include "needle/runtime/BuildId.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace needle;
using namespace needle::codegen;

namespace {

/// C [m, n] = A [m, k] B [k, n], each operand row-major or transposed, or with
/// a stride of 2.
Problem problem(int64_t m, int64_t n, int64_t k, int lhs, int rhs,
                size_t batch) {
  Problem p;
  p.m = m;
  p.n = n;
  p.k = k;
  p.lhsM = lhs == 0 ? k : lhs == 1 ? 1 : 2 * k;
  p.lhsK = lhs == 0 ? 1 : lhs == 1 ? m : 2;
  p.rhsK = rhs == 0 ? n : rhs == 1 ? 1 : 2 * n;
  p.rhsN = rhs == 0 ? 1 : rhs == 1 ? k : 2;
  p.batch.assign(batch, {2, m * k, k * n});
  return p;
}

TEST(ShippedKernels, ServeEveryContractionOfUpToTwoBatchDimensions) {
  mlir::MLIRContext context;
  mlir::Builder b(&context);
  auto shipped = runtime::BlobArchive::open(NEEDLE_KERNELS, runtime::buildId());
  for (const TargetInfo &target : TargetInfo::all())
    for (mlir::Type element : {b.getF32Type(), b.getF64Type()})
      for (int64_t m : {1, 2, 4, 5, 64, 300})
        for (int64_t n : {1, 3, 8, 16, 17, 48, 300})
          for (int64_t k : {1, 64, 1000})
            for (int lhs : {0, 1, 2})
              for (int rhs : {0, 1, 2})
                for (size_t batch : {1, 2}) {
                  Problem p = problem(m, n, k, lhs, rhs, batch);
                  Blocking it = chooseBlocking(p, element, target);
                  std::string key =
                      KernelCache::keyFor(target.isa, it.contract.key());
                  ASSERT_TRUE(shipped->find(key)) << key;
                  PackClass pack = {element, it.contract.lanes,
                                    it.contract.widths, it.rhs, int64_t(batch)};
                  key = KernelCache::keyFor(target.isa, pack.key());
                  ASSERT_TRUE(shipped->find(key)) << key;
                }
}

} // namespace
