// A segment that placement made, as an ONNX model: segment_to_onnx of backend.h. Any thread.
#pragma once

#include <string>

#include "tenon/backend_api/backend.h"
#include "tenon/operators/status.h"

namespace tenon::session {

Result<std::string> ExportSegment(const tenon_segment* segment, uint32_t opset);

}  // namespace tenon::session
