// The rows of ref_reduce.h for the types other than float32.
#include "reduce/ref_reduce.h"

namespace tenon::operators {

KernelRows ref_reduce_other_rows() { return reduce::kRows<OtherPart>; }

}  // namespace tenon::operators
