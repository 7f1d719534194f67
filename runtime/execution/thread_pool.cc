#include "tenon/execution/thread_pool.h"

#include <algorithm>
#include <system_error>

namespace tenon::execution {
namespace {

thread_local bool inside_parallel =
    false;  // on a thread that runs a chunk: nested calls are serial

constexpr int kSpins =
    2000;  // a few microseconds: workers meet the next loop of a model without sleeping

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void RunSerially(int64_t total, int64_t chunk, backend::ParallelRunner::Body body, void* context) {
  for (int64_t begin = 0; begin < total; begin += chunk)
    body(context, begin, std::min(begin + chunk, total));
}

}  // namespace

// One ParallelFor under way; lives on its caller's stack. Workers join under the pool's mutex and
// leave by `helpers`.
struct ThreadPool::Job {
  int64_t total, chunk, chunks;
  Body body;
  void* context;
  uint32_t max_helpers;
  uint32_t joined = 0;  // under the pool's mutex
  std::atomic<int64_t> next{0};
  std::atomic<uint32_t> helpers{0};

  void Work() {
    inside_parallel = true;
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) {
      body(context, i * chunk, std::min((i + 1) * chunk, total));
    }
    inside_parallel = false;
  }
  bool HasChunks() const { return next.load(std::memory_order_relaxed) < chunks; }
};

ThreadPool::ThreadPool(uint32_t threads) : threads_(std::max(1u, threads)) {}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    epoch_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

uint32_t ThreadPool::started_threads() const {
  std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(workers_.size());
}

void ThreadPool::ParallelFor(int64_t total, int64_t chunk, Body body, void* context) {
  if (total <= 0) return;
  chunk = std::max<int64_t>(chunk, 1);
  const int64_t chunks = (total - 1) / chunk + 1;
  if (threads_ == 1 || chunks == 1 || inside_parallel)
    return RunSerially(total, chunk, body, context);
  const auto helpers = static_cast<uint32_t>(std::min<int64_t>(chunks, threads_) - 1);
  Job job{total, chunk, chunks, body, context, helpers};
  Publish(&job);
  job.Work();
  Retire(&job);
}

void ThreadPool::Publish(Job* job) {
  uint32_t to_wake = 0;
  {
    std::lock_guard lock(mutex_);
    if (workers_.size() < threads_ - 1) StartWorkers(threads_ - 1);
    jobs_.push_back(job);
    epoch_.fetch_add(1, std::memory_order_release);
    to_wake = std::min(sleeping_, job->max_helpers);
  }
  for (; to_wake > 0; --to_wake) wake_.notify_one();
}

void ThreadPool::Retire(Job* job) {
  {
    std::lock_guard lock(mutex_);
    std::erase(jobs_, job);
  }
  for (int spins = 0; uint32_t left = job->helpers.load(std::memory_order_acquire); ++spins) {
    if (spins < kSpins) {
      Pause();
    } else {
      std::this_thread::yield();  // a helper is in its last chunk
      if (spins > 2 * kSpins) job->helpers.wait(left, std::memory_order_acquire);
    }
  }
  // A helper's last access to the job is under the mutex (see WorkerLoop): after this nobody holds
  // it.
  std::lock_guard lock(mutex_);
}

ThreadPool::Job* ThreadPool::FindJob() {
  for (Job* job : jobs_) {
    if (job->joined < job->max_helpers && job->HasChunks()) return job;
  }
  return nullptr;
}

void ThreadPool::StartWorkers(uint32_t count) {
  while (workers_.size() < count) {
    try {
      workers_.emplace_back([this] { WorkerLoop(); });
    } catch (const std::system_error&) {
      return;  // the caller and the workers that there are do the work
    }
  }
}

void ThreadPool::WorkerLoop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (Job* job = FindJob()) {
      ++job->joined;
      job->helpers.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      job->Work();
      lock.lock();
      job->helpers.fetch_sub(1, std::memory_order_release);
      job->helpers.notify_all();
      continue;
    }
    if (!tasks_.empty()) {
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
      continue;
    }
    if (stopping_) return;
    const uint32_t seen = epoch_.load(std::memory_order_relaxed);
    lock.unlock();
    for (int spins = 0; spins < kSpins && epoch_.load(std::memory_order_acquire) == seen; ++spins)
      Pause();
    lock.lock();
    if (epoch_.load(std::memory_order_relaxed) != seen) continue;
    ++sleeping_;
    wake_.wait(lock, [&] { return epoch_.load(std::memory_order_relaxed) != seen; });
    --sleeping_;
  }
}

Status ThreadPool::Submit(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (workers_.empty()) StartWorkers(1);
    if (workers_.empty()) return Status(Code::kUnavailable, "the system refuses to start a thread");
    tasks_.push_back(std::move(task));
    epoch_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_one();
  return Status();
}

}  // namespace tenon::execution
