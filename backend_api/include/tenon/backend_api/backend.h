/* Tenon backend ABI 0.2. This header is the specification; a backend needs nothing else.
 *
 * A backend is one shared object that exports one function, tenon_negotiate, and describes itself in one note section
 * (see "Note" below). It runs kernels one by one (interface "kernel"), compiles whole segments ("compile"), or both.
 * Everything else is optional: without "device" it is one device; without "memory" its buffers are host memory that
 * the host allocates; without "queue" it is synchronous, and a kernel's run is finished when it returns.
 *
 * Conventions, which hold everywhere and are not repeated. Each has an id, which the validation layer reports.
 *  R1  Sizes.    Every growable struct starts with struct_size: the offset of the end of the last field that its writer
 *                knows (TENON_SIZE_TO). A reader never touches a field beyond it; a field that is not there reads as 0.
 *                Fields are appended, never moved, reused or removed. Growable structs are passed by pointer, and
 *                arrays of them are arrays of pointers. Structs marked "fixed" never change and may be embedded.
 *                Unused bits, reserved fields and padding are 0.
 *  R2  Status.   Functions that can fail return tenon_status by value. OK is code 0 with detail NULL. Details are made
 *                by the host only (tenon_host.error); a status without detail is valid, so failing needs no memory. The
 *                receiver owns the detail: it passes the status on, or gives it to tenon_host.error_release.
 *                After a failure every out parameter is as it was or NULL, and nothing needs to be freed.
 *  R3  Outputs.  Out parameters come last, are never NULL unless it says "may be NULL", and are named out_x.
 *  R4  Owners.   create, open, allocate, record and load give: the caller ends the object with the slot named after it.
 *                Everything else lends: what is lent lives as long as the object that it was asked of, or as long as
 *                the call where it is an argument. An object is ended once, and not used after that; ending NULL is
 *                allowed and does nothing. Ending always succeeds, also on a lost device.
 *  R5  Threads.  "any": any thread at any time, concurrently with itself. "one": one thread at a time for the object
 *                named first. A slot without a word is "any". Callbacks say on which thread they come.
 *  R6  Calls.    Nothing throws or longjmps across this interface, aborts, exits, prints, changes signal handlers, the
 *                locale or the floating-point environment, or blocks longer than the slot allows. "does not wait": the
 *                slot may take locks briefly, but never waits for device work.
 *  R7  Strings.  UTF-8, zero-terminated, never NULL unless it says so. Lists are pointer and count; a count of 0 allows
 *                a NULL pointer.
 *  R8  Unknown.  An enum value, flag, dtype or layout that the reader does not know means "does not apply": a host skips
 *                that kernel, a backend answers TENON_UNSUPPORTED. It is never a reason to refuse the backend.
 *  R9  NULL.     Slots marked (optional) may be NULL; their text states the default. All others are required, and a
 *                table that lacks one is refused when it is looked up.
 *  R10 Symbols.  Nothing is looked up in the host: all services come in tenon_host. A backend keeps no static pointer to
 *                a host: create may be called more than once, with different hosts. It is built with hidden symbols and
 *                -fno-gnu-unique (GCC), runs no code that needs a special instruction set in static initialisers, and
 *                starts no compute threads unless its manifest says "threads": true.
 *  R11 Unload.   By default a backend is never unloaded. Where the application asks for it: quiesce, every object ended,
 *                destroy, then the library is closed.
 *  R12 Fences.   Work is ordered by fences alone. A run never waits on the host; memory is reused only behind a fence.
 *  R13 Values.   Sizes, ranges, shapes and arguments are as the text of their field or slot asks; a run writes its
 *                outputs and its workspace and nothing else.
 *  R14 Promises. What a table, a descriptor, prepack or prepare has said holds from then on.
 *
 * Versions: the host offers a range of minor versions, the backend chooses one. In 0.x a breaking change raises the
 * minor version and the least minor that hosts accept; an addition raises the minor version alone.
 *
 * Not supported in this version: strings as tensor elements, several devices inside one segment, backends in another
 * process, cost quotes before placement, a virtual-time clock, collectives. Room for them is kept: a new interface name
 * or an appended field each. */
#ifndef TENON_BACKEND_API_BACKEND_H_
#define TENON_BACKEND_API_BACKEND_H_

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_MAJOR 0u
#define TENON_ABI_MINOR 2u

/* The calling convention of every function here: the platform's C convention, said where compilers differ. */
#if defined(_WIN32) && !defined(_WIN64)
#define TENON_CALL __cdecl
#else
#define TENON_CALL
#endif
#if defined(_WIN32)
#define TENON_EXPORT __declspec(dllexport)
#else
#define TENON_EXPORT __attribute__((visibility("default")))
#endif

/* The struct_size of a writer whose last known field is `field`; and whether a struct that was received has `field`. */
#define TENON_SIZE_TO(type, field) ((uint32_t)(offsetof(type, field) + sizeof(((type*)0)->field)))
#define TENON_HAS(object, type, field) ((object)->struct_size >= TENON_SIZE_TO(type, field))

/* ---------------------------------------------------------------------------------------------------- Objects */
/* Opaque to the other side. Made by the host: */
typedef struct tenon_error tenon_error;
typedef struct tenon_cancel tenon_cancel;           /* a cancellation token */
typedef struct tenon_run_context tenon_run_context; /* one run of a program */
/* Made by the backend: */
typedef struct tenon_device tenon_device;
typedef struct tenon_buffer tenon_buffer;
typedef struct tenon_queue tenon_queue;
typedef struct tenon_recording tenon_recording;
typedef struct tenon_kernel tenon_kernel;
typedef struct tenon_plan tenon_plan;
typedef struct tenon_artifact tenon_artifact;
/* Made by either; tenon_fence says by whom: */
typedef struct tenon_timeline tenon_timeline;

typedef struct tenon_host tenon_host;
typedef struct tenon_backend tenon_backend;

/* ----------------------------------------------------------------------------------------------------- Status */
typedef int32_t tenon_code;
enum {
  TENON_OK = 0,
  TENON_INVALID_ARGUMENT = 1,
  TENON_NOT_FOUND = 2,
  TENON_UNSUPPORTED = 3, /* a refusal, by supports or prepare: see there */
  TENON_OUT_OF_MEMORY = 4,
  TENON_BUDGET_EXCEEDED = 5,
  TENON_CANCELLED = 6,
  TENON_DEADLINE_EXCEEDED = 7,
  TENON_DEVICE_LOST =
      8, /* final: all but ending objects gives it again; its work touches no host memory any more */
  TENON_INTERNAL = 9, /* also what the host makes of a code that it does not know */
  TENON_INCOMPATIBLE = 10,
  TENON_FAILED_PRECONDITION = 11,
  TENON_DATA_LOSS = 12,
  TENON_IO = 13,
  TENON_UNAVAILABLE = 14
};
/* Fixed. */
typedef struct tenon_status {
  tenon_code code;
  uint32_t reserved;
  tenon_error* detail; /* made by tenon_host.error or refuse; may be NULL */
} tenon_status;

