// Reference.h - runs MLIR text through the interpreter, for tests.
#pragma once

#include "needle/codegen/reference/Interpreter.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cstring>

namespace needle::codegen::reference {

template <class T>
HostArray array(std::vector<int64_t> shape, std::vector<T> values) {
  HostArray array;
  array.dtype = dtypeOf<T>();
  array.shape = std::move(shape);
  array.bytes.resize(values.size() * sizeof(T));
  std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}
/// Booleans are bytes: std::vector<bool> has none.
inline HostArray booleans(std::vector<int64_t> shape,
                          std::vector<uint8_t> values) {
  HostArray array;
  array.dtype = DType::boolean;
  array.shape = std::move(shape);
  array.bytes.resize(values.size());
  std::memcpy(array.bytes.data(), values.data(), values.size());
  return array;
}

template <class T> std::vector<T> values(const HostArray &array) {
  const T *data = array.data<T>();
  return std::vector<T>(data, data + array.elements());
}

/// The results of the only function of `text`; none when it fails, and then
/// `error` gets the first diagnostic.
inline llvm::SmallVector<HostArray> run(const std::string &text,
                                        std::vector<HostArray> arguments,
                                        std::string *error = nullptr) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<ir::NeedleDialect, mlir::func::FuncDialect>();
  std::string said;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) {
                                          if (said.empty())
                                            said = diagnostic.str();
                                        });
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  llvm::SmallVector<HostArray> results;
  if (!module ||
      mlir::failed(interpret(*module->getOps<mlir::func::FuncOp>().begin(),
                             arguments, results)))
    results.clear();
  if (error)
    *error = said;
  else
    EXPECT_EQ(said, "");
  return results;
}

} // namespace needle::codegen::reference
