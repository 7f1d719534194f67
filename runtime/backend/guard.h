// Calls into a backend. A sloppy one may throw where it must not (R6); where the toolchain lets the
// exception through, it ends here.
#pragma once

#include "tenon/backend/backend.h"

namespace tenon::backend {

template <typename F>
auto Guarded(const char* slot, F&& function) -> Result<decltype(function())> {
  try {
    return function();
  } catch (...) {
    return ThrownBy(slot);
  }
}

}  // namespace tenon::backend
