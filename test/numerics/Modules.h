// Modules.h - modules from text, for tests of numerics.
#pragma once

#include "numerics/TensorBounds.h"

#include "needle/codegen/CompileModule.h"
#include "needle/codegen/Diagnostics.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cstring>

namespace needle::test {

/// A module of the ops in `text`, and what MLIR says of it.
struct Parsed {
  explicit Parsed(
      const std::string &text,
      std::unique_ptr<mlir::MLIRContext> own = codegen::makeContext())
      : context(std::move(own)), diagnostics(context.get(), said) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, context.get());
    EXPECT_TRUE(module) << said.text;
  }
  mlir::func::FuncOp function() {
    return *module->getOps<mlir::func::FuncOp>().begin();
  }

  std::unique_ptr<mlir::MLIRContext> context;
  codegen::Diagnostics::Text said;
  codegen::Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

template <class T>
numerics::HostArray array(std::vector<int64_t> shape, std::vector<T> elements) {
  numerics::HostArray made{dtypeOf<T>(), std::move(shape), {}};
  made.bytes.resize(elements.size() * sizeof(T));
  std::memcpy(made.bytes.data(), elements.data(), made.bytes.size());
  return made;
}

} // namespace needle::test
