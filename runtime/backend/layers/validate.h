// The validation layer: checks every rule of backend.h that can be seen from outside, on both sides of the interface.
#pragma once

#include <memory>

#include "backend_state.h"

namespace tenon::backend {

Result<std::unique_ptr<Layer>> MakeValidateLayer(tenon_backend* inner, const HostTable& host);

}  // namespace tenon::backend
