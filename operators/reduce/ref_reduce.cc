// The rows of ref_reduce.h for float32.
#include "reduce/ref_reduce.h"

namespace tenon::operators {

KernelRows ref_reduce_rows() { return reduce::kRows<Float32Part>; }

}  // namespace tenon::operators
