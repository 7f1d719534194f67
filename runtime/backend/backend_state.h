// What a Backend is made of, shared by loading and layers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host_table.h"
#include "library.h"
#include "tenon/backend/backend.h"

namespace tenon::backend {

// A layer wraps a backend's object with the same ABI. It owns what it wraps through the tables alone.
class Layer {
 public:
  virtual ~Layer() = default;
  virtual tenon_backend* handle() = 0;
  virtual std::vector<std::string> violations() const { return {}; }
};
// By name ("validate"); kNotFound lists the known ones. `inner` is ended by the layer's handle()->destroy.
Result<std::unique_ptr<Layer>> MakeLayer(const std::string& name, tenon_backend* inner, const HostTable& host);

struct Backend::State {
  std::shared_ptr<Library> library;  // null where linked in; goes last
  std::unique_ptr<HostTable> host;
  std::string library_path, name, version, vendor;
  uint32_t abi_minor = 0;
  std::vector<std::unique_ptr<Layer>> layers;  // innermost first
  tenon_backend* handle = nullptr;
  const tenon_device_interface* device_table = nullptr;
  const tenon_compile_interface* compile = nullptr;
  const tenon_profile_interface* profile = nullptr;
  tenon_device_info host_device{};  // where the backend has no interface "device"
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<const tenon_kernel_descriptor*> descriptors;
  std::vector<const tenon_layout_info*> layouts;
  std::vector<const tenon_operator*> operators;
  std::vector<const tenon_option*> options;
};

// The required slots of a table are there. `what` names the table.
Status CheckDeviceTable(const tenon_device_interface* table);
Status CheckMemoryTable(const tenon_memory_interface* table);
Status CheckQueueTable(const tenon_queue_interface* table);
Status CheckKernelTable(const tenon_kernel_interface* table);
Status CheckCompileTable(const tenon_compile_interface* table);
Status CheckOperatorsTable(const tenon_operators_interface* table);
Status CheckProfileTable(const tenon_profile_interface* table);
// Whether a descriptor can be used; else why it is dropped.
Status CheckDescriptor(const tenon_kernel_descriptor* descriptor);
// Checks values against the schema and adds defaults. kInvalidArgument names the nearest option.
Result<std::map<std::string, std::string>> CheckOptions(const std::string& backend,
                                                        std::span<const tenon_option* const> schema,
                                                        const std::map<std::string, std::string>& given);

}  // namespace tenon::backend
