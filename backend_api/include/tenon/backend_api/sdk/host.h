// The host's services for C++. A Host is one pointer, copied freely; it lives as long as the
// backend object, and every member may be called on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

class Host {
 public:
  explicit Host(const tenon_host* table) : table_(table) {}
  const tenon_host* table() const { return table_; }

  void Log(tenon_log_level level, const std::string& line) const {
    table_->log(table_, level, line.c_str());
  }

  // A failure with a message. What is not returned must be given to Drop.
  [[nodiscard]] tenon_status Error(tenon_code code, const std::string& message) const {
    return table_->error(table_, code, message.c_str());
  }
  // A TENON_UNSUPPORTED status in the host's standard format.
  [[nodiscard]] tenon_status Refuse(tenon_reason reason, const std::string& field,
                                    const std::string& got, const std::string& wants) const {
    return table_->refuse(table_, reason, field.c_str(), got.c_str(), wants.c_str());
  }
  std::string Message(const tenon_status& status) const {
    return table_->error_message(table_, status.detail);
  }
  // Ends a status that is not passed on.
  void Drop(const tenon_status& status) const { table_->error_release(table_, status.detail); }

  // The value of an option of the backend, or its default; "" where there is no such option. Not in
  // the constructor of the backend: options are set after create.
  std::string_view Option(const char* name) const {
    const char* value = table_->option(table_, name);
    return value ? std::string_view(value) : std::string_view();
  }
  // Of an option of kind TENON_OPTION_BOOL, of kind TENON_OPTION_INT.
  bool Flag(const char* name) const { return Option(name) == "on"; }
  int64_t Int(const char* name) const {
    const char* value = table_->option(table_, name);
    return value ? std::strtoll(value, nullptr, 10) : 0;
  }
  // Threads for one run, the caller's among them; 0 where the host is too old to say.
  uint32_t ThreadCount() const {
    return TENON_HAS(table_, tenon_host, thread_count) ? table_->thread_count(table_) : 0;
  }
  uint64_t ClockNs() const { return table_->clock_ns(table_); }
  bool Cancelled(const tenon_cancel* token) const { return table_->cancelled(table_, token) != 0; }

  // Calls f(begin, end) for [0, total) in chunks of `chunk` (the last may be shorter) on the host's
  // threads and this one. Chunks do not depend on the number of threads. What f throws is thrown
  // here, after all chunks are done.
  template <typename F>
  void ParallelFor(int64_t total, int64_t chunk, const F& f) const {
    if (total <= chunk) {
      if (total > 0) f(int64_t{0}, total);
      return;
    }
    Chunks<F> chunks{&f};
    table_->parallel_for(table_, total, chunk, &Chunks<F>::Body, &chunks);
    if (chunks.error) std::rethrow_exception(chunks.error);
  }

 private:
  template <typename F>
  struct Chunks {
    const F* f;
    std::atomic<bool> failed{false};
    std::exception_ptr error = nullptr;  // written by the chunk that set `failed`

    static void TENON_CALL Body(void* context, int64_t begin, int64_t end) noexcept {
      auto* self = static_cast<Chunks*>(context);
      try {
        (*self->f)(begin, end);
      } catch (...) {
        if (!self->failed.exchange(true)) self->error = std::current_exception();
      }
    }
  };

  const tenon_host* table_;
};

}  // namespace v0_1
}  // namespace tenon::sdk
