// A built backend, loaded and created as a host does it: for unit tests that want the shared object
// itself.
#pragma once

#include <dlfcn.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/testing/host.h"

namespace tenon::sdk {
inline namespace v0_1 {
namespace testing {

// Throws std::runtime_error with what the loader or the backend says. The library stays loaded.
class TestBackend {
 public:
  TestBackend(const std::string& path, TestHost& host) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(dlerror());
    const auto negotiate =
        reinterpret_cast<tenon_negotiate_function>(dlsym(library, TENON_NEGOTIATE_SYMBOL));
    if (!negotiate) throw std::runtime_error(path + " does not export " + TENON_NEGOTIATE_SYMBOL);
    Create(negotiate, host);
  }
  TestBackend(tenon_negotiate_function negotiate, TestHost& host) { Create(negotiate, host); }
  TestBackend(const TestBackend&) = delete;
  TestBackend& operator=(const TestBackend&) = delete;
  ~TestBackend() { backend_->destroy(backend_); }

  tenon_backend* handle() const { return backend_; }
  const tenon_answer& answer() const { return answer_; }
  // NULL where the backend does not have it.
  template <typename T>
  const T* Interface(const char* name) const {
    return static_cast<const T*>(backend_->interface(backend_, name, 1));
  }
  std::span<const tenon_kernel_descriptor* const> Descriptors() const {
    const tenon_kernel_descriptor* const* list = nullptr;
    uint32_t count = 0;
    const auto* kernels = Interface<tenon_kernel_interface>("kernel");
    if (!kernels || kernels->descriptors(backend_, &list, &count).code != TENON_OK) return {};
    return {list, count};
  }
  // By the kernel's name; NULL where there is none.
  const tenon_kernel_descriptor* Find(std::string_view name) const {
    for (const tenon_kernel_descriptor* descriptor : Descriptors()) {
      if (name == descriptor->name) return descriptor;
    }
    return nullptr;
  }

 private:
  void Create(tenon_negotiate_function negotiate, TestHost& host) {
    char reason[256] = "";
    const tenon_offer offer{TENON_SIZE_TO(tenon_offer, host_version),
                            TENON_ABI_MAJOR,
                            TENON_ABI_MINOR_LEAST,
                            TENON_ABI_MINOR,
                            TENON_SANITIZER,
                            0,
                            "test"};
    answer_.struct_size = TENON_SIZE_TO(tenon_answer, reason_size);
    answer_.reason = reason;
    answer_.reason_size = sizeof(reason);
    if (negotiate(&offer, &answer_) != 0) throw std::runtime_error(reason);
    const tenon_status status = answer_.create(&host, &backend_);
    if (status.code != TENON_OK) throw std::runtime_error(host.Take(status));
  }
  tenon_answer answer_{};
  tenon_backend* backend_ = nullptr;
};

}  // namespace testing
}  // namespace v0_1
}  // namespace tenon::sdk
