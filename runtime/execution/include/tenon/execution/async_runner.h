// Threads for asynchronous runs: they may wait for devices, so they are not those of the thread
// pool. Started when needed, ended with the object (also on one of its own threads). Thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "tenon/operators/status.h"

namespace tenon::execution {

class AsyncRunner {
 public:
  explicit AsyncRunner(uint32_t max_threads = 64);
  ~AsyncRunner();  // finishes what was given to it
  AsyncRunner(const AsyncRunner&) = delete;
  AsyncRunner& operator=(const AsyncRunner&) = delete;
  Status Run(std::function<void()> task);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tenon::execution
