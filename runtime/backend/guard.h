// Calls into a backend. A sloppy one may throw where it must not (R6); where the toolchain lets the
// exception through, it ends here.
#pragma once

#include <exception>
#include <string>

#include "tenon/operators/status.h"

namespace tenon::backend {

template <typename F>
auto Guarded(const char* slot, F&& function) -> Result<decltype(function())> {
  const auto threw = [slot](const std::string& what) {
    return Status(Code::kInternal,
                  std::string("R6: ") + slot + " threw an exception across the ABI" + what);
  };
  try {
    return function();
  } catch (const std::exception& thrown) {
    return threw(std::string(": ") + thrown.what());
  } catch (...) {
    return threw("");
  }
}

}  // namespace tenon::backend
