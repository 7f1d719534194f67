// Elementwise operators: without state, so that a kernel is a function. For another one write the code
// that the device runs, the function that launches it, and its row in backend.h.
#pragma once

#include "tenon/backend_api/sdk/sdk.h"

namespace plugin {

namespace sdk = tenon::sdk;

void Relu(const sdk::Run& run);

// Add broadcasts; this one takes equal shapes only.
tenon_status AcceptsAdd(const sdk::Node& node);
void Add(const sdk::Run& run);

}  // namespace plugin