/* Why a kernel does not take a node. */
typedef int32_t tenon_reason;
enum {
  TENON_REASON_OTHER = 0,
  TENON_REASON_OPERATOR = 1,
  TENON_REASON_REVISION = 2,
  TENON_REASON_DTYPE = 3,
  TENON_REASON_RANK = 4,
  TENON_REASON_SHAPE = 5,
  TENON_REASON_DYNAMIC_SHAPE = 6,
  TENON_REASON_ATTRIBUTE = 7,
  TENON_REASON_LAYOUT = 8,
  TENON_REASON_MEMORY = 9,
  TENON_REASON_NUMERICS = 10,
  TENON_REASON_CONSTANT = 11, /* an input must be constant and is not */
  TENON_REASON_OPTION = 12    /* an option of the backend says so */
};

/* ------------------------------------------------------------------------------------------------------ Tensors */
/* Element types: the numbers of ONNX's TensorProto.DataType. Sub-byte types are packed, low bits first. */
typedef int32_t tenon_dtype;
enum {
  TENON_FLOAT32 = 1,
  TENON_UINT8 = 2,
  TENON_INT8 = 3,
  TENON_UINT16 = 4,
  TENON_INT16 = 5,
  TENON_INT32 = 6,
  TENON_INT64 = 7,
  TENON_BOOL = 9,
  TENON_FLOAT16 = 10,
  TENON_FLOAT64 = 11,
  TENON_UINT32 = 12,
  TENON_UINT64 = 13,
  TENON_COMPLEX64 = 14,
  TENON_COMPLEX128 = 15,
  TENON_BFLOAT16 = 16,
  TENON_FLOAT8E4M3FN = 17,
  TENON_FLOAT8E4M3FNUZ = 18,
  TENON_FLOAT8E5M2 = 19,
  TENON_FLOAT8E5M2FNUZ = 20,
  TENON_UINT4 = 21,
  TENON_INT4 = 22,
  TENON_FLOAT4E2M1 = 23,
  TENON_FLOAT8E8M0 = 24,
  TENON_UINT2 = 25,
  TENON_INT2 = 26
};
/* A set of element types: bit t for type t. Unknown bits are ignored (R8). */
typedef uint64_t tenon_dtypes;
#define TENON_DTYPE_BIT(t) ((tenon_dtypes)1 << (t))
#define TENON_MAX_RANK 8

/* Layouts. 0 and 1 are the host's; from TENON_LAYOUT_OWN on a number belongs to the backend, is opaque to all others,
 * and stands in tenon_kernel_interface.layouts. */
typedef uint32_t tenon_layout;
enum {
  TENON_LAYOUT_ROW_MAJOR = 0,     /* dense, strides of the logical dimensions descending */
  TENON_LAYOUT_CHANNELS_LAST = 1, /* dense, logical N,C,D1.. stored as N,D1..,C: said by strides */
  TENON_LAYOUT_OWN = 4096
};

/* An argument of a kernel. Where the memory kind is addressable, tensor.data is the buffer's base plus offset, else
 * NULL: the buffer is a handle. tensor.byte_offset is 0; tensor.shape and tensor.strides (in elements) are never NULL
 * except for rank 0; tensor.dtype is DLPack's name of the type. An argument of no bytes may have buffer NULL. Where the
 * buffer belongs to the host (memory kind TENON_MEMORY_HOST of a backend without "memory") buffer is NULL. In
 * TENON_MEMORY_HOST data is aligned to its element and no more (it may be the caller's, or lie in a mapped file), but
 * workspace and blobs are aligned as asked for. Growable. */
typedef struct tenon_argument {
  uint32_t struct_size;
  tenon_layout layout;
  tenon_buffer* buffer;
  uint64_t offset; /* bytes */
  DLTensor tensor;
  uint64_t bytes; /* size of the argument in its layout */
  tenon_dtype dtype;
  uint32_t memory_kind; /* id of the memory kind, or TENON_MEMORY_HOST */
} tenon_argument;

/* A point on a timeline. A timeline counts upward; a fence is reached when the timeline has reached its value, or when
 * it failed: failure travels along. Fixed. */
typedef struct tenon_fence {
  tenon_timeline* timeline;
  uint64_t value;
  uint32_t origin; /* TENON_ORIGIN_ */
  uint32_t reserved;
} tenon_fence;
enum {
  TENON_ORIGIN_BACKEND = 0, /* the timeline came from this backend's queue.timeline_create */
  TENON_ORIGIN_HOST = 1     /* use tenon_host.timeline_* on it */
};

/* -------------------------------------------------------------------------------------------------------- Graph */
/* What is known of a value. Two arguments are the same value when the pointers are equal. Growable. */
typedef struct tenon_value {
  uint32_t struct_size;
  tenon_dtype dtype;
  const char* name;
  int32_t rank; /* -1: unknown */
  uint32_t reserved;
  const int64_t*
      dims; /* >= 0 a size, -1 unknown, -2 and below a symbol: equal wherever it appears in the model */
  const void*
      data; /* contents of a constant, dense row-major in host memory; NULL where not constant */
  uint64_t data_bytes;
  tenon_layout layout; /* layout in which the host offers it */
  uint32_t reserved2;
} tenon_value;

typedef uint32_t tenon_attribute_kind;
enum {
  TENON_ATTRIBUTE_INT = 1,
  TENON_ATTRIBUTE_FLOAT = 2,
  TENON_ATTRIBUTE_STRING = 3,
  TENON_ATTRIBUTE_INTS = 4,
  TENON_ATTRIBUTE_FLOATS = 5,
  TENON_ATTRIBUTE_STRINGS = 6,
  TENON_ATTRIBUTE_TENSOR = 7,
  TENON_ATTRIBUTE_GRAPH = 8
};
/* Growable. Only the field of its kind is set. */
typedef struct tenon_attribute {
  uint32_t struct_size;
  tenon_attribute_kind kind;
  const char* name;
  int64_t i;
  double f;
  const char* s; /* zero-terminated; may hold zeros: s_bytes counts */
  uint64_t s_bytes;
  const int64_t* ints;
  const float* floats;
  const char* const* strings;
  uint64_t count; /* of ints, floats, strings */
  const tenon_value* tensor;
  const struct tenon_segment* graph;
} tenon_attribute;

