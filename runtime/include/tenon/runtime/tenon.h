/* The embedding API of Tenon: open a model, run it, ask why. C11 and C++; tenon.hpp is a C++ layer over it.
 *
 *   tenon_runtime* runtime; tenon_session* session; tenon_tensor* in; tenon_tensor* out = NULL;
 *   tenon_runtime_create(NULL, &runtime);
 *   tenon_session_open_file(runtime, "model.onnx", NULL, &session);
 *   tenon_tensor_wrap(TENON_FLOAT32, 2, dims, data, sizeof data, &in);
 *   tenon_session_run(session, NULL, NULL, &in, 1, NULL, &out, 1);      (check every status)
 *
 * Rules, which hold everywhere and are not repeated:
 *  - Numbers for codes, element types, numerics and log levels are those of backend.h.
 *  - Growable structs start with struct_size (TENON_INIT sets it); a field beyond it reads as 0, and 0 or NULL means
 *    the default. Structs that Tenon gives are lent and carry their own struct_size.
 *  - A function that can fail returns tenon_status by value. Its detail belongs to the caller: tenon_status_release. On
 *    failure out parameters are NULL, or as they were.
 *  - create, open, wrap, start and out_blob give: the caller ends the object with the function named after it; ending
 *    NULL does nothing. Everything else lends, for as long as the object lives that was asked.
 *  - Objects keep alive what they were made of, so they may be ended in any order.
 *  - Threads: "any" may be called from several threads at once; "one" by one thread at a time for the first argument.
 *    A function without a word is "any". Callbacks say on which thread they come; they may not wait for Tenon.
 *  - Strings are UTF-8 and zero-terminated. The library never prints, exits, throws or keeps global state. */
#ifndef TENON_RUNTIME_TENON_H_
#define TENON_RUNTIME_TENON_H_

#include "tenon/backend_api/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_API_MAJOR 0u
#define TENON_API_MINOR 1u

#if defined(__GNUC__)
#define TENON_API __attribute__((visibility("default")))
#else
#define TENON_API
#endif
/* tenon_session_options options = TENON_INIT(tenon_session_options); */
#ifdef __cplusplus
#define TENON_INIT(type)                               \
  ([] {                                                \
    type tenon_object{};                               \
    tenon_object.struct_size = uint32_t{sizeof(type)}; \
    return tenon_object;                               \
  }())
#else
#define TENON_INIT(type) \
  { .struct_size = (uint32_t)sizeof(type) }
#endif

typedef struct tenon_runtime tenon_runtime; /* backends, threads, shared weights */
typedef struct tenon_model tenon_model;     /* an imported model */
typedef struct tenon_session tenon_session; /* a model placed on backends, ready to run */
typedef struct tenon_tensor
    tenon_tensor; /* memory with a type and a shape; strings; sequence; optional */
typedef struct tenon_binding tenon_binding; /* the tensors of a run, bound once and kept */
typedef struct tenon_pending tenon_pending; /* a run under way */
typedef struct tenon_blob tenon_blob;       /* bytes or text */

/* "0.1.0". */
TENON_API const char* tenon_version(void);

/* --------------------------------------------------------------------------------------------------- Status */
/* Lent until the status is released; the name of its code where there is no detail, "" for OK. */
TENON_API const char* tenon_status_message(tenon_status status);
TENON_API void tenon_status_release(tenon_status status);
/* "INVALID_ARGUMENT"; static. */
TENON_API const char* tenon_code_name(tenon_code code);

/* ------------------------------------------------------------------------------------------------------ Blobs */
TENON_API const void* tenon_blob_data(
    const tenon_blob* blob); /* text is zero-terminated beyond its size */
TENON_API uint64_t tenon_blob_size(const tenon_blob* blob);
TENON_API void tenon_blob_release(tenon_blob* blob);

