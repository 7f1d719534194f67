/* The levels of README.md, through the runtime, under its validation layer: levels LIBRARY LEVEL. */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw, setenv */
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/runtime/tenon.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

static void check(tenon_status status, const char* what) {
  if (status.code == TENON_OK) return;
  fprintf(stderr, "%s: %s\n", what, tenon_status_message(status));
  exit(1);
}

static int compiled; /* segments, by what the backend logs */
static void log_line(void* context, tenon_log_level level, const char* line) {
  (void)context, (void)level;
  fprintf(stderr, "log: %s\n", line);
  compiled += strstr(line, "compiled ") != NULL;
}

static tenon_runtime* new_runtime(const char* library, const char* cache) {
  const char* layers[] = {"validate"};
  tenon_runtime_options options = TENON_INIT(tenon_runtime_options);
  tenon_runtime* runtime;
  options.backend_files = &library;
  options.backend_file_count = 1;
  options.layers = layers;
  options.layer_count = 1;
  options.cache_directory = cache;
  options.log = log_line;
  options.log_level = TENON_LOG_INFO;
  check(tenon_runtime_create(&options, &runtime), "runtime");
  return runtime;
}

static void end_runtime(tenon_runtime* runtime) {
  tenon_blob* violations;
  check(tenon_runtime_violations(runtime, &violations), "violations");
  fputs(tenon_blob_data(violations), stderr);
  CHECK(tenon_blob_size(violations) == 0);
  tenon_blob_release(violations);
  tenon_runtime_release(runtime);
}

/* A node that my_npu does not take is an error where backends are "my_npu" alone. */
static tenon_session* open_model(tenon_runtime* runtime, const char* model, const char* backends) {
  tenon_session_options options = TENON_INIT(tenon_session_options);
  tenon_session* session;
  options.backends = backends;
  check(tenon_session_open_file(runtime, model, &options, &session), model);
  return session;
}

static tenon_tensor* wrap(int64_t rows, int64_t columns, float* data) {
  const int64_t dims[] = {rows, columns};
  tenon_tensor* tensor;
  check(tenon_tensor_wrap(TENON_FLOAT32, 2, dims, data, (uint64_t)(rows * columns) * sizeof(float),
                          &tensor),
        "wrap");
  return tensor;
}

enum { MOST_ROWS = 1000 };
typedef struct Op { /* one run of op.onnx: y = Relu(a + b), [rows, 3] */
  int64_t rows;
  float a[MOST_ROWS * 3], b[MOST_ROWS * 3], y[MOST_ROWS * 3];
  tenon_tensor* tensors[3];
} Op;

static void make_op(Op* op, int64_t rows) {
  op->rows = rows;
  for (int64_t i = 0; i < MOST_ROWS * 3; ++i) {
    op->a[i] = (float)(i % 11) - 5;
    op->b[i] = (float)(i % 7) - 3;
    op->y[i] = NAN;
  }
  op->tensors[0] = wrap(rows, 3, op->a);
  op->tensors[1] = wrap(rows, 3, op->b);
  op->tensors[2] = wrap(rows, 3, op->y);
}
static void check_op(Op* op) {
  for (int64_t i = 0; i < op->rows * 3; ++i) CHECK(op->y[i] == fmaxf(op->a[i] + op->b[i], 0));
  for (int i = 0; i < 3; ++i) tenon_tensor_release(op->tensors[i]);
}
static void run_op(tenon_session* session, int64_t rows) {
  static Op op;
  make_op(&op, rows);
  check(tenon_session_run(session, NULL, NULL, op.tensors, 2, NULL, &op.tensors[2], 1), "run");
  check_op(&op);
}

/* -------------------------------------------------------------------------------------------------- Levels */
static void level_copy(const char* library) {
  tenon_runtime* runtime = new_runtime(library, NULL);
  tenon_session* session = open_model(runtime, "op.onnx", "my_npu");
  float in[1000], out[1000];
  const int64_t dim = 1000;
  tenon_tensor* tensor;
  for (int i = 0; i < 1000; ++i) in[i] = (float)i;
  check(tenon_tensor_create(session, "my_npu", 0, TENON_FLOAT32, 1, &dim, &tensor), "allocate");
  check(tenon_tensor_write(tensor, in, sizeof in), "copy in");
  check(tenon_tensor_read(tensor, out, sizeof out), "copy out");
  CHECK(memcmp(in, out, sizeof in) == 0);
  tenon_tensor_release(tensor);
  tenon_session_release(session);
  end_runtime(runtime);
}

static void level_op(const char* library) {
  tenon_runtime* runtime = new_runtime(library, NULL);
  tenon_session* session = open_model(runtime, "op.onnx", "my_npu");
  run_op(session, 2);
  tenon_session_release(session);
  end_runtime(runtime);
}

