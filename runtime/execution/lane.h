// The queue and the timeline of one asynchronous device in one run context: fences are set, waited
// for and bridged to other backends. Used by one run at a time.
#pragma once

#include <memory>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/execution/memory.h"

namespace tenon::execution {

// How long a host thread may wait, and what ends the wait before.
struct Patience {
  const backend::CancelToken* cancel = nullptr;
  uint64_t deadline_ns = 0;  // on ClockNs; 0: none
  Status Check() const;      // kCancelled or kDeadlineExceeded
  bool limited() const { return cancel != nullptr || deadline_ns != 0; }
};

class Lane {
 public:
  static Result<std::unique_ptr<Lane>> Create(backend::Device& device);
  ~Lane();  // ends queue and timeline; work must be drained, or the device be lost and its memory
            // quarantined
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  backend::Device& device() const { return *device_; }
  tenon_queue* queue() const { return queue_; }
  bool busy() const { return busy_; }  // work was enqueued that nobody waited for
  void Enqueued() { busy_ = true; }

  // Values of the timeline count on over runs: fence k of a run is base + k.
  void BeginRun() { base_ = next_; }
  Status Signal(uint64_t ordinal);
  Status WaitOnHost(uint64_t ordinal, const Patience& patience);
  // The queue waits for a fence of `other`; `bridges` keeps what must live until the run is over.
  Status WaitOnQueue(Lane& other, uint64_t ordinal,
                     std::vector<std::shared_ptr<backend::HostTimeline>>* bridges);
  Status Copy(const Location& from, const Location& to, uint64_t bytes);
  // Signals behind everything and waits: OK or the failure that travelled. `timed_out` says that it
  // is not known when, or if ever, the queue will be done. Has a timeline of its own, since one
  // that failed tells nothing about later work.
  Status Drain(uint64_t timeout_ns, bool* timed_out);

 private:
  explicit Lane(backend::Device& device) : device_(&device) {}
  Status SignalOn(tenon_timeline* timeline, uint64_t value);
  Status Take(tenon_status status) const { return device_->backend().Take(status); }
  backend::Device* device_;
  tenon_queue* queue_ = nullptr;
  tenon_timeline* timeline_ = nullptr;
  tenon_timeline* drain_timeline_ = nullptr;
  uint64_t base_ = 0, next_ = 0, drained_ = 0;
  bool busy_ = false;
};

}  // namespace tenon::execution