/* -------------------------------------------------------------------------------------------------- Runtime */
typedef uint32_t tenon_discovery;
enum {
  TENON_DISCOVER_BUNDLED = 0, /* manifests beside the runtime's library */
  TENON_DISCOVER_NONE = 1,
  TENON_DISCOVER_SYSTEM = 2
};

typedef struct tenon_runtime_options {
  uint32_t struct_size;
  tenon_discovery discovery;
  const char* const* backend_files; /* manifests or shared objects, in addition */
  uint32_t backend_file_count;
  uint32_t use_environment;  /* not 0: TENON_BACKEND_FILES, TENON_LAYERS ... work */
  const char* const* layers; /* "validate"; outermost first */
  uint32_t layer_count;
  uint32_t threads; /* threads that compute, the caller's included; 0: one for each core that the
                       process may use, by its affinity and its control groups */
  /* Where compiled artifacts are kept for the next load, created where it is missing; NULL: nowhere, or where
   * TENON_ARTIFACT_CACHE says if the environment works; "": nowhere. Any number of processes may use one. */
  const char* cache_directory;
  /* One line at a time, from any thread, also several at once. NULL: dropped. */
  void(TENON_CALL* log)(void* context, tenon_log_level level, const char* message);
  void* log_context;
  tenon_log_level log_level; /* the least that is given */
  uint32_t unload_backends;  /* not 0: close libraries when the last user is gone */
  uint32_t
      backends_only; /* not 0: for who asks about backends alone. What models need besides (ONNX's
                             schemas, some 25 ms) is then made when the first is opened */
  uint32_t reserved;
} tenon_runtime_options;

/* Loads no backend yet and starts no thread. options may be NULL. */
TENON_API tenon_status tenon_runtime_create(const tenon_runtime_options* options,
                                            tenon_runtime** out_runtime);
TENON_API void tenon_runtime_release(tenon_runtime* runtime);
TENON_API uint32_t tenon_runtime_threads(const tenon_runtime* runtime);

/* A backend that was found, loaded or refused. */
typedef struct tenon_backend_info {
  uint32_t struct_size;
  tenon_code code;     /* TENON_OK: loaded; else why not */
  const char* refusal; /* "" where loaded */
  const char* name;    /* "" where unknown */
  const char* version;
  const char* vendor;
  const char* library_path;
  const char* manifest_path; /* "" where the library was named directly */
  uint32_t abi_minor;
  uint32_t kernel_count;
  uint32_t compiles; /* not 0: it compiles segments */
  uint32_t device_count;
  const tenon_device_info* const* devices;
  const tenon_option* const* options;
  uint32_t option_count;
  uint32_t operator_count; /* of its own operators */
  uint32_t reserved;
  const tenon_kernel_descriptor* const* kernels;
  const char* const* left_out; /* kernels, options .. that can't be used, each with the reason */
  uint32_t left_out_count;
  uint32_t reserved2;
} tenon_backend_info;

/* Discovers and loads all backends (once) and tells about each, refused ones included. */
TENON_API tenon_status tenon_runtime_backends(tenon_runtime* runtime,
                                              const tenon_backend_info* const** out_infos,
                                              uint32_t* out_count);
/* Loads a backend's library (or that of a manifest) in a child process, creates and destroys it there: finds one that
 * throws, ends its process or hangs while it is loaded. TENON_INCOMPATIBLE says what happened. */
TENON_API tenon_status tenon_backend_probe(const char* path);
/* The operators that Tenon knows, as JSON: {"version": 1, "newest_opset": N, "operators": [{"domain", "name", "revisions":
 * [{"revision", "since_opset", "to_previous"}], "host", "view", "data_dependent", "deterministic", "min_inputs",
 * "function", "inputs", "outputs", "attributes"}]}. Signatures are those of the newest revision, empty where ONNX has
 * none; "to_previous": nodes can be rewritten for a backend that has only the revision before, mostly. */
TENON_API tenon_status tenon_operators(tenon_blob** out_blob);
/* Complaints of the validation layer so far, one a line; empty where all is well. */
TENON_API tenon_status tenon_runtime_violations(tenon_runtime* runtime, tenon_blob** out_blob);

