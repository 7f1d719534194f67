// Backends for the tests of this room, linked in: "fake" is synchronous on host memory, "fakeq" has
// memory of its own (handles that the host can map) and queues that run on a thread each. Both have
// the same few float kernels: Neg, Add, Scale (prepacks its weight), Picky (declines tensors of
// more than 4 elements; Neg is its fallback), Wait (runs until it is cancelled), Work (asks for
// workspace); "fake" also Few (allocates its output: [1, n] with the n elements above 0).
#pragma once

#include <atomic>

#include "tenon/backend_api/backend.h"

namespace tenon::execution::testing {

int32_t TENON_CALL NegotiateFake(const tenon_offer* offer, tenon_answer* answer);
int32_t TENON_CALL NegotiateFakeQueue(const tenon_offer* offer, tenon_answer* answer);

// What tests set and read; reset by ResetKnobs.
struct Knobs {
  std::atomic<int> fail_neg{0};     // the n-th Neg from now on fails (1: the next)
  std::atomic<bool> throws{false};  // kernels without a queue throw when they run
  std::atomic<int> fail_copy{0};    // the n-th copy of a queue fails while it runs
  std::atomic<bool> hang{false};    // queues stand still
  std::atomic<int> packs{0};        // blobs packed
  std::atomic<int> unfinished{0};   // pieces of work on queues
  std::atomic<int> live_buffers{0}, live_kernels{0}, live_plans{0};
  std::atomic<int> prepares{0};
  std::atomic<int> waiting{0};  // Wait kernels that run now
  // What Few does wrong: nothing, does not allocate, allocates twice, gives another rank.
  enum Wrong { kNothing, kForgets, kTwice, kRank };
  std::atomic<int> few{kNothing};
};
Knobs& knobs();
void ResetKnobs();

}  // namespace tenon::execution::testing
