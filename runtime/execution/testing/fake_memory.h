// The device and the memory of the backend "fakeq": buffers are handles, the host maps them.
#pragma once

#include <cstddef>

#include "tenon/backend_api/backend.h"

namespace tenon::execution::testing {

const tenon_host* HostOf(tenon_device* device);
std::byte* BytesOf(tenon_buffer* buffer);
const tenon_device_interface* FakeDeviceInterface();
const tenon_memory_interface* FakeMemoryInterface();
constexpr uint32_t kFakeMemory = 1;

}  // namespace tenon::execution::testing
