#include "backend.h"

#include <chrono>

namespace tenon::simulator {

// What depends on the options.
struct Backend::Configuration {
  Configuration(const Options& its_options) : options(its_options), faults(its_options.fault) {}
  Options options;
  Faults faults;
  simulator::Descriptors descriptors;
  std::vector<const tenon_kernel_descriptor*> pointers;
};

Backend::Configuration& Backend::configuration() {
  std::lock_guard lock(mutex_);
  if (!configuration_) configuration_ = std::make_shared<Configuration>(ReadOptions(host()));
  return *configuration_;
}

const Options& Backend::simulator_options() { return configuration().options; }
Faults& Backend::faults() { return configuration().faults; }

std::vector<sdk::DeviceRow> Backend::Devices() {
  // An accelerator of no great speed: its kernels are plain loops on one core.
  return {{.name = kDeviceName,
           .fingerprint = kFingerprint,
           .kind = TENON_DEVICE_ACCELERATOR,
           .memory = Memory::Kinds(simulator_options()),
           .dl_device = {kDLExtDev, 0},
           .gflops = 20,
           .gbytes = 10}};
}

std::span<const tenon_kernel_descriptor* const> Backend::Descriptors() {
  Configuration& c = configuration();
  std::lock_guard lock(mutex_);
  if (c.pointers.empty()) {
    if (c.options.blocked) AddBlockedKernels(*this, c.descriptors);
    AddPlainKernels(*this, c.descriptors);
    AddReorders(*this, c.descriptors);
    for (const auto& descriptor : c.descriptors) c.pointers.push_back(descriptor.get());
  }
  return c.pointers;
}

std::span<const tenon_layout_info* const> Backend::Layouts() {
  static constexpr const tenon_layout_info* kLayouts[] = {&kBlockedInfo};
  return kLayouts;
}

tenon_status Backend::Quiesce(uint64_t timeout_ns) {
  const auto longest = std::chrono::hours(24 * 365);
  const auto timeout = std::chrono::nanoseconds(
      std::min<uint64_t>(timeout_ns, std::chrono::nanoseconds(longest).count()));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::set<Device*> open;
  {
    std::lock_guard lock(mutex_);
    open = open_;
  }
  for (Device* device : open) {
    const Status status = device->Quiesce(deadline);
    if (!status.ok()) return device->ToAbi(status);
  }
  return sdk::kOk;
}

void Backend::Opened(Device* device) {
  std::lock_guard lock(mutex_);
  open_.insert(device);
}

void Backend::Closed(Device* device) {
  std::lock_guard lock(mutex_);
  open_.erase(device);
}

}  // namespace tenon::simulator

TENON_SDK_BACKEND(tenon::simulator::Backend, "simulator", "0.1.0", "Tenon");