/* ---------------------------------------------------------------------------------------------------- Model */
/* What may be imported, and how; 0: the default. */
typedef struct tenon_limits {
  uint32_t struct_size;
  uint32_t max_depth;        /* of nested subgraphs */
  uint64_t max_model_bytes;  /* of the file, and of each file with external data */
  uint64_t max_tensor_bytes; /* of one tensor */
  uint64_t max_nodes;        /* with subgraphs; also of those that function calls expand to */
  uint32_t copy_files;       /* not 0: files are read into memory instead of mapped */
  uint32_t reserved;
  /* Of external data: no file outside of it is read. NULL: the folder of the model's file, none for a
   * model from memory. */
  const char* data_folder;
} tenon_limits;

/* The file, and those with its external data, are mapped and must not change while the model or a session of it lives:
 * write another file and rename it. TENON_DATA_LOSS where one has changed when a session is created or a run begins; a
 * file that is cut in the middle of that ends the process (SIGBUS), but for limits->copy_files. limits may be NULL. */
TENON_API tenon_status tenon_model_open_file(tenon_runtime* runtime, const char* path,
                                             const tenon_limits* limits, tenon_model** out_model);
/* The bytes are copied, but for `keep` not 0: then they stay the caller's and must outlive the
 * model and its sessions. */
TENON_API tenon_status tenon_model_open_memory(tenon_runtime* runtime, const void* data,
                                               uint64_t size, int32_t keep,
                                               const tenon_limits* limits, tenon_model** out_model);
TENON_API void tenon_model_release(tenon_model* model);

/* What a value is. A sequence holds tensors of one element type, an optional at most one tensor or
 * sequence; dtype and shape are then those of the tensors within. */
typedef uint32_t tenon_value_kind;
enum {
  TENON_VALUE_TENSOR = 0,
  TENON_VALUE_SEQUENCE = 1,
  TENON_VALUE_OPTIONAL = 2,
  TENON_VALUE_OPTIONAL_SEQUENCE = 3
};

/* An input or output. */
typedef struct tenon_value_info {
  uint32_t struct_size;
  tenon_dtype dtype;
  const char* name;
  int32_t rank; /* -1: unknown */
  tenon_value_kind kind;
  const int64_t* dims;        /* -1: not known before the run */
  const char* const* symbols; /* by dimension: the symbol's name; NULL where the dimension is a
                                 number or anonymous */
} tenon_value_info;

TENON_API void tenon_model_inputs(const tenon_model* model,
                                  const tenon_value_info* const** out_infos, uint32_t* out_count);
TENON_API void tenon_model_outputs(const tenon_model* model,
                                   const tenon_value_info* const** out_infos, uint32_t* out_count);
/* Metadata as pairs: key, value, key, value ...; out_count counts pairs. */
TENON_API void tenon_model_metadata(const tenon_model* model, const char* const** out_pairs,
                                    uint32_t* out_count);

typedef uint32_t tenon_format;
enum { TENON_FORMAT_TEXT = 0, TENON_FORMAT_JSON = 1, TENON_FORMAT_ONNX = 2 };
/* The imported graph: a dump, a summary as JSON, or ONNX bytes. */
TENON_API tenon_status tenon_model_inspect(tenon_model* model, tenon_format format,
                                           tenon_blob** out_blob);