/* A node in a semantic revision: the opset version that last changed the operator's meaning or signature (an added type is
 * no change); what stood in opset 6 is revision 1. So Conv is 1, Gemm 1, 7 or 11, Softmax 1 or 13, and a kernel that is
 * right for every opset up to 23 declares 1 to 23. Absent optional arguments are NULL. Growable. */
typedef struct tenon_node {
  uint32_t struct_size;
  uint32_t revision;
  const char* domain; /* "" is ONNX's own */
  const char* op;
  const char* name;
  const tenon_value* const* inputs;
  const tenon_value* const* outputs;
  const tenon_attribute* const* attributes;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t attribute_count;
  uint32_t id; /* of the node in its segment: the index in tenon_segment.nodes */
} tenon_node;

/* A convex part of a graph, topologically ordered. Lent for the call. Growable. */
typedef struct tenon_segment {
  uint32_t struct_size;
  uint32_t node_count;
  const char* name;
  const tenon_node* const* nodes;
  const tenon_value* const*
      inputs; /* in the order of the kernel's arguments; constants are not among them */
  const tenon_value* const* outputs;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t symbol_count;
  uint32_t reserved;
  const char* const* symbols; /* name of the symbol -2 - i */
} tenon_segment;

/* ------------------------------------------------------------------------------------------------- Host services */
typedef int32_t tenon_log_level;
enum { TENON_LOG_DEBUG = 0, TENON_LOG_INFO = 1, TENON_LOG_WARNING = 2, TENON_LOG_ERROR = 3 };

/* One interval for the profile, on a device's clock (see the interface "profile"). Growable. */
typedef struct tenon_profile_event {
  uint32_t struct_size;
  uint32_t device;         /* id of the device */
  uint64_t correlation_id; /* of the run arguments that caused it */
  uint64_t begin_ns;
  uint64_t end_ns;
  const char* name;
} tenon_profile_event;

/* A type's rule for an operator's argument, as tenon_host.operator_schema tells it. Growable. */
typedef struct tenon_operator_schema {
  uint32_t struct_size;
  uint32_t newest_revision;
  const char* domain;
  const char* name;
  uint32_t min_inputs;
  uint32_t max_inputs; /* UINT32_MAX: variadic */
  uint32_t min_outputs;
  uint32_t max_outputs;
} tenon_operator_schema;

/* The host's services; lives until the backend is destroyed. All slots are required and "any". Growable. */
struct tenon_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* the version that was negotiated */
  /* Writes one line to the application's log. */
  void(TENON_CALL* log)(const tenon_host* host, tenon_log_level level, const char* message);
  /* Makes a status with a message (copied). Where memory is out the status has no detail. code must not be OK. */
  tenon_status(TENON_CALL* error)(const tenon_host* host, tenon_code code, const char* message);
  /* Makes a TENON_UNSUPPORTED status: `field` ("attribute group", "input 1 dtype"), what it got, what it wants. */
  tenon_status(TENON_CALL* refuse)(const tenon_host* host, tenon_reason reason, const char* field,
                                   const char* got, const char* wants);
  /* Lent until error_release; "" where detail is NULL. */
  const char*(TENON_CALL* error_message)(const tenon_host* host, const tenon_error* detail);
  void(TENON_CALL* error_release)(const tenon_host* host, tenon_error* detail);
  /* Host memory, charged to the backend. alignment: a power of two. NULL where memory is out. */
  void*(TENON_CALL* allocate)(const tenon_host* host, uint64_t size, uint64_t alignment);
  void(TENON_CALL* free)(const tenon_host* host, void* memory);
  /* Calls body for [0, total) in chunks of `chunk` (the last may be shorter) on the host's threads and the caller's, and
   * returns when all are done. Chunks do not depend on the number of threads; nested calls run serially. */
  void(TENON_CALL* parallel_for)(const tenon_host* host, int64_t total, int64_t chunk,
                                 void(TENON_CALL* body)(void* context, int64_t begin, int64_t end),
                                 void* context);
  /* Runs `task` later on one of the host's threads. It must not wait for another task. */
  tenon_status(TENON_CALL* submit)(const tenon_host* host, void(TENON_CALL* task)(void* context),
                                   void* context);
  /* The value of an option that device.options lists, or its default: "on" or "off" for TENON_OPTION_BOOL, decimal
   * digits for TENON_OPTION_INT. NULL where it lists no such option, which is the backend's mistake. Not before the host
   * has called device.enumerate or device.open, or looked up "kernel" or "compile". */
  const char*(TENON_CALL* option)(const tenon_host* host, const char* name);
  /* NULL where the operator is unknown. */
  const tenon_operator_schema*(TENON_CALL* operator_schema)(const tenon_host* host,
                                                            const char* domain, const char* name);
  /* Monotonic, in nanoseconds. */
  uint64_t(TENON_CALL* clock_ns)(const tenon_host* host);
  /* Whether work should stop. token NULL: 0. */
  int32_t(TENON_CALL* cancelled)(const tenon_host* host, const tenon_cancel* token);
  /* The artifact cache: bytes under a key of up to 255 characters, kept per backend and version. get gives bytes that
   * cache_release ends, or TENON_NOT_FOUND; the cache may be off: put is then OK and get finds nothing. */
  tenon_status(TENON_CALL* cache_get)(const tenon_host* host, const char* key,
                                      const void** out_data, uint64_t* out_size);
  void(TENON_CALL* cache_release)(const tenon_host* host, const void* data);
  tenon_status(TENON_CALL* cache_put)(const tenon_host* host, const char* key, const void* data,
                                      uint64_t size);
  /* The profile; events may come late and from any thread, until the backend is destroyed. */
  void(TENON_CALL* profile_event)(const tenon_host* host, const tenon_profile_event* event);
  /* Timelines of the host (TENON_ORIGIN_HOST). query does not wait and gives the failure of the timeline; wait gives
   * TENON_DEADLINE_EXCEEDED after timeout_ns; notify calls `reached` once, on any thread, or at once on this one, when
   * the value is reached or the timeline has failed. `reached` does not wait. */
  tenon_status(TENON_CALL* timeline_query)(const tenon_host* host, tenon_timeline* timeline,
                                           uint64_t* out_value);
  tenon_status(TENON_CALL* timeline_wait)(const tenon_host* host, tenon_timeline* timeline,
                                          uint64_t value, uint64_t timeout_ns);
  void(TENON_CALL* timeline_notify)(const tenon_host* host, tenon_timeline* timeline,
                                    uint64_t value,
                                    void(TENON_CALL* reached)(void* context, tenon_code code),
                                    void* context);
  /* For an output whose size depends on data, while its kernel's run is under way: gives output `index` of the run its
   * shape and memory, once; in the memory kind and layout that the descriptor says. out_argument is lent until run
   * returns, its buffer until the work is done. (See TENON_KERNEL_ALLOCATES_OUTPUT.) */
  tenon_status(TENON_CALL* allocate_output)(const tenon_host* host, tenon_run_context* run,
                                            uint32_t index, int32_t rank, const int64_t* dims,
                                            const tenon_argument** out_argument);
  /* The segment as an ONNX model in the given opset of the default domain, weights included; while a call with this
   * segment is under way. It may also be one that the backend makes of the segment's nodes and values: a part of it, or
   * all of it with large constants as inputs. out_data is ended by cache_release. */
  tenon_status(TENON_CALL* segment_to_onnx)(const tenon_host* host, const tenon_segment* segment,
                                            uint32_t opset, const void** out_data,
                                            uint64_t* out_size);
  /* Since 0.2. How many threads the application gives to one run, the caller's among them; at least 1. parallel_for uses
   * as many, and so does a backend with compute threads of its own. */
  uint32_t(TENON_CALL* thread_count)(const tenon_host* host);
};

