// The device: what its queues, timelines, buffers and kernels share. It can be lost, and then stays
// lost until it is closed; closing wakes whatever hangs and joins all threads. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "faults.h"
#include "memory.h"
#include "options.h"
#include "profile.h"
#include "tenon/backend_api/sdk/sdk.h"
#include "timeline.h"

namespace tenon::simulator {

class Backend;
class Queue;
class QueueCore;

class Device : public sdk::Device<Backend> {
 public:
  using Buffer = simulator::Buffer;
  using Queue = simulator::Queue;
  using Timeline = simulator::Timeline;

  Device(Backend& backend, uint32_t id);
  ~Device();
  static Device& Of(tenon_device* device) { return *reinterpret_cast<Device*>(device); }

  const Options& options() const { return options_; }
  Faults& faults() { return faults_; }
  Profile& profile() { return profile_; }
  Memory& memory() { return memory_; }
  // Failures as the host sees them.
  tenon_status ToAbi(const Status& status) const;
  [[noreturn]] static void Throw(const Status& status);

  // Throws sdk::Failure where the device is lost; CheckStarts also where it was told to start
  // nothing more.
  void CheckAlive() const;
  void CheckStarts() const;
  bool lost() const { return lost_.load(std::memory_order_acquire); }
  Status LostStatus() const;
  // From now on everything but ending objects fails; all timelines fail, when no work touches memory
  // any more. `why` is for messages. Not from within work.
  void Lose(std::string_view why);
  // Around what touches memory on a queue's behalf. Begin: false where the device is lost.
  bool BeginWork();
  void EndWork();
  // Sleeps, or blocks for ever; woken when the device is lost or closed.
  void Pause(std::chrono::microseconds time);
  Status Hang();
  // Starts nothing more and waits for what is under way.
  Status Quiesce(std::chrono::steady_clock::time_point deadline);

  std::shared_ptr<TimelineState> NewTimeline();
  std::vector<Fence> Resolve(std::span<const tenon_fence> fences);
  void Adopt(std::shared_ptr<QueueCore> core);
  uint64_t NextQueueSeed() { return queues_made_.fetch_add(1, std::memory_order_relaxed); }

  // The interface "memory", see sdk/memory.h.
  Buffer* Allocate(uint32_t kind, uint64_t size, uint64_t alignment, tenon_queue* queue);
  void* Base(Buffer& buffer) { return buffer.storage->base(); }
  void Free(Buffer* buffer, sdk::Fences fences) { memory_.Free(buffer, Resolve(fences)); }
  void* Map(Buffer& buffer, uint64_t offset, uint64_t size, tenon_access access, sdk::Fences fences,
            uint64_t timeout_ns);
  tenon_fence Unmap(Buffer& buffer, void* pointer);
  void Stats(uint32_t kind, tenon_memory_stats& out_stats) { memory_.Stats(kind, out_stats); }
  void Trim() { memory_.Trim(); }
  Buffer* Import(uint32_t kind, const tenon_external_memory& external);

  // The interface "profile", see sdk/profile.h.
  void EnableProfile(bool on) { profile_.Enable(on); }
  sdk::Clocks ReadClocks() { return profile_.Read(); }
  void FlushProfile() { profile_.Flush(); }

 private:
  std::vector<std::shared_ptr<QueueCore>> Cores();

  const Options& options_;
  Faults& faults_;
  Profile profile_;
  Memory memory_;
  std::atomic<bool> lost_{false}, quiesced_{false};
  std::atomic<uint64_t> queues_made_{0};
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  bool awake_ = false;    // lost or closing: nobody sleeps, hangs or begins work any more
  uint64_t running_ = 0;  // pieces of work between BeginWork and EndWork
  std::string why_lost_;
  std::vector<std::weak_ptr<TimelineState>> timelines_;
  std::vector<std::shared_ptr<QueueCore>> cores_;
};

}  // namespace tenon::simulator
