// The complete backend of backend_api/testing with slots replaced, so that it breaks a rule; behind
// the layer "validate". One at a time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "complete_tables.h"
#include "tenon/backend/backend.h"

namespace tenon::backend::testing {

// Changes to the tables before the host sees them.
struct Patch {
  std::function<void(tenon_answer&)> answer = {};
  std::function<void(tenon_backend&)> object = {};
  std::function<void(tenon_device_interface&)> device = {};
  std::function<void(tenon_memory_interface&)> memory = {};
  std::function<void(tenon_queue_interface&)> queue = {};
  std::function<void(tenon_kernel_interface&)> kernel = {};
  std::function<void(tenon_compile_interface&)> compile = {};
  std::function<void(tenon_operators_interface&)> operators = {};
  std::function<void(tenon_profile_interface&)> profile = {};
  std::vector<std::string> layers = {"validate"};
  std::map<std::string, std::string> options = {};
};

// Lines of the log, which outlives the backend.
struct Lines {
  void Add(std::string_view line);
  // Whether a line holds the text.
  bool Has(const std::string& text) const;
  std::string All() const;
  std::vector<std::string> With(const std::string& mark) const;  // what stands behind the mark

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Patched {
 public:
  explicit Patched(Patch patch = {}, std::shared_ptr<ParallelRunner> parallel = SerialRunner());
  ~Patched() { Close(); }
  Patched(const Patched&) = delete;
  Patched& operator=(const Patched&) = delete;

  // Ends the backend: what it complains of then is in the log.
  void Close();
  bool made() const { return backend_ != nullptr; }
  const Status& refusal() const { return refusal_; }  // where it was not made
  Backend& operator*() const { return *backend_; }
  Backend* operator->() const { return backend_.get(); }
  Device& device() const { return *backend_->devices()[0]; }
  const tenon_memory_interface& memory() const { return *device().memory(); }
  const tenon_queue_interface& queue() const { return *device().queue(); }
  const tenon_kernel_descriptor* Kernel(const std::string& name) const;
  // Takes a status: its code, the detail is released.
  tenon_code Code(tenon_status status) const;

  // Whether something was complained of that holds the text, "R4: memory.free: ..."; else all of it.
  ::testing::AssertionResult Complains(const std::string& text) const;
  ::testing::AssertionResult IsSilent() const;
  bool Logged(const std::string& text) const { return lines_->Has(text); }
  std::vector<std::string> Complaints() const { return errors_->With("validate: "); }
  std::vector<std::string> LoggedAfter(const std::string& mark) const { return lines_->With(mark); }

 private:
  std::string cache_;
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>(), errors_ = std::make_shared<Lines>();
  std::shared_ptr<Backend> backend_;
  Status refusal_;
};

// The host that the backend was created with: for patched slots that use it.
const tenon_host* HostOfPatched();

// A dense float32 argument of one dimension, and buffers of the device for it.
struct Floats {
  Floats(int64_t count, void* data, tenon_buffer* buffer = nullptr, uint32_t kind = 0,
         uint64_t offset = 0);
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  tenon_argument argument{};
  int64_t dim, stride = 1;
};
struct HeldBuffer {
  HeldBuffer(const Patched& of, uint32_t kind, uint64_t bytes);
  ~HeldBuffer() { Free(); }
  void Free(const tenon_fence* fences = nullptr, uint32_t count = 0);
  const Patched& patched;
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
};
// A queue with a timeline.
struct HeldQueue {
  explicit HeldQueue(const Patched& of);
  ~HeldQueue();
  tenon_fence Signal(uint64_t value);  // and submits
  tenon_code Finish(uint64_t value);   // and waits
  const Patched& patched;
  tenon_queue* queue = nullptr;
  tenon_timeline* timeline = nullptr;
};
// A kernel "broken" without state, in plain host memory, whose run is `run`: patches Patch::kernel.
std::function<void(tenon_kernel_interface&)> OneKernel(
    const std::function<void(tenon_kernel_descriptor&)>& change);
tenon_kernel_descriptor& OneDescriptor();  // the descriptor of "broken"
tenon_status RunKernel(const Patched& patched, const std::string& name, const tenon_argument* input,
                       const tenon_argument* output, tenon_queue* queue = nullptr,
                       tenon_run_context* context = nullptr);

}  // namespace tenon::backend::testing