/* --------------------------------------------------------------------------------------------------- Negotiation */
/* Fields of tenon_offer and tenon_answer before "since" marks stand in every version, for ever. Growable. */
typedef struct tenon_offer {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor_min; /* the range that the host accepts, inclusive */
  uint32_t abi_minor_max;
  uint32_t sanitizer; /* TENON_SANITIZER_: how the host was built */
  uint32_t reserved;
  const char* host_version;
} tenon_offer;
enum { TENON_SANITIZER_NONE = 0, TENON_SANITIZER_ADDRESS = 1, TENON_SANITIZER_THREAD = 2 };

typedef struct tenon_answer {
  uint32_t struct_size; /* set by the host: how much of the answer it can read */
  uint32_t abi_minor;   /* out: the version chosen, within the offer */
  /* out: makes an object of the backend; may be called more than once. The host lives longer than the object. */
  tenon_status(TENON_CALL* create)(const tenon_host* host, tenon_backend** out_backend);
  const char* name;    /* out: static; lower case, digits and underscores */
  const char* version; /* out: static; the backend's own */
  const char* vendor;  /* out: static */
  char*
      reason; /* set by the host: a buffer for the reason of a refusal, zero-terminated by the backend */
  uint64_t reason_size;
} tenon_answer;

/* The one exported function. Needs nothing from the host, allocates nothing, starts nothing. Gives 0, or not 0 for a
 * refusal, whose reason is then in the buffer. */
typedef int32_t(TENON_CALL* tenon_negotiate_function)(const tenon_offer* offer,
                                                      tenon_answer* answer);
#define TENON_NEGOTIATE_SYMBOL "tenon_negotiate"

/* Note: the same facts, readable without loading the library. An ELF note in section ".note.tenon", owner "Tenon",
 * type 1, whose descriptor is the following, little-endian. Fixed. TENON_BACKEND_NOTE defines it. */
typedef struct tenon_note {
  uint32_t abi_major;
  uint32_t abi_minor_min;
  uint32_t abi_minor_max;
  uint32_t sanitizer;
  char name[32];
  char version[32];
  char vendor[64];
} tenon_note;
#if defined(__SANITIZE_ADDRESS__)
#define TENON_SANITIZER TENON_SANITIZER_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define TENON_SANITIZER TENON_SANITIZER_THREAD
#else
#define TENON_SANITIZER TENON_SANITIZER_NONE
#endif
#if defined(__ELF__)
#define TENON_BACKEND_NOTE(name_, version_, vendor_)                                \
  __attribute__((section(".note.tenon"), used, aligned(4))) static const struct {   \
    uint32_t owner_size, descriptor_size, type;                                     \
    char owner[8];                                                                  \
    tenon_note note;                                                                \
  } tenon_backend_note = {6,                                                        \
                          sizeof(tenon_note),                                       \
                          1,                                                        \
                          "Tenon",                                                  \
                          {TENON_ABI_MAJOR, TENON_ABI_MINOR_LEAST, TENON_ABI_MINOR, \
                           TENON_SANITIZER, name_, version_, vendor_}}
#else
#define TENON_BACKEND_NOTE(name_, version_, vendor_) struct tenon_note
#endif
/* The least minor version of a host that a backend built with this header can live with. */
#define TENON_ABI_MINOR_LEAST 1u

/* ------------------------------------------------------------------------------------------------------- Backend */
/* The object. The host reads the struct, the backend owns it. Growable. */
struct tenon_backend {
  uint32_t struct_size;
  uint32_t reserved;
  /* A table below, lent for the life of the object, or NULL where the backend does not have it. Names are "device",
   * "memory", "queue", "kernel", "compile", "operators", "profile". Version 1 is the first. */
  const void*(TENON_CALL* interface)(tenon_backend* backend, const char* name, uint32_t version);
  /* Finishes what is under way and starts nothing more, at most until timeout_ns have passed. (optional: nothing) */
  tenon_status(TENON_CALL* quiesce)(tenon_backend* backend, uint64_t timeout_ns);
  /* Ends the object. Every other object of it is ended before. */
  void(TENON_CALL* destroy)(tenon_backend* backend);
};

/* ------------------------------------------------------------------------------------------------------ "device" */
typedef uint32_t tenon_memory_flags;
enum {
  TENON_MEMORY_HOST_READ = 1u << 0, /* the host may read it, once mapped */
  TENON_MEMORY_HOST_WRITE = 1u << 1,
  TENON_MEMORY_COHERENT =
      1u << 2, /* map and unmap need no copies; a mapping may stay open while queues work */
  TENON_MEMORY_ADDRESSABLE =
      1u << 3, /* buffers have a base, and kernels of this backend take pointers into it */
  TENON_MEMORY_HOST_ADDRESS =
      1u << 4 /* the base is also valid on the host, whenever the host owns the memory */
};
#define TENON_MEMORY_HOST \
  0u /* id of plain host memory, which the host allocates; own kinds start at 1 */

