// The base of a backend's class, which serves the interfaces of the ABI, and the one exported
// function.
//
//   class MyBackend : public sdk::Backend<MyBackend> {
//    public:
//     using Backend::Backend;
//     static constexpr auto kKernels = sdk::Rows(...);
//   };
//   TENON_SDK_BACKEND(MyBackend, "my_backend", "1.0", "My Company")
//
// An interface is there when the class has, publicly, what belongs to it:
//   "kernel"     static constexpr kKernels, see kernel.h; or, for kernels known only at run time,
//                std::span<const tenon_kernel_descriptor* const> Descriptors(); with either, for
//                layouts of its own, std::span<const tenon_layout_info* const> Layouts()
//   "device"     class Device and std::vector<DeviceRow> Devices(), see device.h; for options
//                static constexpr OptionRow kOptions[]
//   "memory"     members of Device, see memory.h
//   "queue"      classes Device::Queue and Device::Timeline, see queue.h
//   "compile"    Colour, Compile, Check and class Program, see compile.h
//   "operators"  static constexpr OperatorRow kOperators[], see operators.h
//   "profile"    members of Device, see profile.h
// tenon_status Quiesce(uint64_t timeout_ns) is called where it exists. The constructor takes a Host
// and may throw. All members may be called on any thread, as the ABI says of the slots that they
// stand for.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/compile.h"
#include "tenon/backend_api/sdk/device.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/kernel.h"
#include "tenon/backend_api/sdk/memory.h"
#include "tenon/backend_api/sdk/negotiate.h"
#include "tenon/backend_api/sdk/operators.h"
#include "tenon/backend_api/sdk/profile.h"
#include "tenon/backend_api/sdk/queue.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

template <typename B>
concept HasKernelRows = requires {
  std::span<const Row>(B::kKernels);
};
template <typename B>
concept HasDescriptors = requires(B& b) {
  { b.Descriptors() } -> std::convertible_to<std::span<const tenon_kernel_descriptor* const>>;
};
template <typename B>
concept HasLayouts = requires(B& b) {
  { b.Layouts() } -> std::convertible_to<std::span<const tenon_layout_info* const>>;
};
template <typename B>
concept HasOptions = requires {
  std::span<const OptionRow>(B::kOptions);
};
template <typename B>
concept HasOperators = requires {
  std::span<const OperatorRow>(B::kOperators);
};

namespace detail {

// A member that is there, but not as it is called, would leave its interface out silently.
template <typename B>
constexpr void CheckMembers() {
  static_assert(
      HasKernelRows<B> || !requires { B::kKernels; }, "kKernels is made by sdk::Rows");
  static_assert(
      HasDescriptors<B> || !requires { &B::Descriptors; },
      "Descriptors gives a span of const tenon_kernel_descriptor*");
  static_assert(
      HasLayouts<B> || !requires { &B::Layouts; },
      "Layouts gives a span of const tenon_layout_info*");
  static_assert(
      HasOptions<B> || !requires { B::kOptions; }, "kOptions is an array of OptionRow");
  static_assert(
      HasOperators<B> || !requires { B::kOperators; }, "kOperators is an array of OperatorRow");
  static_assert(
      HasCompile<B> || !requires { &B::Compile; },
      "Colour, Compile, Check and class Program are not as compile.h says");
  static_assert(
      HasRefusal<B> || !requires { &B::Refusal; }, "Refusal is not as compile.h says");
  static_assert(HasDevices<B> || !(
                                     requires { &B::Devices; } || requires { typename B::Device; }),
                "class Device and Devices() are public, and as device.h says");
  static_assert(!HasOptions<B> || HasDevices<B>, "options need class Device and Devices()");
  if constexpr (HasDevices<B>) {
    using D = typename B::Device;
    static_assert(
        HasMemory<D> || !(
                            requires { &D::Allocate; } || requires { typename D::Buffer; }),
        "class Buffer, Allocate, Base and Free are public, and as memory.h says");
    static_assert(
        HasProfile<D> || !requires { &D::EnableProfile; },
        "EnableProfile and ReadClocks are not as profile.h says");
  }
}

template <typename B>
struct KernelSlotsOf {
  static tenon_status TENON_CALL Descriptors(tenon_backend* backend,
                                             const tenon_kernel_descriptor* const** out_list,
                                             uint32_t* out_count) {
    B& self = *static_cast<B*>(backend);
    return Guard(self.host().table(), [&] {
      std::span<const tenon_kernel_descriptor* const> all = self.row_descriptors();
      if constexpr (HasDescriptors<B>) all = self.Descriptors();
      *out_list = all.data();
      *out_count = static_cast<uint32_t>(all.size());
    });
  }
  static tenon_status TENON_CALL Layouts(tenon_backend* backend,
                                         const tenon_layout_info* const** out_list,
                                         uint32_t* out_count) {
    B& self = *static_cast<B*>(backend);
    return Guard(self.host().table(), [&] {
      const std::span<const tenon_layout_info* const> all = self.Layouts();
      *out_list = all.data();
      *out_count = static_cast<uint32_t>(all.size());
    });
  }
  static constexpr tenon_kernel_interface Make() {
    tenon_kernel_interface table{TENON_SIZE_TO(tenon_kernel_interface, layouts), 0, &Descriptors,
                                 nullptr};
    if constexpr (HasLayouts<B>) table.layouts = &Layouts;
    return table;
  }
  static constexpr tenon_kernel_interface kTable = Make();
};

// The table of an interface of B in version 1, or nullptr.
template <typename B>
const void* FindInterface(std::string_view name) {
  CheckMembers<B>();
  if constexpr (HasKernelRows<B> || HasDescriptors<B>) {
    if (name == "kernel") return &KernelSlotsOf<B>::kTable;
  }
  if constexpr (HasCompile<B>) {
    if (name == "compile") return &CompileSlots<B>::kTable;
  }
  if constexpr (HasOperators<B>) {
    if (name == "operators") return &OperatorSlots<B>::kTable;
  }
  if constexpr (HasDevices<B>) {
    if (name == "device") return &DeviceSlots<B>::kTable;
    if constexpr (HasMemory<typename B::Device>) {
      if (name == "memory") return &MemorySlots<typename B::Device>::kTable;
    }
    if constexpr (HasQueue<typename B::Device>) {
      if (name == "queue") return &QueueSlots<typename B::Device>::kTable;
    }
    if constexpr (HasProfile<typename B::Device>) {
      if (name == "profile") return &ProfileSlots<typename B::Device>::kTable;
    }
  }
  return nullptr;
}

}  // namespace detail

