// Queues: each runs its work in order on a thread of its own, with small random delays. The handle
// (Queue) may go while work is under way; the core and its thread stay until it is done, or the
// device is closed.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "device.h"
#include "work.h"

namespace tenon::simulator {

// What was recorded; shared by the handle and the replays that are under way.
struct RecordedWork {
  std::vector<std::shared_ptr<const Work>> steps;
  std::atomic<bool> replaying{false};
};

// What a queue does next. Exactly one of the lists, or `work`, or `recorded` is set.
struct Command {
  std::shared_ptr<const Work> work = nullptr;
  std::shared_ptr<RecordedWork> recorded = nullptr;
  std::vector<Fence> waits = {};
  std::vector<Fence> signals = {};
};

// The thread and what is to be done on it. Any thread.
class QueueCore {
 public:
  explicit QueueCore(Device& device);
  void Start();

  void Push(std::list<Command> commands);
  void Close();  // the thread ends when everything pushed is done
  void Join();
  bool JoinIfFinished();  // whether the thread had come to its end
  bool WaitIdle(std::chrono::steady_clock::time_point deadline);

 private:
  void Main();
  void Execute(const Command& command);
  Status Replay(RecordedWork& recorded);
  Status RunLate(const Work& work);

  Device& device_;
  std::minstd_rand random_;  // of the thread, like failure_
  Status failure_;           // of work, until it is signalled
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Command> commands_;
  bool closed_ = false, busy_ = false, finished_ = false;
  std::thread thread_;
};

// The handle. Commands wait in it until they are submitted; one thread at a time.
class Queue {
 public:
  struct Recording {
    std::shared_ptr<RecordedWork> work;
  };

  explicit Queue(Device& device);
  ~Queue();
  static Queue* Of(tenon_queue* queue) { return reinterpret_cast<Queue*>(queue); }
  sdk::Host host() const { return device_.host(); }

  void Wait(sdk::Fences fences);
  void Signal(sdk::Fences fences);
  void Submit();
  void Copy(const tenon_location& source, const tenon_location& destination, uint64_t size);
  void Fill(const tenon_location& destination, uint64_t size, const void* pattern,
            uint32_t pattern_size);
  // Work of a kernel, a copy or a fill: enqueued, or recorded.
  void Enqueue(std::shared_ptr<const Work> work);

  // The same, and waits until it and all before it are done; gives its failure, or kCancelled.
  Status Finish(std::shared_ptr<const Work> work, const tenon_cancel* cancel);

  void RecordBegin();
  Recording* RecordEnd();
  void Replay(Recording& recording);
  void Destroy(Recording* recording) { delete recording; }

 private:
  void CheckNotRecording(const char* call) const;

  Device& device_;
  std::shared_ptr<QueueCore> core_;
  std::list<Command> pending_;
  std::optional<std::vector<std::shared_ptr<const Work>>> recording_;
};

}  // namespace tenon::simulator
