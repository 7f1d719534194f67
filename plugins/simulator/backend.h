// The backend object: options, faults, kernels, and the devices that are open.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "compile.h"
#include "device.h"
#include "faults.h"
#include "kernels.h"
#include "options.h"
#include "program.h"
#include "queue.h"
#include "tenon/backend_api/sdk/sdk.h"

namespace tenon::simulator {

inline constexpr char kVersion[] = "0.1.0";
// Changes with the version of the plugin and of its artifacts.
inline constexpr char kFingerprint[] = "simulator 0.1.0 artifact 1";
inline constexpr char kDeviceName[] = "simulator:0";

class Backend : public sdk::Backend<Backend> {
 public:
  using Device = simulator::Device;
  using Program = simulator::Program;
  static constexpr auto& kOptions = kOptionRows;

  using sdk::Backend<Backend>::Backend;

  // What the application has set, read when it is first asked for: after `create`. Throws
  // sdk::Failure.
  const Options& simulator_options();
  Faults& faults();

  std::vector<sdk::DeviceRow> Devices();
  std::span<const tenon_kernel_descriptor* const> Descriptors();
  std::span<const tenon_layout_info* const> Layouts();
  tenon_status Quiesce(uint64_t timeout_ns);

  // The interface "compile", see sdk/compile.h.
  void Colour(const tenon_compile_target& target, const tenon_segment& graph,
              std::span<uint32_t> colours);
  std::vector<std::byte> Compile(const tenon_segment& segment,
                                 const tenon_compile_request& request);
  tenon_status Check(const tenon_compile_target& target, sdk::Bytes artifact);

  void Opened(Device* device);
  void Closed(Device* device);

 private:
  struct Configuration;
  Configuration& configuration();
  std::mutex mutex_;
  std::shared_ptr<Configuration> configuration_;
  std::set<Device*> open_;
};

}  // namespace tenon::simulator