template <typename B>
class Backend : public tenon_backend {
 public:
  explicit Backend(Host host) : tenon_backend{}, host_(host) {
    struct_size = TENON_SIZE_TO(tenon_backend, destroy);
    interface = &Interface;
    if constexpr (requires(B & b) { b.Quiesce(uint64_t{}); }) quiesce = &QuiesceSlot;
    destroy = &Destroy;
    if constexpr (HasKernelRows<B>) {
      for (const Row& row : B::kKernels)
        rows_.push_back(std::make_unique<RowDescriptor>(row, host_));
      for (const auto& row : rows_) descriptors_.push_back(row.get());
    }
    if constexpr (HasOptions<B>) options_.emplace(B::kOptions);
    if constexpr (HasOperators<B>) operators_.emplace(B::kOperators, host_);
  }
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  Host host() const { return host_; }

  // What the tables of the interfaces read.
  std::span<const tenon_kernel_descriptor* const> row_descriptors() const { return descriptors_; }
  std::span<const tenon_option* const> options() const {
    return options_ ? options_->options() : std::span<const tenon_option* const>();
  }
  std::span<const tenon_operator* const> operators() const { return operators_->operators(); }
  std::span<const tenon_device_info* const> devices() {
    std::call_once(devices_made_, [&] { devices_.emplace(static_cast<B*>(this)->Devices()); });
    return devices_->devices();
  }

 private:
  static const void* TENON_CALL Interface(tenon_backend*, const char* name, uint32_t version) {
    return version == 1 ? detail::FindInterface<B>(name) : nullptr;
  }
  static tenon_status TENON_CALL QuiesceSlot(tenon_backend* backend, uint64_t timeout_ns) {
    B& self = *static_cast<B*>(backend);
    return Guard(self.host().table(), [&] { return self.Quiesce(timeout_ns); });
  }
  static void TENON_CALL Destroy(tenon_backend* backend) {
    B* self = static_cast<B*>(backend);
    if (self) GuardEnd(self->host().table(), [&] { delete self; });
  }

  Host host_;
  std::vector<std::unique_ptr<RowDescriptor>> rows_;
  std::vector<const tenon_kernel_descriptor*> descriptors_;
  std::optional<OptionTable> options_;
  std::optional<OperatorTable> operators_;
  std::once_flag devices_made_;
  std::optional<DeviceTable> devices_;
};

}  // namespace v0_1
}  // namespace tenon::sdk
