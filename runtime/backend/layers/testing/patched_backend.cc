#include "layers/testing/patched_backend.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace tenon::backend::testing {
namespace {

// What the slots below see: C functions have no closure.
struct Current {
  Patch patch;
  tenon_status (*create)(const tenon_host*, tenon_backend**) = nullptr;
  const void* (*interface)(tenon_backend*, const char*, uint32_t) = nullptr;
  const tenon_host* host = nullptr;
  tenon_device_interface device;
  tenon_memory_interface memory;
  tenon_queue_interface queue;
  tenon_kernel_interface kernel;
  tenon_compile_interface compile;
  tenon_operators_interface operators;
  tenon_profile_interface profile;
};
Current current;

template <typename T>
const void* Copy(const void* table, T* copy, const std::function<void(T&)>& change) {
  if (!table) return nullptr;
  *copy = *static_cast<const T*>(table);
  if (change) change(*copy);
  return copy;
}

const void* Interface(tenon_backend* backend, const char* name, uint32_t version) {
  const void* table = current.interface(backend, name, version);
  const std::string_view of = name;
  if (of == "device") return Copy(table, &current.device, current.patch.device);
  if (of == "memory") return Copy(table, &current.memory, current.patch.memory);
  if (of == "queue") return Copy(table, &current.queue, current.patch.queue);
  if (of == "kernel") return Copy(table, &current.kernel, current.patch.kernel);
  if (of == "compile") return Copy(table, &current.compile, current.patch.compile);
  if (of == "operators") return Copy(table, &current.operators, current.patch.operators);
  if (of == "profile") return Copy(table, &current.profile, current.patch.profile);
  return table;
}

tenon_status Create(const tenon_host* host, tenon_backend** out_backend) {
  current.host = host;
  const tenon_status status = current.create(host, out_backend);
  if (status.code != TENON_OK) return status;
  current.interface = (*out_backend)->interface;
  (*out_backend)->interface = Interface;
  if (current.patch.object) current.patch.object(**out_backend);
  return status;
}

int32_t Negotiate(const tenon_offer* offer, tenon_answer* answer) {
  const int32_t refused = complete_negotiate(offer, answer);
  current.create = answer->create;
  answer->create = Create;
  if (current.patch.answer) current.patch.answer(*answer);
  return refused;
}

}  // namespace

void Lines::Add(std::string_view line) {
  std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
}
bool Lines::Has(const std::string& text) const {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(
      lines_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}
std::string Lines::All() const {
  std::lock_guard lock(mutex_);
  std::string all;
  for (const std::string& line : lines_) all += line + "\n";
  return all;
}

std::vector<std::string> Lines::With(const std::string& mark) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const std::string& line : lines_) {
    if (const size_t at = line.find(mark); at != std::string::npos)
      found.push_back(line.substr(at + mark.size()));
  }
  return found;
}

Patched::Patched(Patch patch, std::shared_ptr<ParallelRunner> parallel) {
  current.patch = std::move(patch);
  auto services = std::make_shared<HostServices>();
  services->parallel = std::move(parallel);
  services->log = [lines = lines_, errors = errors_](tenon_log_level level, std::string_view line) {
    lines->Add(line);
    if (level == TENON_LOG_ERROR) errors->Add(line);
  };
  cache_ = (std::filesystem::temp_directory_path() / ("validate_" + std::to_string(getpid())));
  services->cache_directory = cache_;
  services->segment_to_onnx = [](const tenon_segment*, uint32_t) -> Result<std::string> {
    return std::string("onnx");
  };
  LoadOptions options;
  options.layers = current.patch.layers;
  options.options = current.patch.options;
  auto made = Backend::Create(Negotiate, options, services);
  if (made.ok())
    backend_ = std::move(made).value();
  else
    refusal_ = std::move(made).status();
}

void Patched::Close() {
  backend_.reset();
  std::filesystem::remove_all(cache_);
}

const tenon_kernel_descriptor* Patched::Kernel(const std::string& name) const {
  for (const tenon_kernel_descriptor* descriptor : backend_->descriptors()) {
    if (name == descriptor->name) return descriptor;
  }
  return nullptr;
}

