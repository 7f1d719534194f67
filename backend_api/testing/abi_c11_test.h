/* Between abi_c11_test.c, which calls every slot, and the program that loads the backend for it. */
#ifndef TENON_BACKEND_API_TESTING_ABI_C11_TEST_H_
#define TENON_BACKEND_API_TESTING_ABI_C11_TEST_H_

#include <tenon/backend_api/backend.h>

#include "complete_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Objects of the host that calls need. */
typedef struct abi_c11_objects {
  tenon_run_context* context; /* gives output 0 as 8 floats of host memory */
  tenon_timeline* timeline;   /* at 1 */
  tenon_cancel* cancel;       /* not cancelled */
} abi_c11_objects;

/* Calls every slot of every table of the backend and of the host. Gives 0, or the line of the check
 * that failed. */
int abi_c11_call_everything(tenon_backend* backend, const tenon_host* host,
                            const abi_c11_objects* objects);

#ifdef __cplusplus
}
#endif

#endif /* TENON_BACKEND_API_TESTING_ABI_C11_TEST_H_ */
