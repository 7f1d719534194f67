// The queue of the backend "fakeq": closures on a thread, timelines that carry failure.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tenon/backend_api/backend.h"

struct tenon_timeline_state {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t value = 0;
  tenon_code failure = TENON_OK;
  struct Notify {
    uint64_t value;
    void(TENON_CALL* reached)(void*, tenon_code);
    void* context;
  };
  std::vector<Notify> notifies;
};

struct tenon_timeline {
  std::shared_ptr<tenon_timeline_state> state = std::make_shared<tenon_timeline_state>();
};

namespace tenon::execution::testing {

// Fills a queue interface whose queues run closures in order. `host` gives the host of a device.
const tenon_queue_interface* FakeQueueInterface();
// Enqueues work that may fail.
void Enqueue(tenon_queue* queue, std::function<tenon_code()> work);

}  // namespace tenon::execution::testing