/* -------------------------------------------------------------------------------------------------- Session */
typedef uint32_t tenon_fallback;
enum { TENON_FALLBACK_REPORT = 0, TENON_FALLBACK_FORBID = 1 };
typedef uint32_t tenon_class;
enum {
  TENON_CLASS_DEFAULT = 0, /* standard */
  TENON_CLASS_STRICT = 1,  /* 1 + TENON_NUMERICS_..., which says what they mean */
  TENON_CLASS_STANDARD = 2,
  TENON_CLASS_FAST = 3
};
typedef uint32_t tenon_session_flags;
enum {
  TENON_SESSION_KEEP_STAGES = 1u << 0, /* tenon_session_inspect can show every stage */
  TENON_SESSION_NO_FOLDING = 1u << 1,  /* nodes of constants run in each run */
  /* What nodes make becomes outputs, behind the model's and in the order of the nodes, but for what is
   * in subgraphs. Whatever fuses nodes stops there. */
  TENON_SESSION_ALL_OUTPUTS = 1u << 2
};

typedef struct tenon_session_options {
  uint32_t struct_size;
  tenon_class numerics; /* 0: standard */
  const char* backends; /* "a,b+c": order of groups; NULL: one group of all host backends but the
                           simulator */
  const char* const* backend_options; /* "simulator.claim=seed:7" */
  uint32_t backend_option_count;
  uint32_t threads; /* 0: the runtime's */
  const char* const*
      dims; /* "NAME=4": a symbol's size, fixed; "x[0]=4": an open dimension of an input */
  uint32_t dim_count;
  tenon_fallback fallback; /* a node that is not on the first group: in the report, or an error */
  tenon_session_flags flags;
  uint32_t max_contexts;     /* run contexts that are kept for reuse; 0: 16 */
  uint64_t budget_bytes;     /* of all memory that the session asks for; 0: no limit */
  uint64_t plan_cache_bytes; /* of plans kept for other shapes; 0: 64 MiB */
  uint64_t drain_timeout_ns; /* after a failure: how long queues may take before the device is lost;
                                0: 10 s */
  uint64_t compile_timeout_ns; /* 0: none */
  /* A part of the model: values by name, as they are after the passes, that take the place of its
   * inputs and outputs. NULL: the model's. TENON_NOT_FOUND names a value that is not there,
   * TENON_INVALID_ARGUMENT one that the outputs need besides the inputs. */
  const char* const* part_inputs;
  const char* const* part_outputs;
  uint32_t part_input_count;
  uint32_t part_output_count;
} tenon_session_options;

/* Places and prepares a model. Sessions of one model, or of one file, share weights. options may be
 * NULL. */
TENON_API tenon_status tenon_session_create(tenon_model* model,
                                            const tenon_session_options* options,
                                            tenon_session** out_session);
/* tenon_model_open_file and tenon_session_create in one. */
TENON_API tenon_status tenon_session_open_file(tenon_runtime* runtime, const char* path,
                                               const tenon_session_options* options,
                                               tenon_session** out_session);
/* The bytes are copied. */
TENON_API tenon_status tenon_session_open_memory(tenon_runtime* runtime, const void* data,
                                                 uint64_t size,
                                                 const tenon_session_options* options,
                                                 tenon_session** out_session);
/* Runs under way keep the session alive until they end. */
TENON_API void tenon_session_release(tenon_session* session);

TENON_API void tenon_session_inputs(const tenon_session* session,
                                    const tenon_value_info* const** out_infos, uint32_t* out_count);
TENON_API void tenon_session_outputs(const tenon_session* session,
                                     const tenon_value_info* const** out_infos,
                                     uint32_t* out_count);
TENON_API void tenon_session_metadata(const tenon_session* session, const char* const** out_pairs,
                                      uint32_t* out_count);

/* -------------------------------------------------------------------------------------------------- Tensors */
/* The caller's host memory, dense row-major; it stays the caller's. `bytes` must hold the shape.
 * Alignment to the element is required; to 64 bytes it is faster. */
TENON_API tenon_status tenon_tensor_wrap(tenon_dtype dtype, int32_t rank, const int64_t* dims,
                                         void* data, uint64_t bytes, tenon_tensor** out_tensor);
/* Memory of Tenon's: on the host where `backend` is NULL, else in the default memory of that
 * backend's device. Contents are undefined. Charged to the session's budget. */
