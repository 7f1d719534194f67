// The shape of a matrix product as MatMul and its quantised kin have it.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

// `result` is left as it is where a rank is not known.
Status InferMatMulShape(const NodeView& node, const Shape& a, const Shape& b, Shape& result);

}  // namespace tenon::operators
