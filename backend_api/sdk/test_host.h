// A host for tests of the SDK: keeps what it is told, runs parallel_for on `threads` threads.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tenon/backend_api/backend.h"

namespace tenon::sdk_test {

class TestHost : public tenon_host {
 public:
  explicit TestHost(int threads = 1) : tenon_host{}, threads_(threads) {
    struct_size = TENON_SIZE_TO(tenon_host, segment_to_onnx);
    abi_minor = TENON_ABI_MINOR;
    log = [](const tenon_host* host, tenon_log_level, const char* line) { Of(host).lines.push_back(line); };
    error = [](const tenon_host* host, tenon_code code, const char* message) {
      return Of(host).Make(code, message);
    };
    refuse = [](const tenon_host* host, tenon_reason reason, const char* field, const char* got, const char* wants) {
      return Of(host).Make(TENON_UNSUPPORTED, std::to_string(reason) + "|" + field + "|" + got + "|" + wants);
    };
    error_message = [](const tenon_host*, const tenon_error* detail) {
      return detail ? reinterpret_cast<const std::string*>(detail)->c_str() : "";
    };
    error_release = [](const tenon_host* host, tenon_error* detail) {
      if (!detail) return;
      --Of(host).live_details;
      delete reinterpret_cast<std::string*>(detail);
    };
    option = [](const tenon_host*, const char*) -> const char* { return nullptr; };
    parallel_for = &ParallelFor;
  }

  // The message of a status, which is ended.
  std::string Take(const tenon_status& status) {
    std::string message = error_message(this, status.detail);
    error_release(this, status.detail);
    return message;
  }

  std::vector<std::string> lines;
  std::atomic<int> live_details{0};

 private:
  static TestHost& Of(const tenon_host* host) { return *const_cast<TestHost*>(static_cast<const TestHost*>(host)); }
  tenon_status Make(tenon_code code, const std::string& message) {
    ++live_details;
    return {code, 0, reinterpret_cast<tenon_error*>(new std::string(message))};
  }
  static void TENON_CALL ParallelFor(const tenon_host* host, int64_t total, int64_t chunk,
                                     void(TENON_CALL* body)(void*, int64_t, int64_t), void* context) {
    std::atomic<int64_t> next{0};
    const auto work = [&] {
      for (int64_t i; (i = next.fetch_add(chunk)) < total;) body(context, i, std::min(i + chunk, total));
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < Of(host).threads_; ++i) others.emplace_back(work);
    work();
  }

  int threads_;
};

// A dense argument over `data`, which may be null (while planning).
template <typename T>
class TestArgument : public tenon_argument {
 public:
  TestArgument(tenon_dtype its_dtype, std::vector<int64_t> dims, T* data) : tenon_argument{}, dims_(std::move(dims)) {
    struct_size = TENON_SIZE_TO(tenon_argument, memory_kind);
    strides_.resize(dims_.size());
    int64_t count = 1;
    for (size_t i = dims_.size(); i-- > 0; count *= dims_[i]) strides_[i] = count;
    tensor.data = const_cast<std::remove_const_t<T>*>(data);
    tensor.ndim = static_cast<int32_t>(dims_.size());
    tensor.shape = dims_.data();
    tensor.strides = strides_.data();
    tensor.device = {kDLCPU, 0};
    bytes = static_cast<uint64_t>(count) * sizeof(T);
    dtype = its_dtype;
  }
  TestArgument(const TestArgument&) = delete;

 private:
  std::vector<int64_t> dims_, strides_;
};

// A value of a graph; constant where `data` is given.
class TestValue : public tenon_value {
 public:
  TestValue(const char* its_name, tenon_dtype its_dtype, std::vector<int64_t> its_dims, const void* its_data = nullptr,
            uint64_t its_bytes = 0)
      : tenon_value{}, dims_(std::move(its_dims)) {
    struct_size = TENON_SIZE_TO(tenon_value, reserved2);
    dtype = its_dtype;
    name = its_name;
    rank = static_cast<int32_t>(dims_.size());
    dims = dims_.data();
    data = its_data;
    data_bytes = its_bytes;
  }
  TestValue(const TestValue&) = delete;

 private:
  std::vector<int64_t> dims_;
};

// A node over values and attributes that the test keeps.
class TestNode : public tenon_node {
 public:
  TestNode(const char* its_op, std::vector<const tenon_value*> its_inputs, std::vector<const tenon_value*> its_outputs,
           std::vector<const tenon_attribute*> its_attributes = {})
      : tenon_node{},
        inputs_(std::move(its_inputs)),
        outputs_(std::move(its_outputs)),
        attributes_(std::move(its_attributes)) {
    struct_size = TENON_SIZE_TO(tenon_node, id);
    revision = 1;
    domain = "";
    op = its_op;
    name = "node";
    inputs = inputs_.data();
    outputs = outputs_.data();
    attributes = attributes_.data();
    input_count = static_cast<uint32_t>(inputs_.size());
    output_count = static_cast<uint32_t>(outputs_.size());
    attribute_count = static_cast<uint32_t>(attributes_.size());
  }
  TestNode(const TestNode&) = delete;

 private:
  std::vector<const tenon_value*> inputs_, outputs_;
  std::vector<const tenon_attribute*> attributes_;
};

}  // namespace tenon::sdk_test
