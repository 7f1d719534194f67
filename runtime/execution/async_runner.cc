#include "tenon/execution/async_runner.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace tenon::execution {

struct AsyncRunner::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> threads;
  uint32_t idle = 0;
  uint32_t max_threads;
  bool stopping = false;

  void Loop() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      wake.wait(lock, [&] { return stopping || !tasks.empty(); });
      --idle;
      if (tasks.empty()) return;
      std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // may end the runner itself
      lock.lock();
    }
  }
};

AsyncRunner::AsyncRunner(uint32_t max_threads) : state_(std::make_shared<State>()) {
  state_->max_threads = max_threads;
}

AsyncRunner::~AsyncRunner() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    threads.swap(state_->threads);
  }
  state_->wake.notify_all();
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();  // it holds the state, and returns when this task is over
    } else {
      thread.join();
    }
  }
}

Status AsyncRunner::Run(std::function<void()> task) {
  std::lock_guard lock(state_->mutex);
  if (state_->idle <= state_->tasks.size() && state_->threads.size() < state_->max_threads) {
    try {
      state_->threads.emplace_back([state = state_] { state->Loop(); });
    } catch (const std::system_error&) {
      if (state_->threads.empty())
        return Status(Code::kUnavailable, "the system refuses to start a thread");
    }
  }
  state_->tasks.push_back(std::move(task));
  state_->wake.notify_one();
  return Status();
}

}  // namespace tenon::execution
