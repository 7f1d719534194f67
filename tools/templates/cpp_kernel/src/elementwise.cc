#include "elementwise.h"

#include <algorithm>

#include "device.h"

namespace plugin {
namespace {

// ------------------------------------------------------------------------------------ Device code
struct Elements {
  int64_t count;
};

void ReluOnDevice(void* const* buffers, const void* parameters) {
  const auto* x = static_cast<const float*>(buffers[0]);
  auto* y = static_cast<float*>(buffers[1]);
  const int64_t count = static_cast<const Elements*>(parameters)->count;
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}

void AddOnDevice(void* const* buffers, const void* parameters) {
  const auto* a = static_cast<const float*>(buffers[0]);
  const auto* b = static_cast<const float*>(buffers[1]);
  auto* y = static_cast<float*>(buffers[2]);
  const int64_t count = static_cast<const Elements*>(parameters)->count;
  for (int64_t i = 0; i < count; ++i) y[i] = a[i] + b[i];
}

}  // namespace

// ------------------------------------------------------------------------------------------- Runs
// They put work on the run's queue and do not wait. Shapes are this run's, whatever the model leaves open; an argument of
// no elements has no buffer.
void Relu(const sdk::Run& run) {
  const auto x = run.Input<float>(0);
  const auto y = run.Output<float>(0);
  if (y.Count() == 0) return;
  run.queue<Device::Queue>()->Launch(ReluOnDevice, {AddressOf(x), AddressOf(y)},
                                     Elements{y.Count()});
}

// A dimension below -1 is a symbol, equal wherever it appears; -1 is unknown. `tenon explain` shows the refusal.
tenon_status AcceptsAdd(const sdk::Node& node) {
  const sdk::Value a = node.Input(0), b = node.Input(1);
  if (a.rank() < 0 || std::ranges::count(a.dims(), -1) > 0)
    return node.RefuseShape(0, "no unknown dimension (?), which equals nothing");
  if (a.rank() == b.rank() && std::ranges::equal(a.dims(), b.dims())) return sdk::kOk;
  return node.RefuseShape(1, "that of input 0, " + sdk::DimsToString(a.dims()));
}

void Add(const sdk::Run& run) {
  const auto a = run.Input<float>(0), b = run.Input<float>(1);
  const auto y = run.Output<float>(0);
  if (y.Count() == 0) return;
  run.queue<Device::Queue>()->Launch(AddOnDevice, {AddressOf(a), AddressOf(b), AddressOf(y)},
                                     Elements{y.Count()});
}

}  // namespace plugin
