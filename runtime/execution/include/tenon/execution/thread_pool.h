// The host's threads. A pool starts no thread before it has work for one, never pins threads, and
// lets several callers share its workers. Any thread may call; chunks never depend on the number of
// threads, so results don't either.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "tenon/backend/host_services.h"

namespace tenon::execution {

class ThreadPool final : public backend::ParallelRunner {
 public:
  // `threads` compute, the caller's own included: 1 runs everything on the caller.
  explicit ThreadPool(uint32_t threads);
  ~ThreadPool() override;  // finishes submitted tasks; nobody may be in ParallelFor
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  uint32_t threads() const override { return threads_; }
  // The caller takes part; nested calls run serially on the thread that makes them.
  void ParallelFor(int64_t total, int64_t chunk, Body body, void* context) override;
  // Tasks come in order of submission; they must not wait for each other. A pool of one thread
  // starts one for them.
  Status Submit(std::function<void()> task) override;
  uint32_t started_threads() const;  // for tests

 private:
  struct Job;
  void WorkerLoop();
  void Publish(Job* job);
  void Retire(Job* job);
  Job* FindJob();                     // with mutex_ held
  void StartWorkers(uint32_t count);  // with mutex_ held

  const uint32_t threads_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<uint32_t> epoch_{
      0};  // counts published work, so that idle workers can spin on it for a moment
  uint32_t sleeping_ = 0;
  bool stopping_ = false;
  std::vector<Job*> jobs_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> workers_;
};

}  // namespace tenon::execution