/* Facts of a memory kind. Growable. */
typedef struct tenon_memory_kind {
  uint32_t struct_size;
  uint32_t id; /* from 1, at most 31 */
  const char* name;
  tenon_memory_flags flags;
  uint32_t reserved;
  uint64_t alignment; /* of allocations and of tensors within them; a power of two */
  uint64_t
      ownership_granule; /* bytes that change owner between host and queue together; at least 1 */
  uint64_t largest_allocation; /* bytes; UINT64_MAX: no limit */
  uint64_t capacity;           /* bytes; 0: unknown */
} tenon_memory_kind;

typedef uint32_t tenon_device_kind;
enum { TENON_DEVICE_HOST = 0, TENON_DEVICE_ACCELERATOR = 1 };
/* Growable. */
typedef struct tenon_device_info {
  uint32_t struct_size;
  uint32_t id; /* for open; stable for the life of the backend object */
  const char* name;
  const char* fingerprint; /* changes whenever artifacts or tuning must not be shared any more */
  tenon_device_kind kind;
  uint32_t memory_kind_count;
  const tenon_memory_kind* const*
      memory_kinds;   /* the first is where tensors live by default; empty: host memory */
  DLDevice dl_device; /* what arguments carry */
  double gflops;      /* peak, float32; 0: unknown */
  double gbytes;      /* peak memory bandwidth, GB/s; 0: unknown */
} tenon_device_info;

/* Growable. */
typedef struct tenon_option {
  uint32_t struct_size;
  uint32_t kind; /* TENON_OPTION_ */
  const char* name;
  const char* default_value;
  const char* description;
  const char* const* choices; /* for TENON_OPTION_CHOICE */
  uint32_t choice_count;
  uint32_t reserved;
} tenon_option;
enum {
  TENON_OPTION_STRING = 0,
  TENON_OPTION_INT = 1,
  TENON_OPTION_BOOL = 2,
  TENON_OPTION_CHOICE = 3
};

/* Growable. */
typedef struct tenon_device_interface {
  uint32_t struct_size;
  uint32_t reserved;
  /* Options that the application may set; the host refuses others, and values that do not fit their kind. Called before
   * anything else. (optional: none) */
  void(TENON_CALL* options)(tenon_backend* backend, const tenon_option* const** out_options,
                            uint32_t* out_count);
  tenon_status(TENON_CALL* enumerate)(tenon_backend* backend,
                                      const tenon_device_info* const** out_devices,
                                      uint32_t* out_count);
  tenon_status(TENON_CALL* open)(tenon_backend* backend, uint32_t id, tenon_device** out_device);
  /* Ends the device; every object made with it is ended before. */
  void(TENON_CALL* close)(tenon_device* device);
} tenon_device_interface;

/* ------------------------------------------------------------------------------------------------------ "memory" */
/* Growable. */
typedef struct tenon_memory_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t bytes_in_use;
  uint64_t bytes_reserved;
  uint64_t peak_bytes_in_use;
  uint64_t allocation_count; /* since the device was opened */
} tenon_memory_stats;
typedef uint32_t tenon_access;
enum { TENON_ACCESS_READ = 1, TENON_ACCESS_WRITE = 2, TENON_ACCESS_READ_WRITE = 3 };

/* Memory from elsewhere, or for elsewhere. Growable. */
typedef struct tenon_external_memory {
  uint32_t struct_size;
  uint32_t kind;  /* TENON_EXTERNAL_ */
  void* pointer;  /* of kind HOST_POINTER */
  int64_t handle; /* of kind FILE_DESCRIPTOR: lent for the call */
  uint64_t offset;
  uint64_t size;
} tenon_external_memory;
enum { TENON_EXTERNAL_HOST_POINTER = 1, TENON_EXTERNAL_FILE_DESCRIPTOR = 2 };

/* Buffers. Growable. */
typedef struct tenon_memory_interface {
  uint32_t struct_size;
  uint32_t reserved;
  /* size is not 0; alignment is a power of two. The buffer may be used on `queue` at once, elsewhere and by the host
   * when the call has returned; queue may be NULL. out_base is set where the kind is addressable, else to NULL.
   * Does not wait. Contents are undefined. */
  tenon_status(TENON_CALL* allocate)(tenon_device* device, uint32_t memory_kind, uint64_t size,
                                     uint64_t alignment, tenon_queue* queue,
                                     tenon_buffer** out_buffer, void** out_base);
  /* Ends the buffer behind the fences (today there are none): returns at once, the memory goes when they are reached. */
  void(TENON_CALL* free)(tenon_device* device, tenon_buffer* buffer, const tenon_fence* fences,
                         uint32_t fence_count);
  /* Gives the host access to a range, once the fences are reached (the call waits for them, at most timeout_ns). The
   * pointer is valid until unmap. Offset and size need not fit the granule. Ranges mapped for writing do not overlap.
   * Queues do not touch the granules of the range meanwhile, unless the kind is coherent. (optional where no kind of
   * the backend has HOST_READ or HOST_WRITE) */
  tenon_status(TENON_CALL* map)(tenon_device* device, tenon_buffer* buffer, uint64_t offset,
                                uint64_t size, tenon_access access, const tenon_fence* fences,
                                uint32_t fence_count, uint64_t timeout_ns, void** out_pointer);
  /* Ends a mapping. What was written is visible to work that is enqueued afterwards. out_fence, which may be NULL, gets
   * a fence that says from when on (timeline NULL: at once). */
  tenon_status(TENON_CALL* unmap)(tenon_device* device, tenon_buffer* buffer, void* pointer,
                                  tenon_fence* out_fence);
  /* Not called yet. (optional) */
  tenon_status(TENON_CALL* stats)(tenon_device* device, uint32_t memory_kind,
                                  tenon_memory_stats* out_stats);
  /* Gives back what is kept for reuse. Not called yet. (optional) */
  tenon_status(TENON_CALL* trim)(tenon_device* device);
  /* A buffer over memory that somebody else owns and keeps until the buffer is freed. TENON_UNSUPPORTED: the host
   * copies instead. (optional: unsupported) */
  tenon_status(TENON_CALL* import_memory)(tenon_device* device, uint32_t memory_kind,
                                          const tenon_external_memory* external,
                                          tenon_buffer** out_buffer, void** out_base);
  /* (optional: unsupported) */
  tenon_status(TENON_CALL* export_memory)(tenon_device* device, tenon_buffer* buffer,
                                          uint32_t external_kind,
                                          tenon_external_memory* out_external);
} tenon_memory_interface;

