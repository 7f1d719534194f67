// The rows of ref_binary.h for float32.
#include "elementwise/ref_binary.h"

namespace tenon::operators {

KernelRows ref_binary_rows() { return binary::kRows<Float32Part>; }

}  // namespace tenon::operators
