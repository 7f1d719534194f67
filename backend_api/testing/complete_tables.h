/* The backend of complete.h as its users see it, C and C++. */
#ifndef TENON_BACKEND_API_TESTING_COMPLETE_TABLES_H_
#define TENON_BACKEND_API_TESTING_COMPLETE_TABLES_H_

#include <tenon/backend_api/backend.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COMPLETE_POINTERS = 1, COMPLETE_HANDLES = 2 }; /* its memory kinds */

extern const tenon_device_interface complete_device_interface;
extern const tenon_memory_interface complete_memory_interface;
extern const tenon_queue_interface complete_queue_interface;
extern const tenon_kernel_interface complete_kernel_interface;
extern const tenon_compile_interface complete_compile_interface;
extern const tenon_operators_interface complete_operators_interface;
extern const tenon_profile_interface complete_profile_interface;

int32_t complete_negotiate(const tenon_offer* offer, tenon_answer* answer);
const tenon_host* complete_host(tenon_backend* backend);

#ifdef __cplusplus
}
#endif

#endif /* TENON_BACKEND_API_TESTING_COMPLETE_TABLES_H_ */
