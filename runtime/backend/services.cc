#include <chrono>

#include "tenon/backend/host_services.h"

namespace tenon::backend {
namespace {

class Serial final : public ParallelRunner {
 public:
  void ParallelFor(int64_t total, int64_t chunk, Body body, void* context) override {
    for (int64_t begin = 0; begin < total; begin += chunk) {
      body(context, begin, begin + chunk < total ? begin + chunk : total);
    }
  }
  Status Submit(std::function<void()> task) override {
    task();
    return {};
  }
};

}  // namespace

uint64_t ClockNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

std::shared_ptr<ParallelRunner> SerialRunner() { return std::make_shared<Serial>(); }

}  // namespace tenon::backend
