// The backend "reference": plain C++ kernels on the host, synchronous, in plain host memory. Other
// backends are compared with it, so it is clear before it is fast, and bit-equal at any number of
// threads.
#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "kernel.h"
#include "tenon/backend_api/sdk/sdk.h"

#define REFERENCE_VERSION "0.1.0"

namespace tenon::reference {
namespace {

// What a core of any x86-64 or Arm server reaches with 128-bit vectors: 4 lanes, a multiply and an
// add each cycle, at 2.5 GHz. An estimate, so that placement has a number to multiply with; kernels
// say a quarter of it (kernel.cc), which plain loops reach.
constexpr double kGflopsPerCore = 20;
constexpr double kGbytes = 10;

class Backend : public sdk::Backend<Backend> {
 public:
  using Device = sdk::Device<Backend>;

  explicit Backend(sdk::Host host) : sdk::Backend<Backend>(host) {
    std::map<std::string_view, int> rows_of;
    for (const operators::Kernel* row : operators::AllKernels()) {
      kernels_.push_back(std::make_unique<KernelDescriptor>(*row, rows_of[row->name]++, host));
      pointers_.push_back(kernels_.back().get());
    }
  }
  std::span<const tenon_kernel_descriptor* const> Descriptors() const { return pointers_; }

  static std::vector<sdk::DeviceRow> Devices() {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    return {{.name = "host",
             .fingerprint = "reference " REFERENCE_VERSION,
             .gflops = kGflopsPerCore * cores,
             .gbytes = kGbytes}};
  }

 private:
  std::vector<std::unique_ptr<KernelDescriptor>> kernels_;
  std::vector<const tenon_kernel_descriptor*> pointers_;
};

}  // namespace
}  // namespace tenon::reference

TENON_SDK_BACKEND(tenon::reference::Backend, "reference", REFERENCE_VERSION, "Tenon");