/* ------------------------------------------------------------------------------------------------------- "queue" */
/* One end of a copy: a buffer and an offset, or host memory (buffer NULL). Fixed. */
typedef struct tenon_location {
  tenon_buffer* buffer;
  void* host;
  uint64_t offset;
} tenon_location;

/* Queues run what is enqueued in order. A failure of enqueued work fails everything that is enqueued on the queue until
 * the failure has been signalled: a signal then fails its timeline with that status (failure travels). After that the
 * queue works again, unless the device is lost. Slots that enqueue do not wait. Growable. */
typedef struct tenon_queue_interface {
  uint32_t struct_size;
  uint32_t reserved;
  /* one. A queue is used by one thread at a time. */
  tenon_status(TENON_CALL* create)(tenon_device* device, tenon_queue** out_queue);
  /* Waits for nothing: work under way goes on, its objects stay until it is done. */
  void(TENON_CALL* destroy)(tenon_queue* queue);
  /* Work that is enqueued later starts when all fences are reached: fences of this backend's timelines and of the
   * host's. A failed fence fails that work. */
  tenon_status(TENON_CALL* wait)(tenon_queue* queue, const tenon_fence* fences, uint32_t count);
  /* When everything enqueued before is done, sets the timelines (of this backend) to the values, or fails them. */
  tenon_status(TENON_CALL* signal)(tenon_queue* queue, const tenon_fence* fences, uint32_t count);
  /* Sees to it that everything enqueued before will run without further calls. */
  tenon_status(TENON_CALL* submit)(tenon_queue* queue);
  /* Copies size bytes. Host memory stays valid, and sources unchanged, until the work is done. Ranges do not overlap.
   * Device to device works within the device. */
  tenon_status(TENON_CALL* copy)(tenon_queue* queue, const tenon_location* source,
                                 const tenon_location* destination, uint64_t size);
  /* Repeats a pattern of 1, 2, 4 or 8 bytes (copied); offset and size are multiples of it. */
  tenon_status(TENON_CALL* fill)(tenon_queue* queue, const tenon_location* destination,
                                 uint64_t size, const void* pattern, uint32_t pattern_size);
  /* Between record_begin and record_end, runs, copies and fills are recorded, not run; waits, signals and submits are
   * TENON_FAILED_PRECONDITION. A recording holds the arguments by value and runs on any queue of its device, one replay
   * at a time. Only kernels flagged CAPTURABLE may be recorded. (optional, all four together: unsupported) */
  tenon_status(TENON_CALL* record_begin)(tenon_queue* queue);
  tenon_status(TENON_CALL* record_end)(tenon_queue* queue, tenon_recording** out_recording);
  tenon_status(TENON_CALL* replay)(tenon_queue* queue, tenon_recording* recording);
  void(TENON_CALL* recording_destroy)(tenon_queue* queue, tenon_recording* recording);

  /* Timelines, made of a device, starting at 0. */
  tenon_status(TENON_CALL* timeline_create)(tenon_device* device, tenon_timeline** out_timeline);
  /* Nobody waits on it any more, and no signal is pending. */
  void(TENON_CALL* timeline_destroy)(tenon_device* device, tenon_timeline* timeline);
  /* Does not wait. Gives the value reached; the status of the timeline where it failed. */
  tenon_status(TENON_CALL* timeline_query)(tenon_device* device, tenon_timeline* timeline,
                                           uint64_t* out_value);
  /* Waits at most timeout_ns (UINT64_MAX: for ever), then TENON_DEADLINE_EXCEEDED. */
  tenon_status(TENON_CALL* timeline_wait)(tenon_device* device, tenon_timeline* timeline,
                                          uint64_t value, uint64_t timeout_ns);
  /* Calls `reached` once: on a thread of the backend, or at once on this one. `reached` does not wait. With this the
   * host bridges timelines of different backends. (optional: the host waits on a thread of its own) */
  tenon_status(TENON_CALL* timeline_notify)(
      tenon_device* device, tenon_timeline* timeline, uint64_t value,
      void(TENON_CALL* reached)(void* context, tenon_code code), void* context);
} tenon_queue_interface;

/* ------------------------------------------------------------------------------------------------------ "kernel" */
typedef uint32_t tenon_numerics;
enum {
  TENON_NUMERICS_STRICT =
      0, /* IEEE operations in the storage type, float32 accumulation or better */
  TENON_NUMERICS_STANDARD = 1, /* reassociation, transforms within the declared bound */
  TENON_NUMERICS_FAST = 2      /* reduced precision */
};
typedef uint32_t tenon_determinism;
enum {
  TENON_DETERMINISM_BITWISE = 0,   /* same bits at any number of threads, on any queue */
  TENON_DETERMINISM_PER_SHAPE = 1, /* same bits for the same shapes and threads */
  TENON_DETERMINISM_NONE = 2
};
typedef uint32_t tenon_kernel_flags;
enum {
  TENON_KERNEL_CAPTURABLE = 1u << 0,      /* may be recorded */
  TENON_KERNEL_HOST_SYNC = 1u << 1,       /* run waits for the device (outputs of unknown size) */
  TENON_KERNEL_ALLOCATES_OUTPUT = 1u << 2 /* run calls allocate_output for every output */
};
/* Outputs whose size depends on data. A kernel with ALLOCATES_OUTPUT gets them in prepare and in run without data, with
 * bytes 0, dimensions of -1 where they are not known yet (rank 0 where not even the rank is), and calls allocate_output
 * for each that is not NULL, known or not. It knows all sizes when run returns, so with a queue it is HOST_SYNC as well:
 * run waits for what was enqueued before and for as much of its own work as decides sizes, asks run->cancel whether to go
 * on waiting, and fails with what failed on the queue. allocate_output may come from any thread, but not after run has
 * returned. What is written behind the sizes may still be under way then. The host refuses other kernels for operators
 * whose output sizes are data. */

/* A condition on an attribute. Growable. */
typedef struct tenon_attribute_rule {
  uint32_t struct_size;
  uint32_t kind; /* TENON_RULE_ */
  const char* name;
  const char* text;    /* of TEXT_EQUALS */
  const int64_t* ints; /* of INT_IN and INTS_ALL_IN: allowed values */
  uint32_t int_count;
  uint32_t reserved;
} tenon_attribute_rule;
enum {
  TENON_RULE_ABSENT = 0,      /* the attribute is not there */
  TENON_RULE_INT_IN = 1,      /* absent, or one of the values */
  TENON_RULE_INTS_ALL_IN = 2, /* absent, or every element one of the values */
  TENON_RULE_TEXT_EQUALS = 3  /* absent, or equal to the text */
};

