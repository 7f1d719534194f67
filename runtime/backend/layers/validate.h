// The layer "validate": checks every rule of backend.h that can be seen from outside, on both sides
// of the interface. A complaint begins with the rule's id, then slot and object. A call that cannot
// be passed on safely is refused with TENON_INVALID_ARGUMENT; everything else goes on as it would
// without the layer.
#pragma once

#include <memory>

#include "layers/layer.h"

namespace tenon::backend {

std::unique_ptr<Layer> MakeValidateLayer();

}  // namespace tenon::backend