TENON_API tenon_status tenon_tensor_create(tenon_session* session, const char* backend,
                                           uint32_t device, tenon_dtype dtype, int32_t rank,
                                           const int64_t* dims, tenon_tensor** out_tensor);
/* Runs under way keep the tensor alive; memory that was wrapped must stay until they end. */
TENON_API void tenon_tensor_release(tenon_tensor* tensor);

typedef struct tenon_tensor_info {
  uint32_t struct_size; /* set by the caller */
  tenon_dtype dtype;
  int32_t rank;
  uint32_t device;     /* id in the backend */
  const int64_t* dims; /* lent until the tensor's shape changes */
  uint64_t bytes;
  void* data;          /* NULL where the memory is a device's */
  const char* backend; /* NULL: host memory */
  tenon_value_kind kind;
  uint32_t item_count; /* tensors of a sequence or optional */
  uint32_t present;    /* of an optional: 1 where it has a value */
  uint32_t reserved;
} tenon_tensor_info;
TENON_API void tenon_tensor_describe(const tenon_tensor* tensor, tenon_tensor_info* out_info);
/* A tensor of strings, on the host, with data NULL and bytes 0: it is read with tenon_tensor_string. The
 * strings are copied; lengths NULL: they are zero-terminated. */
TENON_API tenon_status tenon_tensor_create_strings(int32_t rank, const int64_t* dims,
                                                   const char* const* strings,
                                                   const uint64_t* lengths, uint64_t count,
                                                   tenon_tensor** out_tensor);
/* String `index` of a tensor of strings, zero-terminated beyond its length; lent until the next run that writes the
 * tensor. */
TENON_API tenon_status tenon_tensor_string(const tenon_tensor* tensor, uint64_t index,
                                           const char** out_string, uint64_t* out_length);
/* A sequence or optional of host tensors, which are copied. Of TENON_VALUE_OPTIONAL: no item, or one; of
 * TENON_VALUE_OPTIONAL_SEQUENCE: items NULL for no value, else those of the sequence. Runs give sequences and
 * optionals, too, where a model has such outputs. */
TENON_API tenon_status tenon_tensor_create_sequence(tenon_value_kind kind, tenon_dtype dtype,
                                                    tenon_tensor* const* items, uint32_t count,
                                                    tenon_tensor** out_tensor);
/* Item `index` of a sequence or optional. It must not be written. */
TENON_API tenon_status tenon_tensor_open_item(const tenon_tensor* tensor, uint32_t index,
                                              tenon_tensor** out_item);
/* one. Gives the host access, once runs that write it are done; at most one mapping at a time. Host
 * memory maps to itself. */
TENON_API tenon_status tenon_tensor_map(tenon_tensor* tensor, tenon_access access, void** out_data);
/* one */
TENON_API tenon_status tenon_tensor_unmap(tenon_tensor* tensor);
/* Copies all bytes between host memory and the tensor; `bytes` must be the tensor's. one */
TENON_API tenon_status tenon_tensor_write(tenon_tensor* tensor, const void* data, uint64_t bytes);
TENON_API tenon_status tenon_tensor_read(tenon_tensor* tensor, void* out_data, uint64_t bytes);
/* The name of an element type ("float32"), static; and the bytes of `count` elements, packed. */
TENON_API const char* tenon_dtype_name(tenon_dtype dtype);
TENON_API uint64_t tenon_dtype_bytes(tenon_dtype dtype, uint64_t count);

/* --------------------------------------------------------------------------------------------- Cancellation */
/* A token for runs (tenon_cancel of backend.h): create, request from any thread, release when no
 * run uses it. */
TENON_API tenon_status tenon_cancel_create(tenon_cancel** out_cancel);
TENON_API void tenon_cancel_request(tenon_cancel* cancel);
TENON_API void tenon_cancel_release(tenon_cancel* cancel);

/* ------------------------------------------------------------------------------------------------------ Run */
/* Where the time of a run went, in nanoseconds. On asynchronous devices parts overlap: compute is
 * what is left. */
