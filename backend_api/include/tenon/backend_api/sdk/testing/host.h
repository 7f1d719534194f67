// A small host for unit tests of a backend's kernels, without the runtime: keeps what it is told
// and runs parallel_for on as many threads as the test wants. It has no timelines, no cache and no
// schemas.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {
namespace testing {

class TestHost : public tenon_host {
 public:
  explicit TestHost(int threads = 1) : tenon_host{}, threads_(threads) {
    struct_size = TENON_SIZE_TO(tenon_host, thread_count);
    abi_minor = TENON_ABI_MINOR;
    log = [](const tenon_host* host, tenon_log_level, const char* line) {
      Of(host).lines.push_back(line);
    };
    error = [](const tenon_host* host, tenon_code code, const char* message) {
      return Of(host).Make(code, message);
    };
    refuse = [](const tenon_host* host, tenon_reason reason, const char* field, const char* got,
                const char* wants) {
      return Of(host).Make(TENON_UNSUPPORTED,
                           std::to_string(reason) + "|" + field + "|" + got + "|" + wants);
    };
    error_message = [](const tenon_host*, const tenon_error* detail) {
      return detail ? reinterpret_cast<const std::string*>(detail)->c_str() : "";
    };
    error_release = [](const tenon_host* host, tenon_error* detail) {
      if (!detail) return;
      --Of(host).live_details;
      delete reinterpret_cast<std::string*>(detail);
    };
    allocate = [](const tenon_host*, uint64_t size, uint64_t alignment) -> void* {
      return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    };
    free = [](const tenon_host*, void* memory) { std::free(memory); };
    parallel_for = &ParallelFor;
    submit = [](const tenon_host*, void(TENON_CALL * task)(void*), void* context) {
      task(context);
      return kOk;
    };
    option = [](const tenon_host* host, const char* name) -> const char* {
      const auto found = Of(host).options.find(name);
      return found == Of(host).options.end() ? nullptr : found->second.c_str();
    };
    operator_schema = [](const tenon_host*, const char*,
                         const char*) -> const tenon_operator_schema* { return nullptr; };
    clock_ns = [](const tenon_host*) {
      return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                   std::chrono::nanoseconds(1));
    };
    cancelled = [](const tenon_host*, const tenon_cancel*) { return int32_t{0}; };
    thread_count = [](const tenon_host* host) { return static_cast<uint32_t>(Of(host).threads_); };
  }

  // The message of a status, which is ended.
  std::string Take(const tenon_status& status) {
    std::string message = error_message(this, status.detail);
    error_release(this, status.detail);
    return message;
  }

  std::vector<std::string> lines;              // of the log
  std::map<std::string, std::string> options;  // what `option` gives
  std::atomic<int> live_details{0};            // statuses that nobody has ended

 private:
  static TestHost& Of(const tenon_host* host) {
    return *const_cast<TestHost*>(static_cast<const TestHost*>(host));
  }
  tenon_status Make(tenon_code code, const std::string& message) {
    ++live_details;
    return {code, 0, reinterpret_cast<tenon_error*>(new std::string(message))};
  }
  static void TENON_CALL ParallelFor(const tenon_host* host, int64_t total, int64_t chunk,
                                     void(TENON_CALL* body)(void*, int64_t, int64_t),
                                     void* context) {
    std::atomic<int64_t> next{0};
    const auto work = [&] {
      for (int64_t i; (i = next.fetch_add(chunk)) < total;)
        body(context, i, std::min(i + chunk, total));
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < Of(host).threads_; ++i) others.emplace_back(work);
    work();
  }

  int threads_;
};

}  // namespace testing
}  // namespace v0_1
}  // namespace tenon::sdk