/* Fixed. Output `output` may overwrite input `input` when their sizes are equal. */
typedef struct tenon_in_place {
  uint32_t input;
  uint32_t output;
} tenon_in_place;

/* What prepack says of the blob that it makes from a constant input. Growable. */
typedef struct tenon_prepack_info {
  uint32_t struct_size; /* set by the host */
  uint32_t memory_kind; /* out */
  uint64_t bytes;       /* out; 0: the input stays as it is */
  uint64_t alignment;   /* out; a power of two */
  char format
      [64]; /* out: names the form of the blob; equal weights and formats are packed once and shared */
} tenon_prepack_info;

/* What prepare gives. Growable. */
typedef struct tenon_plan_info {
  uint32_t struct_size;         /* set by the host */
  uint32_t workspace_kind;      /* out: memory kind */
  uint64_t workspace_bytes;     /* out */
  uint64_t workspace_alignment; /* out; 0: that of the memory kind, 64 in TENON_MEMORY_HOST */
  tenon_plan* plan;             /* out: may be NULL where nothing depends on the shapes */
} tenon_plan_info;

/* The arguments of a run. They and what they point to are lent until run returns; buffers until the work is done.
 * Growable. */
typedef struct tenon_run {
  uint32_t struct_size;
  uint32_t input_count;
  const tenon_argument* const*
      inputs; /* NULL where absent; a packed input is its blob: dtype uint8, rank 1 */
  const tenon_argument* const*
      outputs; /* NULL where not wanted; without data where the kernel allocates them */
  uint32_t output_count;
  uint32_t reserved;
  const tenon_argument* workspace; /* dtype uint8, rank 1; NULL where the plan wants none */
  tenon_queue* queue;              /* NULL: the run is finished when it returns */
  tenon_run_context* context;      /* for allocate_output */
  const tenon_cancel* cancel;      /* may be NULL */
  uint64_t correlation_id;         /* for the profile */
} tenon_run;

typedef struct tenon_kernel_descriptor tenon_kernel_descriptor;
/* A kernel: static data and its functions. Growable. */
struct tenon_kernel_descriptor {
  uint32_t struct_size;
  tenon_kernel_flags flags;
  const char* name;   /* unique in the backend, for reports: "conv_direct_avx2" */
  const char* domain; /* "" is ONNX's own */
  const char* op;
  uint32_t revision_min; /* semantic revisions that it computes, inclusive */
  uint32_t revision_max;
  const tenon_dtypes* input_dtypes; /* by argument; the last repeats. Count 0: any */
  const tenon_dtypes* output_dtypes;
  uint32_t input_dtype_count;
  uint32_t output_dtype_count;
  int32_t rank_min; /* of input 0, inclusive */
  int32_t rank_max; /* 0 and 0: any */
  const tenon_attribute_rule* const* attribute_rules;
  uint32_t attribute_rule_count;
  uint32_t in_place_count;
  const tenon_in_place* in_place;
  /* Memory kinds by argument (bit id; the last repeats). Count 0: the first kind of the device. Bit TENON_MEMORY_HOST
   * alone: the host copies the argument to plain host memory for the kernel, and its run reads it directly. */
  const uint32_t* input_memory;
  const uint32_t* output_memory;
  uint32_t input_memory_count;
  uint32_t output_memory_count;
  /* Layouts by argument (the last repeats). Count 0: row-major. */
  const tenon_layout* input_layouts;
  const tenon_layout* output_layouts;
  uint32_t input_layout_count;
  uint32_t output_layout_count;
  tenon_dtype accumulation; /* 0: that of the output */
  tenon_numerics numerics;
  tenon_determinism determinism;
  uint32_t efficiency; /* thousandths of the device's peak that it reaches; 0: unknown */
  double error_bound;  /* largest error relative to the largest magnitude of the output; 0: exact */
  void* user;          /* the backend's own */

  /* Whether the kernel takes the node, beyond what the fields above say, for all sizes that are open: OK, or a status from
   * tenon_host.refuse. `node` is lent. device is NULL where the backend has no interface "device". (optional: it does) */
  tenon_status(TENON_CALL* supports)(const tenon_kernel_descriptor* descriptor,
                                     tenon_backend* backend, tenon_device* device,
                                     const tenon_node* node);
  /* Makes the kernel of a node; copies what it needs. device is NULL where the backend has no interface "device".
   * (optional: stateless; all later slots get kernel NULL) */
  tenon_status(TENON_CALL* create)(const tenon_kernel_descriptor* descriptor,
                                   tenon_backend* backend, tenon_device* device,
                                   const tenon_node* node, tenon_kernel** out_kernel);
  /* one, before the first prepare. Called for each constant input, with blob NULL: says whether it wants it packed and
   * how large; then with the blob, which the host owns. `weight` is in host memory, row-major. A kernel that asked for
   * a blob gets one instead of that input, in prepare and in run; but the second call is left out where the host has a
   * blob of the same weight and format already, so nothing that the kernel needs may be kept from it.
   * (optional: no packing) */
  tenon_status(TENON_CALL* prepack)(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                    uint32_t input, const tenon_argument* weight,
                                    const tenon_argument* blob, tenon_prepack_info* out_info);
  /* Plans for concrete shapes: arguments without data. Several plans live at once; kernel and plan do not change any more.
   * TENON_UNSUPPORTED declines: this backend's next kernel is asked, or the run fails. (optional: no workspace, no plan) */
  tenon_status(TENON_CALL* prepare)(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                    const tenon_argument* const* inputs, uint32_t input_count,
                                    const tenon_argument* const* outputs, uint32_t output_count,
                                    tenon_plan_info* out_info);
  /* Enqueues the work on run->queue and does not wait (but see TENON_KERNEL_HOST_SYNC). Kernel and plan may be in other
   * runs at the same time. */
  tenon_status(TENON_CALL* run)(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                tenon_plan* plan, const tenon_run* run);
  /* Ends a plan; the work of its runs may still be under way where there is a queue. (optional where plans are NULL) */
  void(TENON_CALL* plan_release)(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel,
                                 tenon_plan* plan);
  /* Ends the kernel; its plans are ended before. (optional where create is) */
  void(TENON_CALL* destroy)(const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel);
};

/* A layout of the backend's own. Between it and row-major the backend has kernels of the operator "Reorder" in the
 * domain "ai.tenon" (one input, one output, equal shapes, layouts by the descriptor). Growable. */
