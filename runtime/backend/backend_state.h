// What a Backend is made of, shared by loading and layers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host_table.h"
#include "layers/layer.h"
#include "library.h"
#include "tenon/backend/backend.h"

namespace tenon::backend {

// A backend's tables, copied in the size that this host knows: what the backend does not have reads
// as NULL (R1). The pointers are null where the backend lacks the table.
struct Tables {
  struct Copies {
    tenon_device_interface device{};
    tenon_memory_interface memory{};
    tenon_queue_interface queue{};
    tenon_kernel_interface kernel{};
    tenon_compile_interface compile{};
    tenon_operators_interface operators{};
    tenon_profile_interface profile{};
  } copies;
  const tenon_device_interface* device = nullptr;
  const tenon_memory_interface* memory = nullptr;
  const tenon_queue_interface* queue = nullptr;
  const tenon_kernel_interface* kernel = nullptr;
  const tenon_compile_interface* compile = nullptr;
  const tenon_operators_interface* operators = nullptr;
  const tenon_profile_interface* profile = nullptr;
};
// Look up tables and check that their required slots are there: "device", then all others, for
// which options must be known.
Status LookUpDevice(tenon_backend* backend, Tables* out);
Status LookUpOthers(tenon_backend* backend, Tables* out);

struct Backend::State {
  std::shared_ptr<Library> library;  // null where linked in; goes last
  std::unique_ptr<HostTable> host;
  std::string library_path, name, version, vendor;
  uint32_t abi_minor = 0;
  uint64_t quiesce_timeout_ns = 0;
  std::vector<std::unique_ptr<Layer>> layers;  // outermost first
  tenon_backend* handle = nullptr;
  Tables tables;
  tenon_device_info host_device{};  // where the backend has no interface "device"
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<const tenon_kernel_descriptor*> descriptors;
  std::vector<const tenon_layout_info*> layouts;
  std::vector<const tenon_operator*> operators;
  std::vector<const tenon_option*> options;
};

// Whether static data of the backend can be used; else why it is dropped, or the backend refused.
Status CheckDevice(const tenon_device_info* info);
Status CheckDescriptor(const tenon_kernel_descriptor* descriptor);
Status CheckOption(const tenon_option* option);
Status CheckLayout(const tenon_layout_info* layout);
Status CheckOperator(const tenon_operator* op);
// Checks values against the schema and adds defaults. kInvalidArgument names the nearest option.
Result<std::map<std::string, std::string>> CheckOptions(
    const std::string& backend, std::span<const tenon_option* const> schema,
    const std::map<std::string, std::string>& given);

}  // namespace tenon::backend
