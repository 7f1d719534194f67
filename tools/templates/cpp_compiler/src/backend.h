// The backend: what it offers.
#pragma once

#include <cstddef>
#include <vector>

#include "device.h"
#include "program.h"

namespace plugin {

class Backend : public sdk::Backend<Backend> {
 public:
  using sdk::Backend<Backend>::Backend;
  using Device = plugin::Device;
  using Program = plugin::Program;

  static std::vector<sdk::DeviceRow> Devices();

  // The interface "compile" (compile.cc): whole segments of the graph become artifacts, which the host stores and loads
  // again. No device is needed: an artifact may be made on another machine.
  void Colour(const tenon_compile_target& target, const tenon_segment& graph,
              std::span<uint32_t> colours);
  std::vector<std::byte> Compile(const tenon_segment& segment,
                                 const tenon_compile_request& request);
  tenon_status Check(const tenon_compile_target& target, sdk::Bytes artifact);
};

}  // namespace plugin
