// Internals that the parts of the fake backends share.
#pragma once

#include "tenon/backend_api/backend.h"

namespace tenon::execution::testing {

const tenon_host* FakeHost(tenon_backend* backend);
const tenon_kernel_interface* FakeKernelInterface(bool queue);

}  // namespace tenon::execution::testing
