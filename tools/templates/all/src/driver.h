/* The driver of the device, as the backend sees it. driver_sim.c simulates one: give these functions bodies that call
 * your driver instead, and nothing else in this project has to know the hardware.
 *
 * Functions that can fail give 0, or a positive number that says why. Device memory is not the host's: an address is a
 * number that only the device can follow. Any thread, but a stream is used by one thread at a time. */
#ifndef DRIVER_H_
#define DRIVER_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct driver_device driver_device;
typedef struct driver_stream driver_stream; /* work, done in order */
typedef uint64_t driver_address;            /* in device memory */

enum { DRIVER_OUT_OF_MEMORY = 1, DRIVER_BAD_LAUNCH = 2, DRIVER_FAULT = 3 };
enum { DRIVER_ALIGNMENT = 256, DRIVER_MOST_BUFFERS = 8, DRIVER_MOST_PARAMETERS = 256 };
/* What a failure means, for people. */
const char* driver_text(int failure);

int driver_open(driver_device** out_device);
/* All streams are destroyed before; waits for the work that is still under way on them. */
void driver_close(driver_device* device);

/* size is not 0. Addresses are multiples of DRIVER_ALIGNMENT. */
int driver_allocate(driver_device* device, uint64_t size, driver_address* out_address);
void driver_free(driver_device* device, driver_address address);
/* Copies to the device, and is done when it returns: for what is written once, before any run. */
int driver_write(driver_device* device, driver_address to, const void* from, uint64_t size);

int driver_stream_create(driver_device* device, driver_stream** out_stream);
/* Does not wait: work under way goes on. */
void driver_stream_destroy(driver_stream* stream);

/* What follows puts work on a stream and returns. Work that comes after a failure is left out, until a driver_call
 * forgets the failure. Host memory stays as it is until the work is done. */
int driver_copy_in(driver_stream* stream, driver_address to, const void* from, uint64_t size);
int driver_copy_out(driver_stream* stream, void* to, driver_address from, uint64_t size);
int driver_copy(driver_stream* stream, driver_address to, driver_address from, uint64_t size);
/* Repeats a pattern of 1, 2, 4 or 8 bytes, which is copied now. */
int driver_fill(driver_stream* stream, driver_address to, uint64_t size, const void* pattern,
                uint32_t pattern_size);
/* Device code: for this driver a C function; for yours perhaps a handle into a binary that was loaded. It gets the
 * buffers as the device sees them. Buffers and parameters are copied now. */
typedef void (*driver_function)(void* const* buffers, const void* parameters);
int driver_launch(driver_stream* stream, driver_function function, const driver_address* buffers,
                  uint32_t buffer_count, const void* parameters, uint32_t parameter_bytes);
/* Calls a function of the host's, on a thread of the driver's, when the work before it is done; work after it waits for
 * it. It gets the failure of that work (0: none) and gives the failure that the stream has from then on. Always called,
 * once, unless driver_call fails. */
int driver_call(driver_stream* stream, int (*function)(void* context, int failure), void* context);

#ifdef __cplusplus
}
#endif

#endif /* DRIVER_H_ */
