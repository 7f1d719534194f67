// The layers that exist, by name.
#include "backend_state.h"
#include "layers/validate.h"

namespace tenon::backend {

Result<std::unique_ptr<Layer>> MakeLayer(const std::string& name, tenon_backend* inner, const HostTable& host) {
  if (name == "validate") return MakeValidateLayer(inner, host);
  return Status(Code::kInvalidArgument, "no layer '" + name + "' (there is: validate)");
}

}  // namespace tenon::backend
