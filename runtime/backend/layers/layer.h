// Layers wrap a backend with the same ABI, between it and the host. They see every call in both
// directions: the backend gets the host's table from WrapHost, the host gets the object from Wrap.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/backend/host_services.h"

namespace tenon::backend {

class Layer {
 public:
  virtual ~Layer() = default;
  // The table that goes inward instead of `host`; before Wrap. Both live as long as the layer.
  virtual const tenon_host* WrapHost(const tenon_host* host) { return host; }
  // The object that goes outward instead of `inner`, which its destroy ends.
  virtual tenon_backend* Wrap(tenon_backend* inner) = 0;
  virtual std::vector<std::string> violations() const { return {}; }
};

// By name; kInvalidArgument lists the names that exist.
Result<std::unique_ptr<Layer>> MakeLayer(const std::string& name);

}  // namespace tenon::backend
