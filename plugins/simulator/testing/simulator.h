// The built plugin for tests: loaded by the runtime's loader and driven through its slots, with
// buffers, queues and timelines that end themselves, and kernels that run from vectors to vectors.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::simulator::testing {

using OptionMap = std::map<std::string, std::string>;
inline constexpr uint64_t kSecond = 1'000'000'000;

class Simulator {
 public:
  // Without delays unless the options say otherwise.
  explicit Simulator(OptionMap options = {},
                     std::shared_ptr<backend::HostServices> services = nullptr);

  backend::Backend& backend() const { return *backend_; }
  const tenon_memory_interface& memory() const { return *device().memory(); }
  const tenon_queue_interface& queue() const { return *device().queue(); }
  tenon_device* handle() const { return device().handle(); }
  const backend::Device& device() const { return *backend_->devices().front(); }
  uint32_t default_kind() const { return device().default_memory()->id; }
  const tenon_kernel_descriptor* Find(std::string_view kernel) const;
  tenon::Status Take(tenon_status status) const { return backend_->Take(status); }

 private:
  std::shared_ptr<backend::Backend> backend_;
};

class Timeline {
 public:
  explicit Timeline(Simulator& simulator);
  ~Timeline() { simulator_.queue().timeline_destroy(simulator_.handle(), handle_); }
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;
  tenon_fence At(uint64_t value) const { return {handle_, value, TENON_ORIGIN_BACKEND, 0}; }
  tenon::Status Wait(uint64_t value, uint64_t timeout_ns = 60 * kSecond) const;
  tenon_timeline* handle() const { return handle_; }

 private:
  Simulator& simulator_;
  tenon_timeline* handle_ = nullptr;
};

// Ends behind nothing: its work is done, or the device is lost.
class Buffer {
 public:
  Buffer(Simulator& simulator, uint64_t size) : Buffer(simulator, size, simulator.default_kind()) {}
  Buffer(Simulator& simulator, uint64_t size, uint32_t kind);
  ~Buffer() { simulator_.memory().free(simulator_.handle(), handle_, nullptr, 0); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  tenon_buffer* handle() const { return handle_; }
  tenon_buffer* release() { return std::exchange(handle_, nullptr); }
  std::byte* base() const { return base_; }
  uint64_t size() const { return size_; }
  uint32_t kind() const { return kind_; }
  tenon_location At(uint64_t offset = 0) const { return {handle_, nullptr, offset}; }
  // Through map and unmap.
  void Write(const void* data, uint64_t size, uint64_t offset = 0);
  template <typename T = float>
  std::vector<T> Read(size_t count) {
    std::vector<T> data(count);
    ReadBytes(data.data(), count * sizeof(T));
    return data;
  }

 private:
  void ReadBytes(void* data, uint64_t size);
  Simulator& simulator_;
  tenon_buffer* handle_ = nullptr;
  std::byte* base_ = nullptr;
  uint64_t size_;
  uint32_t kind_;
};

class Queue {
 public:
  explicit Queue(Simulator& simulator);
  ~Queue() { simulator_.queue().destroy(handle_); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  tenon_queue* handle() const { return handle_; }

  tenon::Status Wait(const tenon_fence& fence);
  tenon::Status Signal(const tenon_fence& fence);
  tenon::Status Submit();
  tenon::Status Copy(const tenon_location& from, const tenon_location& to, uint64_t size);
  tenon::Status Fill(const Buffer& to, uint32_t pattern);
  // Signals a timeline made for it and waits: OK, or the failure of what was enqueued.
  tenon::Status Finish(uint64_t timeout_ns = 60 * kSecond);

 private:
  Simulator& simulator_;
  tenon_queue* handle_ = nullptr;
};

// A float tensor of a test.
struct Tensor {
  std::vector<int64_t> dims;
  std::vector<float> data;
  tenon_layout layout = TENON_LAYOUT_ROW_MAJOR;
  uint64_t bytes = 0;  // 0: that of the dims; a blocked layout has more

  uint64_t Bytes() const;
};
Tensor RandomTensor(std::vector<int64_t> dims, unsigned seed);

// One kernel of one node, with its plan and buffers, from create to destroy.
class KernelRun {
 public:
  KernelRun(Simulator& simulator, const tenon_kernel_descriptor* descriptor, tenon_kernel* kernel)
      : simulator_(simulator), descriptor_(descriptor), kernel_(kernel) {}
  KernelRun(const KernelRun&) = delete;
  KernelRun& operator=(const KernelRun&) = delete;
  ~KernelRun();

  // Plans and allocates; the inputs are written. A null input is absent.
  tenon::Status Prepare(const std::vector<const Tensor*>& inputs,
                        const std::vector<Tensor>& outputs);
  tenon::Status Enqueue(tenon_queue* queue, uint64_t correlation_id = 0);
  // Output `index` once the work is done.
  std::vector<float> Output(size_t index = 0);
  Buffer& input_buffer(size_t index) { return *buffers_[index]; }
  Buffer& output_buffer(size_t index) { return *buffers_[input_count_ + index]; }

 private:
  using Argument = sdk::testing::TestArgument;
  std::unique_ptr<Argument> Describe(const Tensor& tensor) const;
  void PointTo(Argument& argument, const Buffer& buffer) const;
  std::vector<const tenon_argument*> Arguments(size_t begin, size_t end) const;

  Simulator& simulator_;
  const tenon_kernel_descriptor* descriptor_;
  tenon_kernel* kernel_;
  tenon_plan_info info_{};
  size_t input_count_ = 0;
  std::vector<std::unique_ptr<Argument>> arguments_;  // inputs, outputs
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<size_t> output_sizes_;
  std::unique_ptr<Buffer> workspace_buffer_;
  std::unique_ptr<Argument> workspace_;
};

// The kernel of a node; null, with the reason in `why`, where it is refused.
std::unique_ptr<KernelRun> CreateKernel(Simulator& simulator, std::string_view kernel,
                                        const tenon_node& node, tenon::Status* why = nullptr);
// Create, prepare, run on a queue and read output 0 back.
std::vector<float> Compute(Simulator& simulator, std::string_view kernel, const tenon_node& node,
                           const std::vector<const Tensor*>& inputs, const Tensor& output);

}  // namespace tenon::simulator::testing
