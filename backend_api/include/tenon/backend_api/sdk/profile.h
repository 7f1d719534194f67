// The interface "profile" from members of a backend's Device class:
//   void EnableProfile(bool on);  sdk::Clocks ReadClocks();  and optionally  void FlushProfile();
// Events go to the host with Host::table()->profile_event; they stand in `tenon profile --trace`, its
// table has the host's own times alone.
#pragma once

#include <cstdint>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

struct Clocks {
  uint64_t device_ns;
  uint64_t host_ns;  // Host::ClockNs at the same moment
};

template <typename D>
concept HasProfile = requires(D& d) {
  d.EnableProfile(true);
  { d.ReadClocks() } -> std::same_as<Clocks>;
};

namespace detail {

template <typename D>
struct ProfileSlots {
  static D& Self(tenon_device* device) { return *reinterpret_cast<D*>(device); }
  static tenon_status TENON_CALL Enable(tenon_device* device, int32_t on) {
    return Guard(Self(device).host().table(), [&] { Self(device).EnableProfile(on != 0); });
  }
  static tenon_status TENON_CALL ClocksSlot(tenon_device* device, uint64_t* out_device_ns,
                                            uint64_t* out_host_ns) {
    return Guard(Self(device).host().table(), [&] {
      const Clocks clocks = Self(device).ReadClocks();
      *out_device_ns = clocks.device_ns;
      *out_host_ns = clocks.host_ns;
    });
  }
  static tenon_status TENON_CALL Flush(tenon_device* device) {
    return Guard(Self(device).host().table(), [&] { Self(device).FlushProfile(); });
  }
  static constexpr tenon_profile_interface Make() {
    tenon_profile_interface table{TENON_SIZE_TO(tenon_profile_interface, flush), 0, &Enable,
                                  &ClocksSlot, nullptr};
    if constexpr (requires(D & d) { d.FlushProfile(); }) table.flush = &Flush;
    return table;
  }
  static constexpr tenon_profile_interface kTable = Make();
};

}  // namespace detail
}  // namespace v0_1
}  // namespace tenon::sdk
