// The interface "device" from plain rows: options of the backend, devices and their memory kinds. A
// backend that leaves all of it out is one device with host memory.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/status.h"
#include "tenon/backend_api/sdk/types.h"

namespace tenon::sdk {
inline namespace v0_1 {

// An option that the application may set; read with Host::Option. Rows are constants.
struct OptionRow {
  const char* name;
  uint32_t kind = TENON_OPTION_STRING;
  const char* default_value = "";
  const char* description = "";
  List<const char*, 16> choices = {};
};

// A memory kind; see tenon_memory_kind.
struct MemoryRow {
  uint32_t id;  // from 1
  std::string name;
  tenon_memory_flags flags = 0;
  uint64_t alignment = 64;
  uint64_t ownership_granule = 1;
  uint64_t largest_allocation = UINT64_MAX;
  uint64_t capacity = 0;
};

// A device; see tenon_device_info. Its id is its place in the list.
struct DeviceRow {
  std::string name;
  std::string fingerprint = {};
  tenon_device_kind kind = TENON_DEVICE_HOST;
  std::vector<MemoryRow> memory = {};
  DLDevice dl_device = {kDLCPU, 0};
  double gflops = 0;
  double gbytes = 0;
};

// The base of a backend's device class: D(B& backend, uint32_t id).
template <typename B>
class Device {
 public:
  Device(B& backend, uint32_t id) : backend_(backend), id_(id) {}
  B& backend() const { return backend_; }
  Host host() const { return backend_.host(); }
  uint32_t id() const { return id_; }

 private:
  B& backend_;
  uint32_t id_;
};

// C structs made of rows, kept as long as the backend.
class DeviceTable {
 public:
  explicit DeviceTable(std::vector<DeviceRow> rows) : rows_(std::move(rows)) {
    for (size_t i = 0; i < rows_.size(); ++i) Add(rows_[i], static_cast<uint32_t>(i));
  }
  std::span<const tenon_device_info* const> devices() const { return devices_; }

 private:
  struct Entry {
    std::vector<tenon_memory_kind> kinds;
    std::vector<const tenon_memory_kind*> kind_pointers;
    tenon_device_info info;
  };
  void Add(const DeviceRow& row, uint32_t id) {
    auto entry = std::make_unique<Entry>();
    for (const MemoryRow& m : row.memory) {
      entry->kinds.push_back({TENON_SIZE_TO(tenon_memory_kind, capacity), m.id, m.name.c_str(),
                              m.flags, 0, m.alignment, m.ownership_granule, m.largest_allocation,
                              m.capacity});
    }
    for (const tenon_memory_kind& kind : entry->kinds) entry->kind_pointers.push_back(&kind);
    entry->info = {TENON_SIZE_TO(tenon_device_info, gbytes),
                   id,
                   row.name.c_str(),
                   row.fingerprint.c_str(),
                   row.kind,
                   static_cast<uint32_t>(entry->kinds.size()),
                   entry->kind_pointers.data(),
                   row.dl_device,
                   row.gflops,
                   row.gbytes};
    devices_.push_back(&entry->info);
    entries_.push_back(std::move(entry));
  }
  std::vector<DeviceRow> rows_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<const tenon_device_info*> devices_;
};

class OptionTable {
 public:
  explicit OptionTable(std::span<const OptionRow> rows) {
    for (const OptionRow& row : rows) {
      options_.push_back({TENON_SIZE_TO(tenon_option, reserved), row.kind, row.name,
                          row.default_value, row.description, row.choices.data(), row.choices.count,
                          0});
    }
    for (const tenon_option& option : options_) pointers_.push_back(&option);
  }
  std::span<const tenon_option* const> options() const { return pointers_; }

 private:
  std::vector<tenon_option> options_;
  std::vector<const tenon_option*> pointers_;
};

// A backend B has devices when it has a class B::Device, made by B::Device(B&, id), and
// `std::vector<DeviceRow> Devices()`, asked once, when options are known.
template <typename B>
concept HasDevices = requires(B& b) {
  typename B::Device;
  { b.Devices() } -> std::convertible_to<std::vector<DeviceRow>>;
};

namespace detail {

template <typename B>
struct DeviceSlots {
  static void TENON_CALL Options(tenon_backend* backend, const tenon_option* const** out_options,
                                 uint32_t* out_count) {
    const auto options = static_cast<B*>(backend)->options();
    *out_options = options.data();
    *out_count = static_cast<uint32_t>(options.size());
  }
  static tenon_status TENON_CALL Enumerate(tenon_backend* backend,
                                           const tenon_device_info* const** out_devices,
                                           uint32_t* out_count) {
    B& b = *static_cast<B*>(backend);
    return Guard(b.host().table(), [&] {
      const auto devices = b.devices();
      *out_devices = devices.data();
      *out_count = static_cast<uint32_t>(devices.size());
    });
  }
  static tenon_status TENON_CALL Open(tenon_backend* backend, uint32_t id,
                                      tenon_device** out_device) {
    B& b = *static_cast<B*>(backend);
    return Guard(b.host().table(), [&] {
      if (id >= b.devices().size()) {
        throw Failure(TENON_NOT_FOUND, "there is no device " + std::to_string(id));
      }
      *out_device = reinterpret_cast<tenon_device*>(new typename B::Device(b, id));
    });
  }
  static void TENON_CALL Close(tenon_device* device) {
    auto* d = reinterpret_cast<typename B::Device*>(device);
    if (d) GuardEnd(d->host().table(), [&] { delete d; });
  }
  static constexpr tenon_device_interface kTable{
      TENON_SIZE_TO(tenon_device_interface, close), 0, &Options, &Enumerate, &Open, &Close};
};

}  // namespace detail
}  // namespace v0_1
}  // namespace tenon::sdk
