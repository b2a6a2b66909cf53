// Scope.h - when recorded ops run.
#pragma once

#include <cstdint>

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

} // namespace needle
