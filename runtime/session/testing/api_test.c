/* The embedding API from C11: every function of tenon.h is called, on the backend `reference`. */
#include <stdio.h>
#include <stdlib.h>

#include "onnx_bytes.h"
#include "tenon/runtime/tenon.h"

static int failures = 0;
static void expect(int ok, const char* what, int line) {
  if (ok) return;
  ++failures;
  fprintf(stderr, "line %d: %s\n", line, what);
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)
static int ok(tenon_status status, int line) {
  if (status.code == TENON_OK) return 1;
  fprintf(stderr, "line %d: %s: %s\n", line, tenon_code_name(status.code),
          tenon_status_message(status));
  tenon_status_release(status);
  ++failures;
  return 0;
}
#define OK(call) ok(call, __LINE__)
static void fails(tenon_status status, tenon_code code, const char* text, int line) {
  if (status.code != code || strstr(tenon_status_message(status), text) == NULL) {
    ++failures;
    fprintf(stderr, "line %d: wants %s \"%s\", got %s: %s\n", line, tenon_code_name(code), text,
            tenon_code_name(status.code), tenon_status_message(status));
  }
  tenon_status_release(status);
}
#define FAILS(call, code, text) fails(call, code, text, __LINE__)

static void log_line(void* context, tenon_log_level level, const char* message) {
  (void)level;
  (void)message;
  ++*(int*)context;
}

static void describe(tenon_session* session) {
  const tenon_value_info* const* infos;
  const char* const* pairs;
  uint32_t count, index;
  tenon_session_inputs(session, &infos, &count);
  EXPECT(count == 1 && strcmp(infos[0]->name, "x") == 0 && infos[0]->dtype == TENON_FLOAT32);
  EXPECT(infos[0]->rank == 1 && infos[0]->dims[0] == -1 && strcmp(infos[0]->symbols[0], "n") == 0);
  tenon_session_outputs(session, &infos, &count);
  EXPECT(count == 2 && strcmp(infos[0]->name, "y") == 0 && strcmp(infos[1]->name, "s") == 0);
  tenon_session_metadata(session, &pairs, &count);
  EXPECT(count == 1 && strcmp(pairs[0], "author") == 0 && strcmp(pairs[1], "test") == 0);
  OK(tenon_session_find_input(session, "x", &index));
  EXPECT(index == 0);
  OK(tenon_session_find_output(session, "s", &index));
  EXPECT(index == 1);
  FAILS(tenon_session_find_output(session, "z", &index), TENON_NOT_FOUND, "it has \"y\", \"s\"");
}

static void run_once(tenon_session* session) {
  float x[3] = {1, 2, 3}, s[3] = {0};
  const int64_t dims[1] = {3};
  tenon_tensor *in, *given, *outputs[2] = {NULL, NULL};
  tenon_tensor_info info = TENON_INIT(tenon_tensor_info);
  const char* in_names[1] = {"x"};
  const char* out_names[2] = {"s", "y"};
  tenon_run_times times = TENON_INIT(tenon_run_times);
  tenon_run_options options = TENON_INIT(tenon_run_options);
  options.times = &times;
  OK(tenon_tensor_wrap(TENON_FLOAT32, 1, dims, x, sizeof x, &in));
  OK(tenon_tensor_wrap(TENON_FLOAT32, 1, dims, s, sizeof s, &given));
  outputs[0] = given;
  OK(tenon_session_run(session, &options, in_names, &in, 1, out_names, outputs, 2));
  EXPECT(s[0] == 2 && s[2] == 4);
  EXPECT(times.replanned == 1 && times.total_ns > 0);
  tenon_tensor_describe(outputs[1], &info);
  EXPECT(info.rank == 1 && info.dims[0] == 3 && info.bytes == 12 && info.backend == NULL);
  EXPECT(((float*)info.data)[1] == -3);
  tenon_tensor_release(outputs[1]);
  outputs[0] = NULL;
  OK(tenon_session_run(session, NULL, NULL, &in, 1, NULL, outputs, 1));
  tenon_tensor_release(outputs[0]);
  FAILS(tenon_session_run(session, NULL, NULL, NULL, 0, NULL, outputs, 1), TENON_INVALID_ARGUMENT,
        "1 inputs (\"x\")");
  out_names[0] = "nothing";
  FAILS(tenon_session_run(session, NULL, NULL, &in, 1, out_names, outputs, 1), TENON_NOT_FOUND,
        "no output \"nothing\"");
  tenon_tensor_release(in);
  tenon_tensor_release(given);
  FAILS(tenon_tensor_wrap(TENON_FLOAT32, 1, dims, x, 11, &in), TENON_INVALID_ARGUMENT,
        "needs 12 bytes");
  EXPECT(strcmp(tenon_dtype_name(TENON_INT64), "int64") == 0 &&
         tenon_dtype_bytes(TENON_INT4, 3) == 2);
}