typedef struct tenon_run_times {
  uint32_t struct_size; /* set by the caller */
  uint32_t replanned;   /* 1: the shapes were new */
  uint64_t total_ns;
  uint64_t plan_ns; /* shapes, prepare, memory plan, contexts */
  uint64_t copy_in_ns;
  uint64_t compute_ns;
  uint64_t copy_out_ns;
  uint64_t copy_count; /* between memories, as in tenon_session_stats */
  uint64_t copied_bytes;
} tenon_run_times;

typedef struct tenon_run_options {
  uint32_t struct_size;
  uint32_t reserved;
  const tenon_cancel* cancel; /* may be NULL */
  uint64_t timeout_ns;        /* then TENON_DEADLINE_EXCEEDED; 0: none */
  tenon_run_times* times;     /* filled where not NULL */
} tenon_run_options;

/* Runs the model and returns when the outputs are there. Inputs and outputs by name, or in the
 * model's order where names are NULL. outputs[i] in: a tensor that gets the result (its shape must
 * fit), or NULL: Tenon allocates one in host memory, and the caller ends it. Outputs that are not
 * listed are not computed into anybody's memory. options may be NULL. After a failure the outputs'
 * contents are undefined and the session can run again. */
TENON_API tenon_status tenon_session_run(tenon_session* session, const tenon_run_options* options,
                                         const char* const* input_names,
                                         tenon_tensor* const* inputs, uint32_t input_count,
                                         const char* const* output_names, tenon_tensor** outputs,
                                         uint32_t output_count);

/* Tensors bound to a session's inputs and outputs, for many runs: from the second run of the same
 * shapes on, a program allocates nothing. A binding is used by one run at a time; several bindings
 * of one session run at once. */
TENON_API tenon_status tenon_binding_create(tenon_session* session, tenon_binding** out_binding);
TENON_API void tenon_binding_release(tenon_binding* binding);
/* one. Index of an input or output by name, or TENON_NOT_FOUND. */
TENON_API tenon_status tenon_session_find_input(const tenon_session* session, const char* name,
                                                uint32_t* out_index);
TENON_API tenon_status tenon_session_find_output(const tenon_session* session, const char* name,
                                                 uint32_t* out_index);
/* one. The binding keeps the tensor alive. Checked here: dtype and rank; when it runs: the shape.
 */
TENON_API tenon_status tenon_binding_set_input(tenon_binding* binding, uint32_t input,
                                               tenon_tensor* tensor);
/* one. tensor NULL: Tenon allocates in host memory and keeps the tensor for the next run, growing
 * it when needed. */
TENON_API tenon_status tenon_binding_set_output(tenon_binding* binding, uint32_t output,
                                                tenon_tensor* tensor);
/* one. As with NULL, but in the memory of a backend's device. */
TENON_API tenon_status tenon_binding_set_output_device(tenon_binding* binding, uint32_t output,
                                                       const char* backend, uint32_t device);
/* one. The output is not wanted. */
TENON_API tenon_status tenon_binding_skip_output(tenon_binding* binding, uint32_t output);
/* one. Donation: the input's memory is given to the output, and what a run writes there is the
 * input of the next run (a key-value cache). The semantics do not depend on the backend: where a
 * kernel cannot write in place, Tenon writes elsewhere and exchanges the memory. The shape may grow
 * from run to run; the memory then is Tenon's. A tensor that was wrapped and keeps its size has the
 * output in the caller's memory after each run. */
TENON_API tenon_status tenon_binding_donate(tenon_binding* binding, uint32_t input,
                                            uint32_t output);
/* one. The output's tensor, lent until the next run or change of the binding. */
TENON_API tenon_status tenon_binding_get_output(tenon_binding* binding, uint32_t output,
                                                tenon_tensor** out_tensor);
/* one. options may be NULL. */
TENON_API tenon_status tenon_binding_run(tenon_binding* binding, const tenon_run_options* options);

