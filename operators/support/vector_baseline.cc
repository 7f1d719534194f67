#include "support/vector_functions_impl.h"

namespace tenon::operators {

const VectorFunctions kBaselineFunctions = {.gemm_block = GemmBlockLoop<6, 4, 2>,
                                            .depthwise_row = DepthwiseRowLoop<4>};

const VectorFunctions& ChooseVectorFunctions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2Functions;
#endif
  return kBaselineFunctions;
}

}  // namespace tenon::operators
