#include "simulator.h"

#include <cstring>
#include <random>

namespace tenon::simulator::testing {

Simulator::Simulator(OptionMap options, std::shared_ptr<backend::HostServices> services) {
  if (!services) services = std::make_shared<backend::HostServices>();
  options.try_emplace("delay_us", "0");
  backend::LoadOptions load;
  load.options = std::move(options);
  load.quiesce_timeout_ns = 500'000'000;
  auto loaded = backend::Backend::Load(TENON_SIMULATOR_PLUGIN, load, std::move(services));
  if (!loaded.ok()) throw std::runtime_error(loaded.status().ToString());
  backend_ = std::move(*loaded);
}

const tenon_kernel_descriptor* Simulator::Find(std::string_view kernel) const {
  for (const tenon_kernel_descriptor* descriptor : backend_->descriptors()) {
    if (kernel == descriptor->name) return descriptor;
  }
  return nullptr;
}

Timeline::Timeline(Simulator& simulator) : simulator_(simulator) {
  const auto status =
      simulator.Take(simulator.queue().timeline_create(simulator.handle(), &handle_));
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

tenon::Status Timeline::Wait(uint64_t value, uint64_t timeout_ns) const {
  return simulator_.Take(
      simulator_.queue().timeline_wait(simulator_.handle(), handle_, value, timeout_ns));
}

Buffer::Buffer(Simulator& simulator, uint64_t size, uint32_t kind)
    : simulator_(simulator), size_(size), kind_(kind) {
  void* base = nullptr;
  const auto status = simulator.Take(
      simulator.memory().allocate(simulator.handle(), kind, size, 256, nullptr, &handle_, &base));
  if (!status.ok()) throw std::runtime_error(status.ToString());
  base_ = static_cast<std::byte*>(base);
}

void Buffer::Write(const void* data, uint64_t size, uint64_t offset) {
  void* pointer = nullptr;
  const auto& api = simulator_.memory();
  auto status = simulator_.Take(api.map(simulator_.handle(), handle_, offset, size,
                                        TENON_ACCESS_WRITE, nullptr, 0, UINT64_MAX, &pointer));
  ASSERT_TRUE(status.ok()) << status.ToString();
  std::memcpy(pointer, data, size);
  status = simulator_.Take(api.unmap(simulator_.handle(), handle_, pointer, nullptr));
  ASSERT_TRUE(status.ok()) << status.ToString();
}

void Buffer::ReadBytes(void* data, uint64_t size) {
  void* pointer = nullptr;
  const auto& api = simulator_.memory();
  auto status = simulator_.Take(api.map(simulator_.handle(), handle_, 0, size, TENON_ACCESS_READ,
                                        nullptr, 0, UINT64_MAX, &pointer));
  ASSERT_TRUE(status.ok()) << status.ToString();
  std::memcpy(data, pointer, size);
  status = simulator_.Take(api.unmap(simulator_.handle(), handle_, pointer, nullptr));
  ASSERT_TRUE(status.ok()) << status.ToString();
}

Queue::Queue(Simulator& simulator) : simulator_(simulator) {
  const auto status = simulator.Take(simulator.queue().create(simulator.handle(), &handle_));
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

tenon::Status Queue::Wait(const tenon_fence& fence) {
  return simulator_.Take(simulator_.queue().wait(handle_, &fence, 1));
}
tenon::Status Queue::Signal(const tenon_fence& fence) {
  return simulator_.Take(simulator_.queue().signal(handle_, &fence, 1));
}
tenon::Status Queue::Submit() { return simulator_.Take(simulator_.queue().submit(handle_)); }
tenon::Status Queue::Copy(const tenon_location& from, const tenon_location& to, uint64_t size) {
  return simulator_.Take(simulator_.queue().copy(handle_, &from, &to, size));
}
tenon::Status Queue::Fill(const Buffer& to, uint32_t pattern) {
  const tenon_location location = to.At();
  return simulator_.Take(
      simulator_.queue().fill(handle_, &location, to.size(), &pattern, sizeof pattern));
}

tenon::Status Queue::Finish(uint64_t timeout_ns) {
  const Timeline done(simulator_);
  TENON_RETURN_IF_ERROR(Signal(done.At(1)));
  TENON_RETURN_IF_ERROR(Submit());
  return done.Wait(1, timeout_ns);
}

uint64_t Tensor::Bytes() const {
  uint64_t count = sizeof(float);
  for (const int64_t dim : dims) count *= static_cast<uint64_t>(dim);
  return bytes != 0 ? bytes : count;
}

Tensor RandomTensor(std::vector<int64_t> dims, unsigned seed) {
  Tensor tensor{std::move(dims), {}};
  std::minstd_rand random(seed + 1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  tensor.data.resize(tensor.Bytes() / sizeof(float));
  for (float& value : tensor.data) value = uniform(random);
  return tensor;
}

KernelRun::~KernelRun() {
  if (info_.plan) descriptor_->plan_release(descriptor_, kernel_, info_.plan);
  descriptor_->destroy(descriptor_, kernel_);
}

std::unique_ptr<KernelRun::Argument> KernelRun::Describe(const Tensor& tensor) const {
  auto argument = std::make_unique<Argument>(tensor.dims, static_cast<float*>(nullptr));
  argument->layout = tensor.layout;
  argument->bytes = tensor.Bytes();
  argument->memory_kind = simulator_.default_kind();
  return argument;
}

void KernelRun::PointTo(Argument& argument, const Buffer& buffer) const {
  argument.buffer = buffer.handle();
  argument.tensor.data = buffer.base();
  argument.memory_kind = buffer.kind();
}

std::vector<const tenon_argument*> KernelRun::Arguments(size_t begin, size_t end) const {
  std::vector<const tenon_argument*> arguments;
  for (size_t i = begin; i < end; ++i) arguments.push_back(arguments_[i].get());
  return arguments;
}

tenon::Status KernelRun::Prepare(const std::vector<const Tensor*>& inputs,
                                 const std::vector<Tensor>& outputs) {
  input_count_ = inputs.size();
  for (const Tensor* input : inputs) arguments_.push_back(input ? Describe(*input) : nullptr);
  for (const Tensor& output : outputs) arguments_.push_back(Describe(output));
  info_.struct_size = TENON_SIZE_TO(tenon_plan_info, plan);
  const auto before = Arguments(0, input_count_),
             after = Arguments(input_count_, arguments_.size());
  TENON_RETURN_IF_ERROR(simulator_.Take(descriptor_->prepare(
      descriptor_, kernel_, before.data(), static_cast<uint32_t>(before.size()), after.data(),
      static_cast<uint32_t>(after.size()), &info_)));
  for (const auto& argument : arguments_) {
    const bool needed = argument && argument->bytes > 0;
    buffers_.push_back(needed ? std::make_unique<Buffer>(simulator_, argument->bytes) : nullptr);
    if (needed) PointTo(*argument, *buffers_.back());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (buffers_[i])
      buffers_[i]->Write(inputs[i]->data.data(), inputs[i]->data.size() * sizeof(float));
  }
  for (const Tensor& output : outputs) output_sizes_.push_back(output.Bytes() / sizeof(float));
  if (info_.workspace_bytes == 0) return {};
  workspace_buffer_ =
      std::make_unique<Buffer>(simulator_, info_.workspace_bytes, info_.workspace_kind);
  workspace_ =
      std::make_unique<Argument>(std::vector<int64_t>{static_cast<int64_t>(info_.workspace_bytes)},
                                 static_cast<uint8_t*>(nullptr));
  PointTo(*workspace_, *workspace_buffer_);
  return {};
}

tenon::Status KernelRun::Enqueue(tenon_queue* queue, uint64_t correlation_id) {
  const auto inputs = Arguments(0, input_count_),
             outputs = Arguments(input_count_, arguments_.size());
  tenon_run run{};
  run.struct_size = TENON_SIZE_TO(tenon_run, correlation_id);
  run.inputs = inputs.data();
  run.outputs = outputs.data();
  run.input_count = static_cast<uint32_t>(inputs.size());
  run.output_count = static_cast<uint32_t>(outputs.size());
  run.workspace = workspace_.get();
  run.queue = queue;
  run.correlation_id = correlation_id;
  return simulator_.Take(descriptor_->run(descriptor_, kernel_, info_.plan, &run));
}

std::vector<float> KernelRun::Output(size_t index) {
  return output_buffer(index).Read(output_sizes_[index]);
}

std::unique_ptr<KernelRun> CreateKernel(Simulator& simulator, std::string_view kernel,
                                        const tenon_node& node, tenon::Status* why) {
  tenon::Status ignored;
  tenon::Status& status = why ? *why : ignored;
  const tenon_kernel_descriptor* descriptor = simulator.Find(kernel);
  if (!descriptor) throw std::runtime_error("no kernel " + std::string(kernel));
  tenon_backend* backend = simulator.backend().handle();
  status = simulator.Take(descriptor->supports(descriptor, backend, simulator.handle(), &node));
  if (!status.ok()) return nullptr;
  tenon_kernel* made = nullptr;
  status =
      simulator.Take(descriptor->create(descriptor, backend, simulator.handle(), &node, &made));
  return status.ok() ? std::make_unique<KernelRun>(simulator, descriptor, made) : nullptr;
}

std::vector<float> Compute(Simulator& simulator, std::string_view kernel, const tenon_node& node,
                           const std::vector<const Tensor*>& inputs, const Tensor& output) {
  tenon::Status status;
  const auto run = CreateKernel(simulator, kernel, node, &status);
  if (run) status = run->Prepare(inputs, {output});
  if (status.ok()) {
    Queue queue(simulator);
    status = run->Enqueue(queue.handle());
    if (status.ok()) status = queue.Finish();
  }
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return run->Output();
}

}  // namespace tenon::simulator::testing
