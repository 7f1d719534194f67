#include "layers/validate.h"

namespace tenon::backend {

Result<std::unique_ptr<Layer>> MakeValidateLayer(tenon_backend*, const HostTable&) {
  return Status(Code::kUnsupported, "the layer validate is not built");
}

}  // namespace tenon::backend
