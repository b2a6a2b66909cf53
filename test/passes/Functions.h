// Functions.h - IR text in, numbers out: autodiff, then the interpreter.
#pragma once

#include "needle/codegen/Pipeline.h"
#include "needle/codegen/reference/Interpreter.h"
#include "needle/passes/Passes.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace needle {

using codegen::reference::HostArray;

/// A context with the dialects and the gradient rules.
inline mlir::MLIRContext &context() {
  static auto &context = *[] {
    mlir::DialectRegistry registry;
    codegen::registerDialects(registry);
    auto *context =
        new mlir::MLIRContext(registry, mlir::MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
    return context;
  }();
  return context;
}

/// A module with one function @f, ready to be called.
class Function {
public:
  /// `body` is what follows "func.func @f".
  explicit Function(const std::string &body, bool decompose = false)
      : text("func.func @f" + body) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context());
    if (!module) {
      ADD_FAILURE() << "cannot parse\n" << text;
      return;
    }
    mlir::PassManager manager(&context());
    manager.addPass(passes::createAutodiff());
    if (decompose)
      manager.addPass(passes::createDecompose());
    if (mlir::failed(manager.run(*module))) {
      ADD_FAILURE() << "cannot run passes on\n" << text;
      module = nullptr;
    }
  }

  std::vector<HostArray> operator()(const std::vector<HostArray> &arguments) {
    llvm::SmallVector<HostArray> results;
    if (!module)
      return {};
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
    if (mlir::failed(
            codegen::reference::interpret(function, arguments, results)))
      ADD_FAILURE() << "cannot run\n" << text;
    return {results.begin(), results.end()};
  }

  bool valid() { return bool(module); }

private:
  std::string text;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// An array of a type as IR text ("tensor<2x3xf64>"), all zeros.
inline HostArray arrayOf(const std::string &type) {
  return HostArray::zeros(
      mlir::cast<mlir::RankedTensorType>(mlir::parseType(type, &context())));
}

/// A float64 array of the given elements.
inline HostArray arrayOf(const std::string &type,
                         const std::vector<double> &elements) {
  HostArray array = arrayOf(type);
  std::copy(elements.begin(), elements.end(), array.data<double>());
  return array;
}

inline std::vector<double> elementsOf(const HostArray &array) {
  const double *data = array.data<double>();
  return {data, data + array.elements()};
}

} // namespace needle
