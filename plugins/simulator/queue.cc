#include "queue.h"

#include <utility>

#include "backend.h"

namespace tenon::simulator {

QueueCore::QueueCore(Device& device)
    : device_(device),
      random_(static_cast<std::minstd_rand::result_type>(device.options().seed * 7919 +
                                                         device.NextQueueSeed() + 1)) {}

void QueueCore::Start() {
  thread_ = std::thread([this] { Main(); });
}

void QueueCore::Push(std::list<Command> commands) {
  {
    std::lock_guard lock(mutex_);
    commands_.splice(commands_.end(), commands);  // needs no memory: destructors push, too
  }
  changed_.notify_all();
}

void QueueCore::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void QueueCore::Join() {
  if (thread_.joinable()) thread_.join();
}

bool QueueCore::JoinIfFinished() {
  {
    std::lock_guard lock(mutex_);
    if (!finished_) return false;
  }
  Join();
  return true;
}

bool QueueCore::WaitIdle(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [&] { return commands_.empty() && !busy_; });
}

void QueueCore::Main() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closed_ || !commands_.empty(); });
    if (commands_.empty()) break;
    busy_ = true;
    {
      const Command command = std::move(commands_.front());
      commands_.pop_front();
      lock.unlock();
      Execute(command);
    }
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
  finished_ = true;
}

void QueueCore::Execute(const Command& command) {
  for (const Fence& fence : command.waits) {
    Status status = fence.timeline->Wait(fence.value, UINT64_MAX);
    if (failure_.ok()) failure_ = std::move(status);
  }
  if (failure_.ok() && device_.lost()) failure_ = device_.LostStatus();
  if (command.work && failure_.ok()) failure_ = RunLate(*command.work);
  if (command.recorded && failure_.ok()) failure_ = Replay(*command.recorded);
  if (command.signals.empty()) return;
  for (const Fence& fence : command.signals) {
    if (failure_.ok()) {
      fence.timeline->Signal(fence.value);
    } else {
      fence.timeline->Fail(failure_);
    }
  }
  failure_ = Status();
  device_.memory().Reclaim();
}

Status QueueCore::Replay(RecordedWork& recorded) {
  if (recorded.replaying.exchange(true)) {
    return Status(Code::kFailedPrecondition,
                  "replay: the recording is being replayed on another queue");
  }
  Status status;
  for (size_t i = 0; i < recorded.steps.size() && status.ok(); ++i)
    status = RunLate(*recorded.steps[i]);
  recorded.replaying.store(false);
  return status;
}

Status QueueCore::RunLate(const Work& work) {
  const uint64_t longest = device_.options().delay_us;
  if (longest > 0 && random_() % 8 == 0)
    device_.Pause(std::chrono::microseconds(random_() % (longest + 1)));
  return work.Run(device_);
}

Queue::Queue(Device& device) : device_(device) {
  device.CheckStarts();
  device.faults().Check(FaultKind::kQueue, "queue.create");
  core_ = std::make_shared<QueueCore>(device);
  device.Adopt(core_);
  core_->Start();
}

Queue::~Queue() {
  core_->Push(std::move(pending_));
  core_->Close();
}

void Queue::CheckNotRecording(const char* call) const {
  device_.CheckAlive();
  if (recording_)
    throw sdk::Failure(TENON_FAILED_PRECONDITION, std::string(call) + " while the queue records");
}

void Queue::Wait(sdk::Fences fences) {
  CheckNotRecording("wait");
  if (fences.empty()) return;
  pending_.push_back({.waits = device_.Resolve(fences)});
}

void Queue::Signal(sdk::Fences fences) {
  CheckNotRecording("signal");
  for (const tenon_fence& fence : fences) {
    if (fence.origin == TENON_ORIGIN_BACKEND) continue;
    throw sdk::Failure(TENON_INVALID_ARGUMENT,
                       "signal: a queue signals timelines of its own backend only");
  }
  if (fences.empty()) return;
  pending_.push_back({.signals = device_.Resolve(fences)});
}

void Queue::Submit() {
  CheckNotRecording("submit");
  if (!pending_.empty()) core_->Push(std::exchange(pending_, {}));
}

void Queue::Copy(const tenon_location& source, const tenon_location& destination, uint64_t size) {
  Enqueue(MakeCopy(source, destination, size));
}

void Queue::Fill(const tenon_location& destination, uint64_t size, const void* pattern,
                 uint32_t pattern_size) {
  Enqueue(MakeFill(destination, size, pattern, pattern_size));
}

void Queue::Enqueue(std::shared_ptr<const Work> work) {
  device_.CheckStarts();
  device_.faults().Check(FaultKind::kEnqueue, work->name());
  if (recording_) {
    recording_->push_back(std::move(work));
  } else {
    pending_.push_back({.work = std::move(work)});
  }
}

Status Queue::Finish(std::shared_ptr<const Work> work, const tenon_cancel* cancel) {
  constexpr uint64_t kPatienceNs = 2'000'000;  // until it is asked again whether to go on
  CheckNotRecording("work that is waited for");
  Enqueue(std::move(work));
  const auto done = std::make_shared<TimelineState>();
  pending_.push_back({.signals = {{done, 1}}});
  Submit();
  for (;;) {
    const bool settled = done->Settled(1);  // then the status is the work's own
    Status status = done->Wait(1, kPatienceNs);
    if (settled || status.code() != Code::kDeadlineExceeded) return status;
    if (cancel && host().Cancelled(cancel))
      return Status(Code::kCancelled, "the run was cancelled");
  }
}

void Queue::RecordBegin() {
  CheckNotRecording("record_begin");
  recording_.emplace();
}

Queue::Recording* Queue::RecordEnd() {
  device_.CheckAlive();
  if (!recording_) throw sdk::Failure(TENON_FAILED_PRECONDITION, "record_end without record_begin");
  auto recording = std::make_unique<Recording>(std::make_shared<RecordedWork>());
  recording->work->steps = std::move(*recording_);
  recording_.reset();
  return recording.release();
}

void Queue::Replay(Recording& recording) {
  CheckNotRecording("replay");
  device_.CheckStarts();
  device_.faults().Check(FaultKind::kEnqueue, "replay");
  pending_.push_back({.recorded = recording.work});
}

}  // namespace tenon::simulator
