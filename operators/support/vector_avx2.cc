// Built with -mavx2 -mfma; called only where the processor has both.
#include "support/vector_functions_impl.h"

namespace tenon::operators {

const VectorFunctions kAvx2Functions = {.gemm_block = GemmBlockLoop<6, 8, 2>,
                                        .depthwise_row = DepthwiseRowLoop<8>};

}  // namespace tenon::operators
