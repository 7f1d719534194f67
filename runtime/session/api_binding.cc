// tenon.h: bindings and asynchronous runs.
#include "api.h"

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

struct tenon_binding {
  std::shared_ptr<Session> session;  // before the binding, so that it goes last
  std::shared_ptr<execution::Binding> impl;
  std::vector<std::unique_ptr<tenon_tensor>> outputs;  // lent by get_output
};

namespace {

// An asynchronous run: shared by its handle and the thread that runs it.
struct Flight {
  std::shared_ptr<Session> session;
  std::shared_ptr<execution::Binding> binding;
  execution::RunTimes times;
  tenon_run_times* out_times = nullptr;
  void(TENON_CALL* done)(void*, tenon_status) = nullptr;
  void* context = nullptr;
  backend::HostTimeline timeline;
  std::atomic<bool> finished{false};
  Status status;  // set before `finished`

  void Finish(const Status& result) {
    status = result.Clone();
    if (out_times != nullptr) WriteTimes(out_times, times);
    if (done != nullptr) {
      const tenon_status lent = ToAbi(status);
      done(context, lent);
      tenon_status_release(lent);
    }
    finished.store(true, std::memory_order_release);
    if (status.ok()) {
      timeline.Signal(1);
    } else {
      timeline.Fail(status.Clone());
    }
  }
};

}  // namespace

struct tenon_pending {
  std::shared_ptr<Flight> flight;
};

tenon_status tenon_binding_create(tenon_session* session, tenon_binding** out_binding) {
  return Guard([&] {
    TENON_REQUIRE(session);
    TENON_REQUIRE(out_binding);
    auto binding = std::make_unique<tenon_binding>();
    binding->session = session->impl;
    binding->impl = session->impl->executable()->CreateBinding();
    binding->outputs.resize(session->impl->outputs().infos().size());
    *out_binding = binding.release();
    return Status();
  });
}
void tenon_binding_release(tenon_binding* binding) { delete binding; }

tenon_status tenon_binding_set_input(tenon_binding* binding, uint32_t input, tenon_tensor* tensor) {
  return Guard([&] {
    TENON_REQUIRE(binding);
    TENON_REQUIRE(tensor);
    return binding->impl->SetInput(input, tensor->impl);
  });
}
tenon_status tenon_binding_set_output(tenon_binding* binding, uint32_t output,
                                      tenon_tensor* tensor) {
  return Guard([&] {
    TENON_REQUIRE(binding);
    return binding->impl->SetOutput(output, tensor != nullptr ? tensor->impl : nullptr);
  });
}
tenon_status tenon_binding_set_output_device(tenon_binding* binding, uint32_t output,
                                             const char* backend, uint32_t device) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(binding);
    TENON_REQUIRE(backend);
    TENON_ASSIGN(const execution::MemorySpace space,
                 binding->session->executable()->FindSpace(backend, device));
    return binding->impl->SetOutputSpace(output, space);
  });
}
tenon_status tenon_binding_skip_output(tenon_binding* binding, uint32_t output) {
  return Guard([&] {
    TENON_REQUIRE(binding);
    return binding->impl->SkipOutput(output);
  });
}
tenon_status tenon_binding_donate(tenon_binding* binding, uint32_t input, uint32_t output) {
  return Guard([&] {
    TENON_REQUIRE(binding);
    return binding->impl->Donate(input, output);
  });
}

tenon_status tenon_binding_get_output(tenon_binding* binding, uint32_t output,
                                      tenon_tensor** out_tensor) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(binding);
    TENON_REQUIRE(out_tensor);
    TENON_ASSIGN(auto tensor, binding->impl->GetOutput(output));
    auto& lent = binding->outputs[output];
    if (!lent) lent = std::make_unique<tenon_tensor>();
    if (lent->impl != tensor) *lent = {binding->session, std::move(tensor)};
    *out_tensor = lent.get();
    return Status();
  });
}

tenon_status tenon_binding_run(tenon_binding* binding, const tenon_run_options* options) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(binding);
    const tenon_run_options given = ReadStruct(options);
    execution::RunTimes times;
    Status status = binding->impl->Run(ToRunOptions(given, &times));
    WriteTimes(given.times, times);
    return status;
  });
}

tenon_status tenon_binding_start(tenon_binding* binding, const tenon_run_options* options,
                                 void(TENON_CALL* done)(void* context, tenon_status status),
                                 void* context, tenon_pending** out_pending) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(binding);
    TENON_REQUIRE(out_pending);
    const tenon_run_options given = ReadStruct(options);
    auto flight = std::make_shared<Flight>();
    flight->session = binding->session;
    flight->binding = binding->impl;
    flight->out_times = given.times;
    flight->done = done;
    flight->context = context;
    auto pending = std::make_unique<tenon_pending>();
    pending->flight = flight;
    TENON_RETURN_IF_ERROR(
        binding->impl->Start(ToRunOptions(given, &flight->times),
                             [flight](const Status& status) { flight->Finish(status); }));
    *out_pending = pending.release();
    return Status();
  });
}

tenon_status tenon_pending_wait(tenon_pending* pending, uint64_t timeout_ns) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(pending);
    Flight& flight = *pending->flight;
    Status waited = flight.timeline.Wait(1, timeout_ns);
    if (flight.finished.load(std::memory_order_acquire)) return flight.status.Clone();
    return waited;
  });
}
int32_t tenon_pending_done(const tenon_pending* pending) {
  return pending->flight->finished.load(std::memory_order_acquire);
}
tenon_fence tenon_pending_fence(tenon_pending* pending) {
  return {pending->flight->timeline.handle(), 1, TENON_ORIGIN_HOST, 0};
}
void tenon_pending_release(tenon_pending* pending) { delete pending; }
