#include "fake_backend.h"

#include <cstring>

#include "fake_memory.h"
#include "fake_objects.h"
#include "fake_queue.h"

namespace tenon::execution::testing {
namespace {

struct Fake {
  tenon_backend base;
  const tenon_host* host;
  bool queue;
};

const void* TENON_CALL Interface(tenon_backend* backend, const char* name, uint32_t version) {
  const bool queue = reinterpret_cast<Fake*>(backend)->queue;
  if (version != 1) return nullptr;
  if (std::strcmp(name, "kernel") == 0) return FakeKernelInterface(queue);
  if (!queue) return nullptr;
  if (std::strcmp(name, "device") == 0) return FakeDeviceInterface();
  if (std::strcmp(name, "memory") == 0) return FakeMemoryInterface();
  if (std::strcmp(name, "queue") == 0) return FakeQueueInterface();
  return nullptr;
}

void TENON_CALL Destroy(tenon_backend* backend) { delete reinterpret_cast<Fake*>(backend); }

template <bool queue>
tenon_status TENON_CALL Create(const tenon_host* host, tenon_backend** out) {
  auto* fake = new Fake{};
  fake->base.struct_size = sizeof fake->base;
  fake->base.interface = Interface;
  fake->base.destroy = Destroy;
  fake->host = host;
  fake->queue = queue;
  *out = &fake->base;
  return {};
}

template <bool queue>
int32_t Negotiate(tenon_answer* answer) {
  answer->abi_minor = TENON_ABI_MINOR;
  answer->create = Create<queue>;
  answer->name = queue ? "fakeq" : "fake";
  answer->version = "1";
  answer->vendor = "tests";
  return 0;
}

}  // namespace

int32_t TENON_CALL NegotiateFake(const tenon_offer*, tenon_answer* answer) {
  return Negotiate<false>(answer);
}
int32_t TENON_CALL NegotiateFakeQueue(const tenon_offer*, tenon_answer* answer) {
  return Negotiate<true>(answer);
}

const tenon_host* FakeHost(tenon_backend* backend) {
  return reinterpret_cast<Fake*>(backend)->host;
}

Knobs& knobs() {
  static Knobs* k = new Knobs;
  return *k;
}

void ResetKnobs() {
  Knobs& k = knobs();
  k.fail_neg = 0;
  k.fail_copy = 0;
  k.hang = false;
  k.packs = 0;
  k.prepares = 0;
  k.waiting = 0;
  k.few = Knobs::kNothing;
}

}  // namespace tenon::execution::testing