static void count_done(void* context, tenon_status status) {
  if (status.code == TENON_OK) ++*(int*)context;
}

static void run_bound(tenon_session* session) {
  const int64_t dims[1] = {2};
  const float zero[2] = {0, 0};
  float y[2] = {0, 0}, state[2];
  void* mapped;
  int done = 0;
  tenon_binding* binding;
  tenon_tensor *in, *out, *lent;
  tenon_pending* pending;
  tenon_cancel* cancel;
  tenon_run_options options = TENON_INIT(tenon_run_options);
  OK(tenon_binding_create(session, &binding));
  OK(tenon_tensor_create(session, NULL, 0, TENON_FLOAT32, 1, dims, &in));
  OK(tenon_tensor_write(in, zero, sizeof zero));
  OK(tenon_tensor_wrap(TENON_FLOAT32, 1, dims, y, sizeof y, &out));
  OK(tenon_binding_set_input(binding, 0, in));
  OK(tenon_binding_set_output(binding, 0, out));
  OK(tenon_binding_donate(binding, 0, 1)); /* the sum is the next run's x */
  OK(tenon_binding_run(binding, NULL));
  OK(tenon_binding_run(binding, NULL));
  EXPECT(y[0] == -2);
  OK(tenon_binding_start(binding, NULL, count_done, &done, &pending));
  OK(tenon_pending_wait(pending, UINT64_MAX));
  EXPECT(done == 1 && tenon_pending_done(pending) && y[0] == -3);
  EXPECT(tenon_pending_fence(pending).origin == TENON_ORIGIN_HOST);
  tenon_pending_release(pending);
  OK(tenon_tensor_map(in, TENON_ACCESS_READ, &mapped));
  EXPECT(((float*)mapped)[0] == 3);
  OK(tenon_tensor_unmap(in));
  OK(tenon_tensor_read(in, state, sizeof state));
  EXPECT(state[1] == 3);
  OK(tenon_cancel_create(&cancel));
  tenon_cancel_request(cancel);
  options.cancel = cancel;
  FAILS(tenon_binding_run(binding, &options), TENON_CANCELLED, "cancelled");
  tenon_cancel_release(cancel);
  OK(tenon_binding_skip_output(binding, 0));
  OK(tenon_binding_run(binding, NULL));
  FAILS(tenon_binding_get_output(binding, 0, &lent), TENON_FAILED_PRECONDITION, "not wanted");
  OK(tenon_binding_set_output_device(binding, 0, "reference", 0));
  OK(tenon_binding_run(binding, NULL));
  OK(tenon_binding_get_output(binding, 0, &lent));
  tenon_binding_release(binding);
  tenon_tensor_release(in);
  tenon_tensor_release(out);
}

static void ask(tenon_session* session) {
  static const char* const stages[] = {"imported", "canonical", "optimised", "placed", "program"};
  const tenon_placement_row* const* rows;
  uint32_t count;
  tenon_blob* blob;
  tenon_session_stats stats = TENON_INIT(tenon_session_stats);
  tenon_session_placement(session, &rows, &count);
  EXPECT(count >= 2 && rows[0]->struct_size == sizeof(tenon_placement_row));
  OK(tenon_session_explain(session, TENON_FORMAT_JSON, &blob));
  EXPECT(strstr(tenon_blob_data(blob), "\"version\": 1") != NULL);
  tenon_blob_release(blob);
  OK(tenon_session_explain(session, TENON_FORMAT_TEXT, &blob));
  EXPECT(tenon_blob_size(blob) > 0);
  tenon_blob_release(blob);
  for (int i = 0; i < 5; ++i) {
    if (OK(tenon_session_inspect(session, stages[i], TENON_FORMAT_TEXT, &blob)))
      tenon_blob_release(blob);
  }
  if (OK(tenon_session_inspect(session, "optimised", TENON_FORMAT_ONNX, &blob)))
    tenon_blob_release(blob);
  FAILS(tenon_session_inspect(session, "nothing", TENON_FORMAT_TEXT, &blob), TENON_NOT_FOUND,
        "there are imported");
  OK(tenon_session_profile_enable(session, 1));
  run_once(session);
  OK(tenon_session_profile(session, &blob));
  EXPECT(strstr(tenon_blob_data(blob), "\"steps\"") != NULL);
  tenon_blob_release(blob);
  OK(tenon_session_profile_enable(session, 0));
  tenon_session_statistics(session, &stats);
  EXPECT(stats.run_count > 0 && stats.load_ns > 0 && stats.node_count == 2 &&
         stats.constant_bytes == 4);
}