typedef struct tenon_layout_info {
  uint32_t struct_size;
  tenon_layout id; /* TENON_LAYOUT_OWN and up */
  const char* name;
  /* Bytes of a tensor in this layout; 0: it cannot have it. */
  uint64_t(TENON_CALL* bytes)(tenon_dtype dtype, int32_t rank, const int64_t* dims);
} tenon_layout_info;

/* Growable. */
typedef struct tenon_kernel_interface {
  uint32_t struct_size;
  uint32_t reserved;
  /* All kernels, the best first: of those that take a node the host prefers the first unless costs say otherwise. */
  tenon_status(TENON_CALL* descriptors)(tenon_backend* backend,
                                        const tenon_kernel_descriptor* const** out_descriptors,
                                        uint32_t* out_count);
  /* (optional: none) */
  tenon_status(TENON_CALL* layouts)(tenon_backend* backend,
                                    const tenon_layout_info* const** out_layouts,
                                    uint32_t* out_count);
} tenon_kernel_interface;

/* ----------------------------------------------------------------------------------------------------- "compile" */
/* What an artifact is made for: no live device is needed. Growable. */
typedef struct tenon_compile_target {
  uint32_t struct_size;
  tenon_numerics numerics;
  const char* device_name;
  const char* fingerprint; /* of tenon_device_info; "" : any */
} tenon_compile_target;

/* Growable. */
typedef struct tenon_compile_request {
  uint32_t struct_size;
  uint32_t reserved;
  const tenon_compile_target* target;
  const tenon_cancel* cancel; /* may be NULL; asked often */
  uint64_t deadline_ns;       /* on tenon_host.clock_ns; 0: none */
  /* Share done, 0 to 1; on the calling thread. May be NULL. */
  void(TENON_CALL* progress)(void* context, double share);
  void* progress_context;
} tenon_compile_request;

/* Growable. */
typedef struct tenon_compile_interface {
  uint32_t struct_size;
  uint32_t reserved;
  /* Colours the nodes: out_colours[i] for nodes[i], 0: not taken. Nodes of one colour may become segments; the host
   * splits a colour into convex parts. out_colours has node_count elements, set to 0. */
  tenon_status(TENON_CALL* colour)(tenon_backend* backend, const tenon_compile_target* target,
                                   const tenon_segment* graph, uint32_t* out_colours);
  /* Compiles a segment of one colour. May take long. */
  tenon_status(TENON_CALL* compile)(tenon_backend* backend, const tenon_segment* segment,
                                    const tenon_compile_request* request,
                                    tenon_artifact** out_artifact);
  /* The artifact as bytes, lent. */
  tenon_status(TENON_CALL* artifact_bytes)(tenon_backend* backend, tenon_artifact* artifact,
                                           const void** out_data, uint64_t* out_size);
  void(TENON_CALL* artifact_release)(tenon_backend* backend, tenon_artifact* artifact);
  /* Whether stored bytes can be loaded for the target: OK, TENON_INCOMPATIBLE with the reason, or TENON_DATA_LOSS. */
  tenon_status(TENON_CALL* check)(tenon_backend* backend, const tenon_compile_target* target,
                                  const void* data, uint64_t size);
  /* Makes a kernel of an artifact's bytes (copied, or kept by the host until the kernel is destroyed: never assume more
   * than the call). out_descriptor is lent as long as the kernel lives; of its slots prepare, run, plan_release and
   * destroy are used. Arguments are the segment's inputs and outputs. */
  tenon_status(TENON_CALL* load)(tenon_device* device, const void* data, uint64_t size,
                                 const tenon_kernel_descriptor** out_descriptor,
                                 tenon_kernel** out_kernel);
  /* Since 0.2. Why `colour` does not take nodes[node]: a status from tenon_host.refuse. Called on the thread that has
   * called colour, with the same target and graph, before it calls colour again. (optional: a reason without detail) */
  tenon_status(TENON_CALL* refusal)(tenon_backend* backend, const tenon_compile_target* target,
                                    const tenon_segment* graph, uint32_t node);
} tenon_compile_interface;

/* --------------------------------------------------------------------------------------------------- "operators" */
/* A shape while it is inferred. Fixed. */
typedef struct tenon_shape {
  tenon_dtype dtype;
  int32_t rank; /* -1: unknown */
  int64_t dims[TENON_MAX_RANK];
} tenon_shape;

/* An operator of the backend's own, in a domain of its own (not "" and not "ai.*"). Growable. */
typedef struct tenon_operator {
  uint32_t struct_size;
  uint32_t revision; /* equals the opset version of the domain in which a model uses it */
  const char* domain;
  const char* name;
  uint32_t min_inputs;
  uint32_t max_inputs; /* UINT32_MAX: variadic */
  uint32_t min_outputs;
  uint32_t max_outputs;
  const char* const* attributes; /* names that it knows; others are refused */
  uint32_t attribute_count;
  uint32_t reserved;
  const char* description;
  void* user;
  /* Types and shapes of the outputs, from those of the inputs (node->inputs, with dimensions that may be unknown). When
   * all dimensions are known it must be exact. */
  tenon_status(TENON_CALL* infer)(const struct tenon_operator* self, tenon_backend* backend,
                                  const tenon_node* node, tenon_shape* out_outputs);
} tenon_operator;

/* Growable. */
typedef struct tenon_operators_interface {
  uint32_t struct_size;
  uint32_t reserved;
  tenon_status(TENON_CALL* operators)(tenon_backend* backend,
                                      const tenon_operator* const** out_operators,
                                      uint32_t* out_count);
} tenon_operators_interface;

/* ----------------------------------------------------------------------------------------------------- "profile" */
/* Growable. */
typedef struct tenon_profile_interface {
  uint32_t struct_size;
  uint32_t reserved;
  /* Switches events to tenon_host.profile_event on or off. */
  tenon_status(TENON_CALL* enable)(tenon_device* device, int32_t on);
  /* The device's clock and the host's at the same moment, so that events can be put on the host's clock. */
  tenon_status(TENON_CALL* clocks)(tenon_device* device, uint64_t* out_device_ns,
                                   uint64_t* out_host_ns);
  /* Events of all work done so far have been given to the host when it returns. (optional: they come at once) */
  tenon_status(TENON_CALL* flush)(tenon_device* device);
} tenon_profile_interface;

#ifdef __cplusplus
}
#endif

#endif /* TENON_BACKEND_API_BACKEND_H_ */