tenon_code Patched::Code(tenon_status status) const {
  return static_cast<tenon_code>(backend_->Take(status).code());
}

::testing::AssertionResult Patched::Complains(const std::string& text) const {
  if (errors_->Has("validate: " + text)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << text << "\" in:\n" << lines_->All();
}
::testing::AssertionResult Patched::IsSilent() const {
  if (!errors_->Has("validate: ")) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << errors_->All();
}

const tenon_host* HostOfPatched() { return current.host; }

Floats::Floats(int64_t count, void* data, tenon_buffer* buffer, uint32_t kind, uint64_t offset)
    : dim(count) {
  argument.struct_size = sizeof argument;
  argument.buffer = buffer;
  argument.offset = offset;
  argument.bytes = static_cast<uint64_t>(count) * sizeof(float);
  argument.dtype = TENON_FLOAT32;
  argument.memory_kind = kind;
  argument.tensor = {data, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &dim, &stride, 0};
}

HeldBuffer::HeldBuffer(const Patched& of, uint32_t kind, uint64_t bytes) : patched(of) {
  EXPECT_EQ(
      of.Code(of.memory().allocate(of.device().handle(), kind, bytes, 64, nullptr, &buffer, &base)),
      TENON_OK);
}
void HeldBuffer::Free(const tenon_fence* fences, uint32_t count) {
  if (buffer)
    patched.memory().free(patched.device().handle(), std::exchange(buffer, nullptr), fences, count);
}

HeldQueue::HeldQueue(const Patched& of) : patched(of) {
  EXPECT_EQ(of.Code(of.queue().create(of.device().handle(), &queue)), TENON_OK);
  EXPECT_EQ(of.Code(of.queue().timeline_create(of.device().handle(), &timeline)), TENON_OK);
}
HeldQueue::~HeldQueue() {
  patched.queue().destroy(queue);
  patched.queue().timeline_destroy(patched.device().handle(), timeline);
}
tenon_fence HeldQueue::Signal(uint64_t value) {
  const tenon_fence fence = {timeline, value, TENON_ORIGIN_BACKEND, 0};
  EXPECT_EQ(patched.Code(patched.queue().signal(queue, &fence, 1)), TENON_OK);
  EXPECT_EQ(patched.Code(patched.queue().submit(queue)), TENON_OK);
  return fence;
}
tenon_code HeldQueue::Finish(uint64_t value) {
  Signal(value);
  return patched.Code(
      patched.queue().timeline_wait(patched.device().handle(), timeline, value, UINT64_MAX));
}

tenon_kernel_descriptor& OneDescriptor() {
  static tenon_kernel_descriptor kernel;
  return kernel;
}

std::function<void(tenon_kernel_interface&)> OneKernel(
    const std::function<void(tenon_kernel_descriptor&)>& change) {
  return [change](tenon_kernel_interface& table) {
    tenon_kernel_descriptor& kernel = OneDescriptor();
    kernel = {};
    kernel.struct_size = sizeof kernel;
    kernel.name = "broken";
    kernel.domain = "";
    kernel.op = "Neg";
    kernel.revision_min = kernel.revision_max = 1;
    kernel.run = [](const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*, const tenon_run*) {
      return tenon_status{};
    };
    change(kernel);
    table.descriptors = [](tenon_backend*, const tenon_kernel_descriptor* const** out_list,
                           uint32_t* out_count) {
      static const tenon_kernel_descriptor* const list[] = {&OneDescriptor()};
      *out_list = list;
      *out_count = 1;
      return tenon_status{};
    };
  };
}

tenon_status RunKernel(const Patched& patched, const std::string& name, const tenon_argument* input,
                       const tenon_argument* output, tenon_queue* queue,
                       tenon_run_context* context) {
  const tenon_kernel_descriptor* kernel = patched.Kernel(name);
  tenon_run run{};
  run.struct_size = sizeof run;
  run.input_count = run.output_count = 1;
  run.inputs = &input;
  run.outputs = &output;
  run.queue = queue;
  run.context = context;
  return kernel->run(kernel, nullptr, nullptr, &run);
}

}  // namespace tenon::backend::testing