/* Starts a run and returns. The binding and its memory belong to the run until it is done. `done`,
 * which may be NULL, is called once, on a thread of Tenon's, after the results are there; the
 * status is lent to it. options->times and options->cancel must live until then. */
TENON_API tenon_status tenon_binding_start(tenon_binding* binding, const tenon_run_options* options,
                                           void(TENON_CALL* done)(void* context,
                                                                  tenon_status status),
                                           void* context, tenon_pending** out_pending);
/* Waits at most timeout_ns (UINT64_MAX: for ever), then TENON_DEADLINE_EXCEEDED with the run going
 * on; else gives the run's status. May be asked again. */
TENON_API tenon_status tenon_pending_wait(tenon_pending* pending, uint64_t timeout_ns);
/* 1 when the run is done; does not wait. */
TENON_API int32_t tenon_pending_done(const tenon_pending* pending);
/* A fence on a timeline of the host (TENON_ORIGIN_HOST) that is reached, or fails, when the run is
 * done; lent. */
TENON_API tenon_fence tenon_pending_fence(tenon_pending* pending);
/* Does not stop the run. */
TENON_API void tenon_pending_release(tenon_pending* pending);

/* ----------------------------------------------------------------------------------------- Explain, inspect */
/* One row of the placement report; the rows add up to the nodes of the program. */
typedef struct tenon_placement_row {
  uint32_t struct_size;
  uint32_t refusal_count;
  const char* node; /* "" for inserted copies and reorders */
  const char* op;
  const char* kind;    /* "kernel", "segment", "host", "view", "host step", "copy", "reorder" */
  const char* backend; /* "host" for shape arithmetic */
  const char* kernel;
  double cost_us; /* modelled */
  uint64_t bytes; /* of a copy or reorder; open dimensions count as 16, as for cost_us */
  const char* const* refusals; /* of backends and kernels before it: "simulator.conv: attribute
                                  group: got 2, ..." */
  uint32_t fallback;           /* 1: not on the first group of the backends */
  uint32_t reserved;
  const char* value;  /* what is copied or reordered; "" for others */
  const char* path;   /* of a row in a subgraph: "If_3/then_branch"; "" in the model's graph */
  const char* origin; /* of a node that was added to say another in an older revision: that node */
  uint32_t step;      /* in its program; UINT32_MAX: it has none */
  uint32_t reserved2;
} tenon_placement_row;
TENON_API void tenon_session_placement(const tenon_session* session,
                                       const tenon_placement_row* const** out_rows,
                                       uint32_t* out_count);
/* The report as text, a row a line, or as JSON as tools/schemas/explain.json describes it, with modelled costs and
 * without "what_if". */
TENON_API tenon_status tenon_session_explain(tenon_session* session, tenon_format format,
                                             tenon_blob** out_blob);
/* The same for a session that would be made with these options, also where it can't be: a node that nobody takes is a
 * row of kind "nobody" here, and options->fallback is not looked at. JSON has "what_if": what each refusal before a
 * fallback costs, in the model. TENON_FORMAT_ONNX: the optimised graph, whose nodes carry the report in their
 * metadata_props (tenon.backend, tenon.kernel, tenon.cost_us, tenon.not.BACKEND ..). options may be NULL. profile: what
 * tenon_session_profile gave for such a session, whose times then stand in the place of modelled ones; NULL: none. */
TENON_API tenon_status tenon_model_explain(tenon_model* model, const tenon_session_options* options,
                                           const char* profile, tenon_format format,
                                           tenon_blob** out_blob);
/* A stage before placement, "imported", "canonical" or "optimised", of a model without a session: a dump, a summary as
 * JSON (tools/schemas/inspect.json) or ONNX bytes. Of the options, which may be NULL, dims and flags are read; backends
 * are loaded for "optimised", which keeps the functions that they have, else only where options->backends names some. */
