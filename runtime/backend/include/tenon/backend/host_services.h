// What the host gives to backends (rule 9), and where it comes from. The session supplies the parts
// that live in higher rooms through the abstract classes here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tenon/backend_api/backend.h"
#include "tenon/operators/status.h"

namespace tenon::backend {

uint64_t ClockNs();  // monotonic

// The host's threads. Implemented by execution's thread pool; `SerialRunner()` runs everything on
// the caller.
class ParallelRunner {
 public:
  using Body = void (*)(void* context, int64_t begin, int64_t end);
  virtual ~ParallelRunner() = default;
  virtual uint32_t threads() const { return 1; }  // that compute, the caller's included
  virtual void ParallelFor(int64_t total, int64_t chunk, Body body, void* context) = 0;
  virtual Status Submit(std::function<void()> task) = 0;
};
std::shared_ptr<ParallelRunner> SerialRunner();

using LogSink = std::function<void(tenon_log_level, std::string_view)>;

// One run of a program, as allocate_output sees it; tenon_run_context* points to one of these.
class RunOutputs {
 public:
  virtual Result<const tenon_argument*> AllocateOutput(uint32_t index, int32_t rank,
                                                       const int64_t* dims) = 0;

 protected:
  ~RunOutputs() = default;
};

// Exports a segment that placement made to ONNX bytes (model/ does it; injected by the session).
using SegmentExporter = std::function<Result<std::string>(const tenon_segment*, uint32_t opset)>;

// Everything that the hosts of all backends of one runtime share.
struct HostServices {
  std::shared_ptr<ParallelRunner> parallel = SerialRunner();
  LogSink log;  // null: dropped
  SegmentExporter segment_to_onnx;
  std::string cache_directory;  // artifact cache; empty: off
  std::function<void(const std::string& backend, const tenon_profile_event&)>
      profile;  // may be null
};

// A cancellation token: tenon_cancel* points to one. Any thread.
class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const {
    if (cancelled_.load(std::memory_order_relaxed)) return true;
    const uint64_t deadline = deadline_.load(std::memory_order_relaxed);
    return deadline != 0 && ClockNs() > deadline;
  }
  // cancelled() is true after this moment on ClockNs(); 0: none.
  void SetDeadline(uint64_t clock_ns) { deadline_.store(clock_ns, std::memory_order_relaxed); }
  const tenon_cancel* handle() const { return reinterpret_cast<const tenon_cancel*>(this); }

 private:
  std::atomic<bool> cancelled_{false};
  std::atomic<uint64_t> deadline_{0};
};

// A timeline of the host, thread-safe; the fence origin is TENON_ORIGIN_HOST.
class HostTimeline {
 public:
  HostTimeline();
  ~HostTimeline();
  tenon_timeline* handle() { return reinterpret_cast<tenon_timeline*>(this); }
  void Signal(uint64_t value);
  void Fail(Status status);
  Status Wait(uint64_t value, uint64_t timeout_ns);
  Result<uint64_t> Query();
  void Notify(uint64_t value, void (*reached)(void*, tenon_code), void* context);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::backend
