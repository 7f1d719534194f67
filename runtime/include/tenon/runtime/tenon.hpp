// The embedding API for C++20: values that own, exceptions for failures, spans for arrays.
// Header-only over tenon.h, whose comments hold here too (threads, lifetimes, meaning); nothing
// else is needed.
//
//   tenon::Runtime runtime;
//   tenon::Session session(runtime, "model.onnx", {.backends = "simulator,reference"});
//   std::vector<float> data(1 * 3 * 48 * 192);
//   std::vector<tenon::Tensor> out = session.Run({tenon::Tensor::Wrap(data, {1, 3, 48, 192})});
//   std::span<const float> scores = out[0].As<float>();
#pragma once

#if __cplusplus < 202002L
#error "tenon.hpp needs C++20: -std=c++20"
#endif

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/runtime/basics.hpp"
#include "tenon/runtime/tensor.hpp"

namespace tenon {
inline namespace v0 {

using Log = std::function<void(tenon_log_level, const char*)>;

struct RuntimeOptions {
  tenon_discovery discovery = TENON_DISCOVER_BUNDLED;
  std::vector<std::string> backend_files = {};
  bool use_environment = false;
  std::vector<std::string> layers = {};
  uint32_t threads = 0;
  std::string cache_directory = {};
  Log log = {};  // from any thread, also several at once; must not throw
  tenon_log_level log_level = TENON_LOG_WARNING;
  bool unload_backends = false;
  bool backends_only = false;
};

// Backends, threads and shared weights. Movable; outlived by what is made of it, but for the log.
class Runtime {
 public:
  explicit Runtime(RuntimeOptions options = {})
      : log_(std::make_unique<Log>(std::move(options.log))) {
    tenon_runtime_options o = TENON_INIT(tenon_runtime_options);
    const std::vector<const char*> files = internal::Pointers(options.backend_files);
    const std::vector<const char*> layers = internal::Pointers(options.layers);
    o.discovery = options.discovery;
    o.backend_files = files.data();
    o.backend_file_count = static_cast<uint32_t>(files.size());
    o.use_environment = options.use_environment;
    o.layers = layers.data();
    o.layer_count = static_cast<uint32_t>(layers.size());
    o.threads = options.threads;
    o.cache_directory = internal::OrNull(options.cache_directory);
    if (*log_) {
      o.log = [](void* log, tenon_log_level level, const char* message) {
        (*static_cast<const Log*>(log))(level, message);
      };
    }
    o.log_context = log_.get();
    o.log_level = options.log_level;
    o.unload_backends = options.unload_backends;
    o.backends_only = options.backends_only;
    tenon_runtime* handle = nullptr;
    Check(tenon_runtime_create(&o, &handle));
    handle_.reset(handle);
  }
  tenon_runtime* get() const { return handle_.get(); }
  uint32_t threads() const { return tenon_runtime_threads(get()); }
  // Lent as long as the runtime lives.
  std::span<const tenon_backend_info* const> backends() const {
    const tenon_backend_info* const* infos = nullptr;
    uint32_t count = 0;
    Check(tenon_runtime_backends(get(), &infos, &count));
    return {infos, count};
  }
  std::string violations() const {
    tenon_blob* blob = nullptr;
    Check(tenon_runtime_violations(get(), &blob));
    return internal::TakeText(blob);
  }

 private:
  std::unique_ptr<Log> log_;
  internal::Handle<tenon_runtime, tenon_runtime_release> handle_;
};

struct SessionOptions {
  std::string backends = {};                      // "a,b+c"; "": the default
  std::vector<std::string> backend_options = {};  // "simulator.claim=seed:7"
  tenon_class numerics = TENON_CLASS_DEFAULT;
  uint32_t threads = 0;
  std::vector<std::string> dims = {};  // "NAME=4"
  tenon_fallback fallback = TENON_FALLBACK_REPORT;
  tenon_session_flags flags = 0;
  uint32_t max_contexts = 0;
  uint64_t budget_bytes = 0;
  uint64_t plan_cache_bytes = 0;
  std::chrono::nanoseconds drain_timeout{0};
  std::chrono::nanoseconds compile_timeout{0};
  std::vector<std::string> part_inputs = {}, part_outputs = {};  // of a part; empty: the model's
};

namespace internal {
// SessionOptions as the C API reads them; lends from what it was made of.
class RawSessionOptions {
 public:
  explicit RawSessionOptions(const SessionOptions& options)
      : settings_(Pointers(options.backend_options)),
        dims_(Pointers(options.dims)),
        part_inputs_(Pointers(options.part_inputs)),
        part_outputs_(Pointers(options.part_outputs)) {
    raw_.backends = OrNull(options.backends);
    raw_.backend_options = settings_.data();
    raw_.backend_option_count = static_cast<uint32_t>(settings_.size());
    raw_.numerics = options.numerics;
    raw_.threads = options.threads;
    raw_.dims = dims_.data();
    raw_.dim_count = static_cast<uint32_t>(dims_.size());
    raw_.fallback = options.fallback;
    raw_.flags = options.flags;
    raw_.max_contexts = options.max_contexts;
    raw_.budget_bytes = options.budget_bytes;
    raw_.plan_cache_bytes = options.plan_cache_bytes;
    raw_.drain_timeout_ns = Nanoseconds(options.drain_timeout);
    raw_.compile_timeout_ns = Nanoseconds(options.compile_timeout);
    raw_.part_inputs = part_inputs_.data();
    raw_.part_outputs = part_outputs_.data();
    raw_.part_input_count = static_cast<uint32_t>(part_inputs_.size());
    raw_.part_output_count = static_cast<uint32_t>(part_outputs_.size());
  }
  RawSessionOptions(const RawSessionOptions&) = delete;
  RawSessionOptions& operator=(const RawSessionOptions&) = delete;
  const tenon_session_options* get() const { return &raw_; }

 private:
  const std::vector<const char*> settings_, dims_, part_inputs_, part_outputs_;
  tenon_session_options raw_ = TENON_INIT(tenon_session_options);
};
}  // namespace internal

// JSON: see tenon_operators.
inline std::string Operators() {
  tenon_blob* blob = nullptr;
  Check(tenon_operators(&blob));
  return internal::TakeText(blob);
}

// An imported model; immutable.
class Model {
 public:
  Model(const Runtime& runtime, const std::string& path, const tenon_limits* limits = nullptr) {
    tenon_model* handle = nullptr;
    Check(tenon_model_open_file(runtime.get(), path.c_str(), limits, &handle));
    handle_.reset(handle);
  }
  // Copies the bytes.
  Model(const Runtime& runtime, std::span<const std::byte> bytes,
        const tenon_limits* limits = nullptr) {
    tenon_model* handle = nullptr;
    Check(tenon_model_open_memory(runtime.get(), bytes.data(), bytes.size(), 0, limits, &handle));
    handle_.reset(handle);
  }
  tenon_model* get() const { return handle_.get(); }
  std::vector<ValueInfo> inputs() const { return Infos(tenon_model_inputs); }
  std::vector<ValueInfo> outputs() const { return Infos(tenon_model_outputs); }
  std::vector<std::pair<std::string, std::string>> metadata() const {
    const char* const* pairs = nullptr;
    uint32_t count = 0;
    tenon_model_metadata(get(), &pairs, &count);
    return internal::CopyPairs(pairs, count);
  }
  std::string Inspect(tenon_format format = TENON_FORMAT_TEXT) const {
    tenon_blob* blob = nullptr;
    Check(tenon_model_inspect(get(), format, &blob));
    return internal::TakeText(blob);
  }
  // The stage "imported", "canonical" or "optimised".
  std::string InspectStage(const std::string& stage, const SessionOptions& options = {},
                           tenon_format format = TENON_FORMAT_TEXT) const {
    const internal::RawSessionOptions raw(options);
    tenon_blob* blob = nullptr;
    Check(tenon_model_inspect_stage(get(), stage.c_str(), raw.get(), format, &blob));
    return internal::TakeText(blob);
  }
  // profile: Session::Profile of such a session, "" for none.
  std::string Explain(const SessionOptions& options = {}, tenon_format format = TENON_FORMAT_JSON,
                      const std::string& profile = {}) const {
    const internal::RawSessionOptions raw(options);
    tenon_blob* blob = nullptr;
    Check(tenon_model_explain(get(), raw.get(), internal::OrNull(profile), format, &blob));
    return internal::TakeText(blob);
  }

 private:
  template <typename F>
  std::vector<ValueInfo> Infos(F function) const {
    const tenon_value_info* const* infos = nullptr;
    uint32_t count = 0;
    function(get(), &infos, &count);
    return internal::CopyInfos(infos, count);
  }
  internal::Handle<tenon_model, tenon_model_release> handle_;
};

// Cancels runs from any thread.
class CancelSource {
 public:
  CancelSource() {
    tenon_cancel* handle = nullptr;
    Check(tenon_cancel_create(&handle));
    handle_.reset(handle);
  }
  tenon_cancel* get() const { return handle_.get(); }
  void Cancel() { tenon_cancel_request(get()); }

 private:
  internal::Handle<tenon_cancel, tenon_cancel_release> handle_;
};

struct RunOptions {
  const CancelSource* cancel = nullptr;
  std::chrono::nanoseconds timeout{0};  // 0: none
  tenon_run_times* times = nullptr;
  tenon_run_options Raw() const {
    tenon_run_options o = TENON_INIT(tenon_run_options);
    o.cancel = cancel ? cancel->get() : nullptr;
    o.timeout_ns = internal::Nanoseconds(timeout);
    o.times = times;
    return o;
  }
};

// A model placed on backends. Thread-safe.
class Session {
 public:
  Session(const Runtime& runtime, const std::string& path, const SessionOptions& options = {})
      : Session(Model(runtime, path), options) {}
  explicit Session(const Model& model, const SessionOptions& options = {}) {
    const internal::RawSessionOptions raw(options);
    tenon_session* handle = nullptr;
    Check(tenon_session_create(model.get(), raw.get(), &handle));
    handle_.reset(handle);
  }
  tenon_session* get() const { return handle_.get(); }

  std::vector<ValueInfo> inputs() const { return Infos(tenon_session_inputs); }
  std::vector<ValueInfo> outputs() const { return Infos(tenon_session_outputs); }
  std::vector<std::pair<std::string, std::string>> metadata() const {
    const char* const* pairs = nullptr;
    uint32_t count = 0;
    tenon_session_metadata(get(), &pairs, &count);
    return internal::CopyPairs(pairs, count);
  }
  // Memory of Tenon's; backend "": the host's.
  Tensor CreateTensor(tenon_dtype dtype, std::span<const int64_t> dims,
                      const std::string& backend = {}, uint32_t device = 0) const {
    tenon_tensor* tensor = nullptr;
    Check(tenon_tensor_create(get(), internal::OrNull(backend), device, dtype,
                              static_cast<int32_t>(dims.size()), dims.data(), &tensor));
    return Tensor(tensor);
  }
  // All outputs, in the model's order.
  std::vector<Tensor> Run(std::span<const Tensor> inputs, const RunOptions& options = {}) const {
    std::vector<tenon_tensor*> in;
    for (const Tensor& tensor : inputs) in.push_back(tensor.get());
    std::vector<tenon_tensor*> out(OutputCount(), nullptr);
    RunRaw(nullptr, in, nullptr, out, options);
    return Own(out);
  }
  std::vector<Tensor> Run(std::initializer_list<Tensor> inputs,
                          const RunOptions& options = {}) const {
    return Run(std::span<const Tensor>(inputs.begin(), inputs.size()), options);
  }
  // Inputs by name; only the outputs named.
  std::vector<Tensor> Run(std::span<const std::pair<std::string, const Tensor*>> inputs,
                          std::span<const std::string> outputs,
                          const RunOptions& options = {}) const {
    std::vector<const char*> in_names;
    std::vector<tenon_tensor*> in;
    for (const auto& [name, tensor] : inputs) {
      in_names.push_back(name.c_str());
      in.push_back(tensor->get());
    }
    const std::vector<const char*> out_names = internal::Pointers(outputs);
    std::vector<tenon_tensor*> out(outputs.size(), nullptr);
    RunRaw(in_names.data(), in, out_names.data(), out, options);
    return Own(out);
  }
  std::span<const tenon_placement_row* const> placement() const {
    const tenon_placement_row* const* rows = nullptr;
    uint32_t count = 0;
    tenon_session_placement(get(), &rows, &count);
    return {rows, count};
  }
  std::string Explain(tenon_format format = TENON_FORMAT_TEXT) const {
    tenon_blob* blob = nullptr;
    Check(tenon_session_explain(get(), format, &blob));
    return internal::TakeText(blob);
  }
  std::string Inspect(const std::string& stage, tenon_format format = TENON_FORMAT_TEXT) const {
    tenon_blob* blob = nullptr;
    Check(tenon_session_inspect(get(), stage.c_str(), format, &blob));
    return internal::TakeText(blob);
  }
  void EnableProfile(bool on) const { Check(tenon_session_profile_enable(get(), on)); }
  std::string Profile() const {
    tenon_blob* blob = nullptr;
    Check(tenon_session_profile(get(), &blob));
    return internal::TakeText(blob);
  }
  tenon_session_stats statistics() const {
    tenon_session_stats stats = TENON_INIT(tenon_session_stats);
    tenon_session_statistics(get(), &stats);
    return stats;
  }

 private:
  template <typename F>
  std::vector<ValueInfo> Infos(F function) const {
    const tenon_value_info* const* infos = nullptr;
    uint32_t count = 0;
    function(get(), &infos, &count);
    return internal::CopyInfos(infos, count);
  }
  uint32_t OutputCount() const {
    const tenon_value_info* const* infos = nullptr;
    uint32_t count = 0;
    tenon_session_outputs(get(), &infos, &count);
    return count;
  }
  void RunRaw(const char* const* in_names, std::span<tenon_tensor* const> in,
              const char* const* out_names, std::span<tenon_tensor*> out,
              const RunOptions& options) const {
    const tenon_run_options raw = options.Raw();
    Check(tenon_session_run(get(), &raw, in_names, in.data(), static_cast<uint32_t>(in.size()),
                            out_names, out.data(), static_cast<uint32_t>(out.size())));
  }
  static std::vector<Tensor> Own(std::span<tenon_tensor* const> tensors) {
    std::vector<Tensor> out;
    out.reserve(tensors.size());
    for (tenon_tensor* tensor : tensors) out.emplace_back(tensor);
    return out;
  }
  internal::Handle<tenon_session, tenon_session_release> handle_;
};

// A run under way. Its destructor does not stop or wait.
class Pending {
 public:
  explicit Pending(tenon_pending* handle) : handle_(handle) {}
  tenon_pending* get() const { return handle_.get(); }
  bool done() const { return tenon_pending_done(get()) != 0; }
  tenon_fence fence() const { return tenon_pending_fence(get()); }
  void Wait() const { Check(tenon_pending_wait(get(), UINT64_MAX)); }
  // False where the time is over and the run goes on.
  bool WaitFor(std::chrono::nanoseconds timeout) const {
    const tenon_status status = tenon_pending_wait(get(), internal::Nanoseconds(timeout));
    if (status.code == TENON_DEADLINE_EXCEEDED && !done()) {
      tenon_status_release(status);
      return false;
    }
    Check(status);
    return true;
  }

 private:
  internal::Handle<tenon_pending, tenon_pending_release> handle_;
};

// Tensors bound once for many runs; one run at a time.
class Binding {
 public:
  explicit Binding(const Session& session) : session_(session.get()) {
    tenon_binding* handle = nullptr;
    Check(tenon_binding_create(session.get(), &handle));
    handle_.reset(handle);
  }
  tenon_binding* get() const { return handle_.get(); }
  void SetInput(uint32_t input, const Tensor& tensor) {
    Check(tenon_binding_set_input(get(), input, tensor.get()));
  }
  void SetInput(const std::string& name, const Tensor& tensor) { SetInput(Input(name), tensor); }
  void SetOutput(uint32_t output, const Tensor& tensor) {
    Check(tenon_binding_set_output(get(), output, tensor.get()));
  }
  void SetOutput(const std::string& name, const Tensor& tensor) { SetOutput(Output(name), tensor); }
  void SetOutputDevice(uint32_t output, const std::string& backend, uint32_t device = 0) {
    Check(tenon_binding_set_output_device(get(), output, backend.c_str(), device));
  }
  void SkipOutput(uint32_t output) { Check(tenon_binding_skip_output(get(), output)); }
  void Donate(uint32_t input, uint32_t output) {
    Check(tenon_binding_donate(get(), input, output));
  }
  void Run(const RunOptions& options = {}) {
    const tenon_run_options raw = options.Raw();
    Check(tenon_binding_run(get(), &raw));
  }
  Pending Start(const RunOptions& options = {},
                void(TENON_CALL* done)(void*, tenon_status) = nullptr, void* context = nullptr) {
    const tenon_run_options raw = options.Raw();
    tenon_pending* pending = nullptr;
    Check(tenon_binding_start(get(), &raw, done, context, &pending));
    return Pending(pending);
  }
  // Lent until the next run: describe it, or read it with tenon_tensor_read.
  tenon_tensor* output(uint32_t output) const {
    tenon_tensor* tensor = nullptr;
    Check(tenon_binding_get_output(get(), output, &tensor));
    return tensor;
  }
  tenon_tensor_info output_info(uint32_t index) const {
    tenon_tensor_info info = TENON_INIT(tenon_tensor_info);
    tenon_tensor_describe(output(index), &info);
    return info;
  }

 private:
  uint32_t Input(const std::string& name) const {
    uint32_t index = 0;
    Check(tenon_session_find_input(session_, name.c_str(), &index));
    return index;
  }
  uint32_t Output(const std::string& name) const {
    uint32_t index = 0;
    Check(tenon_session_find_output(session_, name.c_str(), &index));
    return index;
  }
  tenon_session* session_;  // kept alive by the binding
  internal::Handle<tenon_binding, tenon_binding_release> handle_;
};

}  // namespace v0
}  // namespace tenon
