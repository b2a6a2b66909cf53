// Scope.h - when recorded ops run.
#pragma once

#include "needle/runtime/Error.h"

#include <cstdint>
#include <string_view>

namespace needle {

/// Off: each op runs when it is recorded, with the same results. The process
/// default is NEEDLE_LAZY_MODE, else on.
void setLazyMode(bool lazy);

/// The same for this thread while the scope lives; scopes nest.
class LazyScope {
public:
  [[nodiscard]] explicit LazyScope(bool lazy);
  ~LazyScope();
  LazyScope(const LazyScope &) = delete;

private:
  int8_t outer;
};

/// What a layer opens: ops and errors of its body report the line that called
/// the outermost layer, and the path of the innermost one that has a name:
/// "train.cpp:17: encoder.hidden: matmul: ...".
class LibraryScope {
public:
  [[nodiscard]] LibraryScope(Where where, std::string_view path);
  ~LibraryScope();
  LibraryScope(const LibraryScope &) = delete;

private:
  Where outerWhere;
  uint32_t outerPath;
};

} // namespace needle
