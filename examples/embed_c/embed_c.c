/* Runs a model in a C program: tells what it takes and gives, runs it, prints what came out.
 *
 * usage: embed_c MODEL [-b BACKENDS] [-t MILLISECONDS] [INPUT=[SHAPE:]VALUE | INPUT=[SHAPE:]@FILE]...
 * for example: embed_c model.onnx -b reference -t 1000 image=1x3x224x224:0.5
 *
 * VALUE fills an input; FILE has its elements as they lie in memory, row by row. Inputs that are
 * not named are filled with 1, dimensions that the model and SHAPE leave open are 1. -t: a run that
 * takes longer is cancelled.
 * Build: cc -std=c11 embed_c.c $(pkg-config --cflags --libs tenon) -o embed_c
 * Exit codes: 0 ok, 2 usage, 3 model rejected, 4 the run failed or took too long. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/runtime/tenon.h>

enum { USAGE = 2, MODEL = 3, RUN = 4 };

static void fail(int code, const char* where, const char* what) {
  fprintf(stderr, "embed_c: %s: %s\n", where, what);
  exit(code);
}
/* Every function that can fail gives a status; its message says what to do. */
static void check(tenon_status status, int code, const char* where) {
  if (status.code == TENON_OK) return;
  fprintf(stderr, "embed_c: %s: %s\n", where, tenon_status_message(status));
  tenon_status_release(status);
  exit(code);
}

/* ------------------------------------------------------------------------------------- Elements */
/* One case for each type that this example knows. */
#define FOR_TYPES(CASE)       \
  CASE(TENON_FLOAT32, float)  \
  CASE(TENON_FLOAT64, double) \
  CASE(TENON_INT64, int64_t)  \
  CASE(TENON_INT32, int32_t)  \
  CASE(TENON_UINT8, uint8_t)  \
  CASE(TENON_BOOL, uint8_t)

static double get(tenon_dtype dtype, const void* data, uint64_t i) {
#define GET(number, type) \
  case number:            \
    return (double)((const type*)data)[i];
  switch (dtype) { FOR_TYPES(GET) }
  fail(USAGE, tenon_dtype_name(dtype), "this example does not know its elements");
  return 0;
}
static void set(tenon_dtype dtype, void* data, uint64_t i, double value) {
#define SET(number, type)           \
  case number:                      \
    ((type*)data)[i] = (type)value; \
    return;
  switch (dtype) { FOR_TYPES(SET) }
  fail(USAGE, tenon_dtype_name(dtype), "this example does not know its elements");
}

/* --------------------------------------------------------------------------------------- Inputs */
/* "x float32 [N, 3, 48, 192]" */
static void print_value(const char* what, const tenon_value_info* info) {
  printf("%s %s %s [", what, info->name, tenon_dtype_name(info->dtype));
  for (int32_t i = 0; i < info->rank; ++i) {
    if (i > 0) printf(", ");
    if (info->dims[i] >= 0) {
      printf("%" PRId64, info->dims[i]);
    } else {
      printf("%s", info->symbols[i] ? info->symbols[i] : "?");
    }
  }
  printf("]\n");
}

/* The sizes that the model knows, then those of "1x3:..."; *said is moved behind them. */
static uint64_t read_shape(const tenon_value_info* info, const char** said, int64_t* out_dims) {
  const int shaped = (*said)[strspn(*said, "0123456789x")] == ':';
  uint64_t count = 1;
  for (int32_t i = 0; i < info->rank; ++i) {
    out_dims[i] = info->dims[i] < 0 ? 1 : info->dims[i];
    if (shaped && **said != ':') {
      char* end;
      out_dims[i] = strtoll(*said, &end, 10);
      *said = *end == 'x' ? end + 1 : end;
    }
    count *= (uint64_t)out_dims[i];
  }
  if (shaped && *(*said)++ != ':') fail(USAGE, info->name, "SHAPE has too many dimensions");
  return count;
}

static void read_file(const char* path, void* data, uint64_t bytes) {
  FILE* file = fopen(path, "rb");
  if (!file) fail(USAGE, path, "can't be read");
  if (fread(data, 1, bytes, file) != bytes || fgetc(file) != EOF) {
    fprintf(stderr, "embed_c: %s: expected %" PRIu64 " bytes\n", path, bytes);
    exit(USAGE);
  }
  fclose(file);
}

/* An input's tensor over memory of ours, which *out_data gets. */
static tenon_tensor* make_input(const tenon_value_info* info, const char* said, void** out_data) {
  int64_t dims[TENON_MAX_RANK];
  tenon_tensor* tensor;
  if (info->kind != TENON_VALUE_TENSOR || info->rank < 0)
    fail(USAGE, info->name, "this example makes tensors of known rank only");
  const uint64_t count = read_shape(info, &said, dims);
  const uint64_t bytes = tenon_dtype_bytes(info->dtype, count);
  void* data = malloc(bytes + 1);
  if (!data) fail(RUN, info->name, "memory is out");
  if (*said == '@') {
    read_file(said + 1, data, bytes);
  } else {
    for (uint64_t i = 0; i < count; ++i) set(info->dtype, data, i, atof(said));
  }
  check(tenon_tensor_wrap(info->dtype, info->rank, dims, data, bytes, &tensor), USAGE, info->name);
  *out_data = data;
  return tensor;
}

