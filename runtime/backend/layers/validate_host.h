// The host's table as the wrapped backend sees it: what the backend asks of the host is checked
// too.
#pragma once

#include "layers/validate_backend.h"

namespace tenon::backend::validate {

// tenon_host is first.
struct Host {
  tenon_host table{};
  State* state = nullptr;
  const tenon_host* outer = nullptr;
};

std::unique_ptr<Host> WrapHost(State& state, const tenon_host* outer);

}  // namespace tenon::backend::validate