TENON_API tenon_status tenon_model_inspect_stage(tenon_model* model, const char* stage,
                                                 const tenon_session_options* options,
                                                 tenon_format format, tenon_blob** out_blob);
/* A stage: "imported", "canonical", "optimised", "placed" or "program". Without
 * TENON_SESSION_KEEP_STAGES only "program" and "placed". JSON is a summary, of "program" all of it with the sizes and
 * places of the last run (of known shapes: of any; before the first run of others: without); ONNX is not for "program". */
TENON_API tenon_status tenon_session_inspect(tenon_session* session, const char* stage,
                                             tenon_format format, tenon_blob** out_blob);

/* Profiling: while it is on, every step of every run is timed (asynchronous devices are then
 * drained after each step, so the total is not that of a run without it). Switching it on forgets
 * what was measured before. */
TENON_API tenon_status tenon_session_profile_enable(tenon_session* session, int32_t on);
/* JSON: {"version": 1, "runs": N, "steps": [..], "events": [..], "events_left_out": N, "device_events": [..],
 * "device_events_left_out": N}; all times on the host's clock.
 * A step: {"step": its number, "parent": the step whose subgraph it is in, or null, "branch": "body", "then_branch",
 * "else_branch" or "", "node", "nodes": how many it is, "op", "backend", "device", "kernel", "kind", "value": what a
 * copy or reorder moves, "calls",
 * "total_ns", "self_ns": without the steps in its subgraphs, "min_ns", "flops" and "bytes" of the last call (each input
 * and output once), "total_flops" and "total_bytes" of all calls, "inputs" and "outputs": "float32[1, 3]", of the last
 * call}. Steps that were never called are left out.
 * An event: {"kind": "step", "run", "copy_in" or "copy_out", "run": its number, from 1 on, "step": or null, "parent": as
 * above, "thread": a number, "correlation_id", "begin_ns", "end_ns"}; a subgraph's events are those of its own runs. The
 * first 100,000 are kept, and the first million of devices.
 * A device event: {"backend", "device", "name", "correlation_id": of the event that caused it, "begin_ns", "end_ns"}. */
TENON_API tenon_status tenon_session_profile(tenon_session* session, tenon_blob** out_blob);

typedef struct tenon_session_stats {
  uint32_t struct_size; /* set by the caller */
  uint32_t node_count;
  uint32_t step_count;
  uint32_t plan_count; /* shape signatures that are kept */
  uint64_t import_ns;  /* load by stage */
  uint64_t backends_ns;
  uint64_t passes_ns;
  uint64_t placement_ns;
  uint64_t lower_ns;
  uint64_t kernels_ns; /* create, prepack and upload */
  uint64_t load_ns;    /* all of it */
  uint64_t first_run_ns;
  uint64_t first_run_plan_ns;
  uint64_t first_run_kernel_ns; /* in kernels' run, of the first run */
  uint64_t arena_bytes;         /* of the last plan, all memories */
  uint64_t arena_lower_bound_bytes;
  uint64_t constant_bytes;  /* of the model's weights */
  uint64_t prepacked_bytes; /* of blobs made of them, shared ones included */
  uint64_t uploaded_bytes;  /* constants in device memory, shared ones included */
  uint64_t budget_bytes;    /* 0: none */
  uint64_t charged_bytes;   /* now */
  uint64_t peak_bytes;      /* most charged so far */
  uint64_t run_count;
  uint64_t failed_count;
  uint64_t replan_count;
  uint64_t plan_bytes; /* of the plans that are kept; plan_cache_bytes bounds it */
  /* Between memories (devices, memory kinds, the host), in runs so far: copies that placement
   * inserted, and of tensors that are not where the program wants them. */
  uint64_t copy_count;
  uint64_t copied_bytes;
} tenon_session_stats;
TENON_API void tenon_session_statistics(tenon_session* session, tenon_session_stats* out_stats);

#ifdef __cplusplus
}
#endif

#endif /* TENON_RUNTIME_TENON_H_ */
