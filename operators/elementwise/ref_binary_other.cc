// The rows of ref_binary.h for the types other than float32.
#include "elementwise/ref_binary.h"

namespace tenon::operators {

KernelRows ref_binary_other_rows() { return binary::kRows<OtherPart>; }

}  // namespace tenon::operators