static void print_output(const char* name, tenon_tensor* tensor) {
  tenon_tensor_info info = TENON_INIT(tenon_tensor_info);
  uint64_t count = 1;
  tenon_tensor_describe(tensor, &info);
  if (info.kind != TENON_VALUE_TENSOR) fail(USAGE, name, "this example prints tensors only");
  printf("%s [", name);
  for (int32_t i = 0; i < info.rank; ++i) {
    printf("%s%" PRId64, i > 0 ? ", " : "", info.dims[i]);
    count *= (uint64_t)info.dims[i];
  }
  printf("]:");
  for (uint64_t i = 0; i < count && i < 8; ++i) printf(" %.7g", get(info.dtype, info.data, i));
  printf(count > 8 ? " ...\n" : "\n");
}

/* ----------------------------------------------------------------------------------------- Main */
typedef struct Arguments {
  const char *model, *backends;
  double timeout_ms;
  char** inputs; /* "x=1x3:0.5" */
  int input_count;
} Arguments;

static Arguments parse(int argc, char** argv) {
  Arguments a = {.inputs = argv};
  for (int i = 1; i < argc; ++i) {
    const int has_value = i + 1 < argc;
    if (strcmp(argv[i], "-b") == 0 && has_value) {
      a.backends = argv[++i];
    } else if (strcmp(argv[i], "-t") == 0 && has_value) {
      a.timeout_ms = atof(argv[++i]);
    } else if (argv[i][0] != '-' && !a.model) {
      a.model = argv[i];
    } else if (argv[i][0] != '-' && strchr(argv[i], '=')) {
      a.inputs[a.input_count++] = argv[i];
    } else {
      fail(USAGE, argv[i], "is not understood");
    }
  }
  if (!a.model)
    fail(USAGE, "usage", "embed_c MODEL [-b BACKENDS] [-t MILLISECONDS] [INPUT=VALUE]...");
  return a;
}

/* What is said of each input, or "1". */
static const char** match_inputs(const tenon_session* session, uint32_t count, const Arguments* a) {
  const char** said = malloc((count + 1) * sizeof *said);
  if (!said) fail(RUN, "inputs", "memory is out");
  for (uint32_t i = 0; i < count; ++i) said[i] = "1";
  for (int i = 0; i < a->input_count; ++i) {
    char* equals = strchr(a->inputs[i], '=');
    uint32_t index;
    *equals = '\0';
    check(tenon_session_find_input(session, a->inputs[i], &index), USAGE, a->model);
    said[index] = equals + 1;
  }
  return said;
}

int main(int argc, char** argv) {
  const Arguments a = parse(argc, argv);

  /* A runtime has the backends: those beside its library, and what the environment adds. */
  tenon_runtime_options runtime_options = TENON_INIT(tenon_runtime_options);
  tenon_runtime* runtime;
  runtime_options.use_environment = 1;
  check(tenon_runtime_create(&runtime_options, &runtime), RUN, "runtime");

  /* A session is a model that is ready to run on them. */
  tenon_session_options options = TENON_INIT(tenon_session_options);
  tenon_session* session;
  options.backends = a.backends;
  check(tenon_session_open_file(runtime, a.model, &options, &session), MODEL, "model");
  const tenon_value_info *const *inputs, *const *outputs;
  uint32_t input_count, output_count;
  tenon_session_inputs(session, &inputs, &input_count);
  tenon_session_outputs(session, &outputs, &output_count);
  for (uint32_t i = 0; i < input_count; ++i) print_value("input", inputs[i]);
  for (uint32_t i = 0; i < output_count; ++i) print_value("output", outputs[i]);

  /* A binding keeps tensors for many runs. Outputs that nothing is bound to get memory of Tenon's,
   * which is kept, too. */
  const char** said = match_inputs(session, input_count, &a);
  void** data = calloc(input_count + 1, sizeof *data);
  tenon_binding* binding;
  if (!data) fail(RUN, "inputs", "memory is out");
  check(tenon_binding_create(session, &binding), RUN, "binding");
  for (uint32_t i = 0; i < input_count; ++i) {
    tenon_tensor* tensor = make_input(inputs[i], said[i], &data[i]);
    check(tenon_binding_set_input(binding, i, tensor), USAGE, inputs[i]->name);
    tenon_tensor_release(tensor); /* the binding keeps it */
  }

  tenon_run_times times = TENON_INIT(tenon_run_times);
  tenon_run_options run = TENON_INIT(tenon_run_options);
  run.timeout_ns = (uint64_t)(a.timeout_ms * 1e6);
  run.times = &times;
  /* The run knows all sizes: inputs that don't fit together are noticed here. */
  const tenon_status ran = tenon_binding_run(binding, &run);
  check(ran, ran.code == TENON_INVALID_ARGUMENT ? USAGE : RUN, "run");
  for (uint32_t i = 0; i < output_count; ++i) {
    tenon_tensor* tensor;
    check(tenon_binding_get_output(binding, i, &tensor), RUN, outputs[i]->name);
    print_output(outputs[i]->name, tensor);
  }
  printf("%.3f ms\n", (double)times.total_ns / 1e6);

  /* In any order: objects keep alive what they were made of; but wrapped memory goes last. */
  tenon_binding_release(binding);
  tenon_session_release(session);
  tenon_runtime_release(runtime);
  for (uint32_t i = 0; i < input_count; ++i) free(data[i]);
  free(data);
  free(said);
  return 0;
}