/* y = x W, where W, [4, 2], is 0, 1, 2 ...: a weight of the model's. */
static void level_weights(const char* library) {
  tenon_runtime* runtime = new_runtime(library, NULL);
  tenon_session* session = open_model(runtime, "matmul.onnx", "my_npu");
  float x[3 * 4], y[3 * 2];
  for (int i = 0; i < 3 * 4; ++i) x[i] = (float)(i % 5) - 2;
  tenon_tensor *in = wrap(3, 4, x), *out = wrap(3, 2, y);
  check(tenon_session_run(session, NULL, NULL, &in, 1, NULL, &out, 1), "run");
  for (int i = 0; i < 3 * 2; ++i) {
    float sum = 0;
    for (int k = 0; k < 4; ++k) sum += x[i / 2 * 4 + k] * (float)(k * 2 + i % 2);
    CHECK(y[i] == sum);
  }
  tenon_tensor_release(in);
  tenon_tensor_release(out);
  tenon_session_release(session);
  end_runtime(runtime);
}

/* The same numbers as on the backend "reference" alone, which takes what is left here. */
static void level_model(const char* library) {
  tenon_runtime* runtime = new_runtime(library, NULL);
  const char* backends[] = {"my_npu,reference", "reference"};
  float x[4 * 8], y[2][4 * 8];
  for (int i = 0; i < 4 * 8; ++i) x[i] = (float)(i % 13) / 4 - 1;
  for (int k = 0; k < 2; ++k) {
    tenon_session* session = open_model(runtime, "mixed.onnx", backends[k]);
    tenon_tensor *in = wrap(4, 8, x), *out = wrap(4, 8, y[k]);
    check(tenon_session_run(session, NULL, NULL, &in, 1, NULL, &out, 1), backends[k]);
    tenon_tensor_release(in);
    tenon_tensor_release(out);
    tenon_session_release(session);
  }
  for (int i = 0; i < 4 * 8; ++i) CHECK(fabsf(y[0][i] - y[1][i]) <= 1e-6f);
  end_runtime(runtime);
}

/* Several runs under way at once; and one in which the device fails, after which it works again. */
static void level_async(const char* library) {
  static Op ops[4];
  tenon_pending* pending[4];
  tenon_runtime* runtime = new_runtime(library, NULL);
  tenon_session* session = open_model(runtime, "op.onnx", "my_npu");
  for (int k = 0; k < 4; ++k) {
    tenon_binding* binding;
    make_op(&ops[k], 100 + k);
    check(tenon_binding_create(session, &binding), "binding");
    check(tenon_binding_set_input(binding, 0, ops[k].tensors[0]), "input");
    check(tenon_binding_set_input(binding, 1, ops[k].tensors[1]), "input");
    check(tenon_binding_set_output(binding, 0, ops[k].tensors[2]), "output");
    check(tenon_binding_start(binding, NULL, NULL, NULL, &pending[k]), "start");
    tenon_binding_release(binding);
  }
  for (int k = 0; k < 4; ++k) {
    check(tenon_pending_wait(pending[k], UINT64_MAX), "wait");
    tenon_pending_release(pending[k]);
    check_op(&ops[k]);
  }
  tenon_session_release(session);
  end_runtime(runtime);

  setenv("DRIVER_SIM_FAULT", "2", 1); /* read when the device is opened */
  runtime = new_runtime(library, NULL);
  session = open_model(runtime, "op.onnx", "my_npu");
  make_op(&ops[0], 5);
  const tenon_status status =
      tenon_session_run(session, NULL, NULL, ops[0].tensors, 2, NULL, &ops[0].tensors[2], 1);
  fprintf(stderr, "as it should, the run failed: %s\n", tenon_status_message(status));
  CHECK(status.code == TENON_INTERNAL);
  tenon_status_release(status);
  for (int i = 0; i < 3; ++i) tenon_tensor_release(ops[0].tensors[i]);
  run_op(session, 5);
  tenon_session_release(session);
  end_runtime(runtime);
}

static void level_shapes(const char* library) {
  const int64_t rows[] = {1, 17, 0, MOST_ROWS, 1};
  tenon_runtime* runtime = new_runtime(library, NULL);
  tenon_session* session = open_model(runtime, "op.onnx", "my_npu");
  for (int i = 0; i < 5; ++i) run_op(session, rows[i]);
  tenon_session_release(session);
  end_runtime(runtime);
}

static int remove_entry(const char* path, const struct stat* s, int type, struct FTW* walk) {
  (void)s, (void)type, (void)walk;
  return remove(path);
}
/* What one runtime compiled, another one loads from the cache. */
static void level_compile(const char* library) {
  char cache[] = "/tmp/my_npu_XXXXXX";
  CHECK(mkdtemp(cache));
  for (int k = 0; k < 2; ++k) {
    tenon_runtime* runtime = new_runtime(library, cache);
    tenon_session* session = open_model(runtime, "op.onnx", "my_npu");
    run_op(session, 3);
    CHECK(compiled == 1);
    tenon_session_release(session);
    end_runtime(runtime);
  }
  nftw(cache, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*run)(const char* library);
  } levels[] = {{"copy", level_copy},      {"op", level_op},       {"weights", level_weights},
                {"model", level_model},    {"async", level_async}, {"shapes", level_shapes},
                {"compile", level_compile}};
  for (int i = 0; argc == 3 && i < 7; ++i) {
    if (strcmp(argv[2], levels[i].name) != 0) continue;
    levels[i].run(argv[1]);
    return 0;
  }
  fprintf(stderr, "usage: levels LIBRARY copy|op|weights|model|async|shapes|compile\n");
  return 2;
}