static void look_at_model(tenon_runtime* runtime, const onnx_bytes* bytes) {
  const tenon_value_info* const* infos;
  const char* const* pairs;
  uint32_t count;
  tenon_model* model;
  tenon_session* session;
  tenon_blob* blob;
  tenon_limits limits = TENON_INIT(tenon_limits);
  OK(tenon_model_open_memory(runtime, bytes->data, bytes->size, 1, &limits, &model));
  tenon_model_inputs(model, &infos, &count);
  EXPECT(count == 1);
  tenon_model_outputs(model, &infos, &count);
  EXPECT(count == 2);
  tenon_model_metadata(model, &pairs, &count);
  EXPECT(count == 1);
  OK(tenon_model_inspect(model, TENON_FORMAT_JSON, &blob));
  EXPECT(strstr(tenon_blob_data(blob), "\"node_count\": 2") != NULL);
  tenon_blob_release(blob);
  OK(tenon_model_explain(model, NULL, NULL, TENON_FORMAT_JSON, &blob));
  EXPECT(strstr(tenon_blob_data(blob), "\"what_if\": []") != NULL);
  tenon_blob_release(blob);
  FAILS(tenon_model_explain(model, NULL, "{}", TENON_FORMAT_JSON, &blob), TENON_INVALID_ARGUMENT,
        "no JSON object with");
  OK(tenon_session_create(model, NULL, &session));
  tenon_model_release(model);
  tenon_session_release(session);
  FAILS(tenon_model_open_file(runtime, "/nonexistent.onnx", NULL, &model), TENON_NOT_FOUND,
        "nonexistent");
  FAILS(tenon_session_open_file(runtime, "/nonexistent.onnx", NULL, &session), TENON_NOT_FOUND,
        "nonexistent");
}

int main(void) {
  static onnx_bytes bytes;
  int lines = 0;
  uint32_t count;
  const tenon_backend_info* const* infos;
  tenon_blob* blob;
  tenon_runtime* runtime;
  tenon_session* session;
  tenon_runtime_options options = TENON_INIT(tenon_runtime_options);
  tenon_session_options session_options = TENON_INIT(tenon_session_options);
  options.threads = 2;
  options.log = log_line;
  options.log_context = &lines;
  if (!OK(tenon_runtime_create(&options, &runtime))) return 1;
  EXPECT(tenon_runtime_threads(runtime) == 2 && strcmp(tenon_version(), "0.1.0") == 0);
  OK(tenon_runtime_backends(runtime, &infos, &count));
  EXPECT(count > 0);
  onnx_add_neg(&bytes, -1);
  look_at_model(runtime, &bytes);
  session_options.backends = "reference";
  session_options.flags = TENON_SESSION_KEEP_STAGES;
  session_options.numerics = TENON_CLASS_STRICT;
  if (!OK(tenon_session_open_memory(runtime, bytes.data, bytes.size, &session_options, &session)))
    return 1;
  session_options.backends = "nobody";
  tenon_session* refused = NULL;
  FAILS(tenon_session_open_memory(runtime, bytes.data, bytes.size, &session_options, &refused),
        TENON_NOT_FOUND, "backend \"nobody\" was not found");
  describe(session);
  run_once(session);
  run_bound(session);
  ask(session);
  OK(tenon_runtime_violations(runtime, &blob));
  EXPECT(tenon_blob_size(blob) == 0);
  tenon_blob_release(blob);
  tenon_runtime_release(runtime); /* sessions go on */
  run_once(session);
  tenon_session_release(session);
  if (failures == 0) printf("ok\n");
  return failures != 0;
}
