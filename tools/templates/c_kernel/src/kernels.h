/* The kernels, each in the file of its kind; kernels.c lists them. */
#ifndef KERNELS_H_
#define KERNELS_H_

#include "backend.h"

static const tenon_dtypes kFloat32[] = {TENON_DTYPE_BIT(TENON_FLOAT32)};

extern const tenon_kernel_descriptor kRelu, kAdd; /* elementwise.c */
extern const tenon_kernel_descriptor kMatMul;     /* matmul.c */

#endif /* KERNELS_H_ */
