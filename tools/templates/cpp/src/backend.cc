#include "backend.h"

namespace plugin {

// Without flags the host neither maps the memory nor follows pointers into it: it copies by queue.
std::vector<sdk::DeviceRow> Backend::Devices() {
  return {{.name = kDeviceName,
           .fingerprint = kFingerprint,
           .kind = TENON_DEVICE_ACCELERATOR,
           .memory = {{.id = kDeviceMemory, .name = "device", .alignment = DRIVER_ALIGNMENT}},
           .dl_device = {kDLExtDev, 0}}};
}

}  // namespace plugin

// The one exported function, and who we are, readable without loading the library.
TENON_SDK_BACKEND(plugin::Backend, "my_npu", "0.1.0", "My Company");
