// A loaded artifact: runs of it, several at once.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "openvino.h"

namespace example {

class Program {
 public:
  Program(tenon_device* device, sdk::Bytes artifact);
  void Run(const sdk::Run& run) const;

 private:
  // What a port of a request is bound to. Binding costs more than comparing.
  struct Bound {
    const void* data = nullptr;
    int32_t rank = -1;  // not bound
    std::array<int64_t, TENON_MAX_RANK> dims{};
    bool Is(const tenon_argument* argument) const;
    void Set(const tenon_argument& argument);
  };
  struct Request {
    InferRequest handle;
    std::vector<Bound> inputs, outputs;
  };
  std::unique_ptr<Request> Take(const tenon_run& run) const;
  void Bind(Request& request, const tenon_run& run) const;

  Compiled compiled_;
  size_t input_count_ = 0, output_count_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Request>> idle_;
};

}  // namespace example
