#include "layers/validate_host.h"

#include <algorithm>

namespace tenon::backend::validate {
namespace {

// What stands behind the table; null where the backend is ended (then it has complained): the host
// may be gone.
const Host* Of(const tenon_host* host, const char* slot) {
  const auto* wrapper = reinterpret_cast<const Host*>(host);
  if (!wrapper->state->ended) return wrapper;
  wrapper->state->Complain("R4", slot, "is called after backend.destroy");
  return nullptr;
}

// What the outer host gives on to the backend: its detail is the backend's now.
tenon_status Give(State& state, tenon_status status) {
  state.MadeDetail(status.detail);
  return status;
}
tenon_status Refuse(const Host& h, const char* rule, const char* slot, const std::string& what) {
  return Give(*h.state, h.state->Refuse(rule, slot, what));
}

void TENON_CALL Log(const tenon_host* host, tenon_log_level level, const char* message) {
  constexpr const char* kSlot = "host.log";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (!CheckText(*h.state, kSlot, "message", message)) return;
  h.outer->log(h.outer, level, message);
}
tenon_status TENON_CALL Error(const tenon_host* host, tenon_code code, const char* message) {
  constexpr const char* kSlot = "host.error";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (code <= TENON_OK || code > TENON_UNAVAILABLE)
    h.state->Complain("R2", kSlot,
                      "code " + std::to_string(code) + ", expected one of TENON_ that is not OK");
  CheckText(*h.state, kSlot, "message", message);
  return Give(*h.state, h.outer->error(h.outer, code, message));
}
tenon_status TENON_CALL RefuseNode(const tenon_host* host, tenon_reason reason, const char* field,
                                   const char* got, const char* wants) {
  constexpr const char* kSlot = "host.refuse";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  CheckText(*h.state, kSlot, "field", field);
  CheckText(*h.state, kSlot, "got", got);
  CheckText(*h.state, kSlot, "wants", wants);
  return Give(*h.state, h.outer->refuse(h.outer, reason, field, got, wants));
}
const char* TENON_CALL Message(const tenon_host* host, const tenon_error* detail) {
  constexpr const char* kSlot = "host.error_message";
  const Host* known = Of(host, kSlot);
  if (!known) return "";
  if (!detail || known->state->HasDetail(detail))
    return known->outer->error_message(known->outer, detail);
  known->state->Complain(
      "R4", kSlot,
      "detail " + Address(detail) + " is no live detail (never was, was given away, or is ended)");
  return "";
}
void TENON_CALL Release(const tenon_host* host, tenon_error* detail) {
  constexpr const char* kSlot = "host.error_release";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (detail && !h.state->TakeDetail(detail)) {
    return h.state->Complain("R4", kSlot,
                             "detail " + Address(detail) +
                                 " is no live detail (never was, was given away, or is ended)");
  }
  h.outer->error_release(h.outer, detail);
}

void* TENON_CALL Allocate(const tenon_host* host, uint64_t size, uint64_t alignment) {
  constexpr const char* kSlot = "host.allocate";
  const Host* known = Of(host, kSlot);
  if (!known) return nullptr;
  const Host& h = *known;
  if (!IsPowerOfTwo(alignment))
    h.state->Complain("R13", kSlot,
                      "alignment " + std::to_string(alignment) + " is no power of two");
  void* memory = h.outer->allocate(h.outer, size, alignment);
  std::lock_guard lock(h.state->mutex);
  if (memory) h.state->host_memory[memory] = size;
  return memory;
}
void TENON_CALL Free(const tenon_host* host, void* memory) {
  constexpr const char* kSlot = "host.free";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (memory) {
    std::unique_lock lock(h.state->mutex);
    const bool live = h.state->host_memory.erase(memory) > 0;
    lock.unlock();
    if (!live)
      return h.state->Complain(
          "R4", kSlot, Address(memory) + " is no memory of host.allocate (never was, or is freed)");
  }
  h.outer->free(h.outer, memory);
}

// Code of the backend on a thread of the host's obeys R6 like a slot.
struct Loop {
  State* state;
  void(TENON_CALL* body)(void*, int64_t, int64_t);
  void* context;
};
void TENON_CALL RunLoop(void* context, int64_t begin, int64_t end) {
  const Loop& loop = *static_cast<Loop*>(context);
  loop.state->CallVoid("host.parallel_for", [&] { loop.body(loop.context, begin, end); });
}
void TENON_CALL ParallelFor(const tenon_host* host, int64_t total, int64_t chunk,
                            void(TENON_CALL* body)(void*, int64_t, int64_t), void* context) {
  constexpr const char* kSlot = "host.parallel_for";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (total < 0 || chunk < 1)
    h.state->Complain("R13", kSlot,
                      "total " + std::to_string(total) + " in chunks of " + std::to_string(chunk));
  if (!body) return h.state->Complain("R9", kSlot, "body is NULL");
  Loop loop{h.state, body, context};
  h.outer->parallel_for(h.outer, total, chunk, RunLoop, &loop);
}
struct Task {
  State* state;
  void(TENON_CALL* task)(void*);
  void* context;
};
void TENON_CALL RunTask(void* context) {
  const std::unique_ptr<Task> task(static_cast<Task*>(context));
  State& state = *task->state;
  state.CallVoid("host.submit", [&] { task->task(task->context); });
  --state.tasks;
}
tenon_status TENON_CALL Submit(const tenon_host* host, void(TENON_CALL* task)(void*),
                               void* context) {
  constexpr const char* kSlot = "host.submit";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (!task) return Refuse(h, "R9", kSlot, "task is NULL");
  auto wrapped = std::make_unique<Task>(Task{h.state, task, context});
  ++h.state->tasks;
  const tenon_status status = h.outer->submit(h.outer, RunTask, wrapped.get());
  if (status.code == TENON_OK) {
    static_cast<void>(wrapped.release());
  } else {
    --h.state->tasks;
  }
  return Give(*h.state, status);
}

const char* TENON_CALL Option(const tenon_host* host, const char* name) {
  constexpr const char* kSlot = "host.option";
  const Host* known = Of(host, kSlot);
  if (!known) return nullptr;
  const Host& h = *known;
  if (!h.state->options_are_known)
    h.state->Complain("R13", kSlot,
                      "is asked before device.enumerate and device.open are called and \"kernel\" "
                      "and \"compile\" looked up");
  if (!CheckText(*h.state, kSlot, "name", name)) return nullptr;
  const char* value = h.outer->option(h.outer, name);
  if (value || !h.state->options_are_known) return value;
  std::string listed;
  std::unique_lock lock(h.state->mutex);
  for (const std::string& option : h.state->options)
    listed += (listed.empty() ? "" : ", ") + option;
  lock.unlock();
  h.state->Complain("R13", kSlot,
                    std::string("there is no option \"") + name + "\"; device.options lists " +
                        (listed.empty() ? "none" : listed));
  return nullptr;
}
const tenon_operator_schema* TENON_CALL Schema(const tenon_host* host, const char* domain,
                                               const char* name) {
  constexpr const char* kSlot = "host.operator_schema";
  const Host* known = Of(host, kSlot);
  if (!known) return nullptr;
  const Host& h = *known;
  if (!CheckText(*h.state, kSlot, "domain", domain) || !CheckText(*h.state, kSlot, "name", name))
    return nullptr;
  return h.outer->operator_schema(h.outer, domain, name);
}
uint64_t TENON_CALL Clock(const tenon_host* host) {
  const Host* known = Of(host, "host.clock_ns");
  return known ? known->outer->clock_ns(known->outer) : 0;
}
int32_t TENON_CALL Cancelled(const tenon_host* host, const tenon_cancel* token) {
  const Host* known = Of(host, "host.cancelled");
  return known ? known->outer->cancelled(known->outer, token) : 0;
}

bool CheckKey(const Host& h, const char* slot, const char* key) {
  if (!CheckText(*h.state, slot, "key", key)) return false;
  const size_t size = std::char_traits<char>::length(key);
  if (size < 1 || size > 255)
    h.state->Complain("R13", slot,
                      "a key of " + std::to_string(size) + " characters, expected 1 to 255");
  return true;
}
tenon_status Lent(const Host& h, tenon_status status, const void* const* data) {
  std::unique_lock lock(h.state->mutex);
  if (status.code == TENON_OK) h.state->lent_bytes.insert(*data);
  lock.unlock();
  return Give(*h.state, status);
}
tenon_status TENON_CALL CacheGet(const tenon_host* host, const char* key, const void** out_data,
                                 uint64_t* out_size) {
  constexpr const char* kSlot = "host.cache_get";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (!CheckKey(h, kSlot, key) || !CheckOut(*h.state, kSlot, "out_data", out_data) ||
      !CheckOut(*h.state, kSlot, "out_size", out_size))
    return Unusable();
  return Lent(h, h.outer->cache_get(h.outer, key, out_data, out_size), out_data);
}
void TENON_CALL CacheRelease(const tenon_host* host, const void* data) {
  constexpr const char* kSlot = "host.cache_release";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (data) {
    std::unique_lock lock(h.state->mutex);
    const bool live = h.state->lent_bytes.erase(data) > 0;
    lock.unlock();
    if (!live)
      return h.state->Complain(
          "R4", kSlot, Address(data) + " are no bytes of the host's (never were, or are ended)");
  }
  h.outer->cache_release(h.outer, data);
}
tenon_status TENON_CALL CachePut(const tenon_host* host, const char* key, const void* data,
                                 uint64_t size) {
  constexpr const char* kSlot = "host.cache_put";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (!CheckKey(h, kSlot, key) || !CheckList(*h.state, kSlot, "bytes", data, size))
    return Unusable();
  return Give(*h.state, h.outer->cache_put(h.outer, key, data, size));
}

void TENON_CALL ProfileEvent(const tenon_host* host, const tenon_profile_event* event) {
  constexpr const char* kSlot = "host.profile_event";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (!CheckGiven(*h.state, kSlot, "event", event) ||
      !CheckSize(*h.state, kSlot, "tenon_profile_event", event->struct_size,
                 TENON_SIZE_TO(tenon_profile_event, name)) ||
      !CheckText(*h.state, kSlot, "name", event->name)) {
    return;
  }
  std::unique_lock lock(h.state->mutex);
  const std::set<uint32_t>& ids = h.state->device_ids;
  const bool there = ids.empty() ? event->device == 0 : ids.contains(event->device);
  lock.unlock();
  if (!there)
    h.state->Complain("R13", kSlot, "there is no device " + std::to_string(event->device));
  if (event->end_ns < event->begin_ns) h.state->Complain("R13", kSlot, "ends before it begins");
  h.outer->profile_event(h.outer, event);
}

tenon_status TENON_CALL TimelineQuery(const tenon_host* host, tenon_timeline* timeline,
                                      uint64_t* out_value) {
  constexpr const char* kSlot = "host.timeline_query";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (!CheckGiven(*h.state, kSlot, "timeline", timeline) ||
      !CheckOut(*h.state, kSlot, "out_value", out_value))
    return Unusable();
  if (h.state->fences.Knows(timeline))
    return Refuse(h, "R12", kSlot, "the timeline is the backend's own");
  return Give(*h.state, h.outer->timeline_query(h.outer, timeline, out_value));
}
tenon_status TENON_CALL TimelineWait(const tenon_host* host, tenon_timeline* timeline,
                                     uint64_t value, uint64_t timeout_ns) {
  constexpr const char* kSlot = "host.timeline_wait";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (!CheckGiven(*h.state, kSlot, "timeline", timeline)) return Unusable();
  if (h.state->fences.Knows(timeline))
    return Refuse(h, "R12", kSlot, "the timeline is the backend's own");
  return Give(*h.state, h.outer->timeline_wait(h.outer, timeline, value, timeout_ns));
}
struct HostNotice {
  State* state;
  void(TENON_CALL* reached)(void*, tenon_code);
  void* context;
};
void TENON_CALL OnHostReached(void* context, tenon_code code) {
  const HostNotice& notice = *static_cast<HostNotice*>(context);
  notice.state->CallVoid("host.timeline_notify", [&] { notice.reached(notice.context, code); });
}
void TENON_CALL TimelineNotify(const tenon_host* host, tenon_timeline* timeline, uint64_t value,
                               void(TENON_CALL* reached)(void*, tenon_code), void* context) {
  constexpr const char* kSlot = "host.timeline_notify";
  const Host* known = Of(host, kSlot);
  if (!known) return;
  const Host& h = *known;
  if (!CheckGiven(*h.state, kSlot, "timeline", timeline)) return;
  if (!reached) return h.state->Complain("R9", kSlot, "reached is NULL");
  if (h.state->fences.Knows(timeline))
    return h.state->Complain("R12", kSlot, "the timeline is the backend's own");
  HostNotice* notice =
      h.state->Keep(std::make_shared<HostNotice>(HostNotice{h.state, reached, context}));
  h.outer->timeline_notify(h.outer, timeline, value, OnHostReached, notice);
}

tenon_status TENON_CALL AllocateOutput(const tenon_host* host, tenon_run_context* run,
                                       uint32_t index, int32_t rank, const int64_t* dims,
                                       const tenon_argument** out_argument) {
  constexpr const char* kSlot = "host.allocate_output";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  State& state = *h.state;
  if (!CheckOut(state, kSlot, "out_argument", out_argument)) return Unusable();
  std::unique_lock lock(state.mutex);
  const bool live = state.runs.contains(run);
  lock.unlock();
  if (!live)
    return Refuse(h, "R4", kSlot,
                  "run context " + Address(run) + " is of no run that is under way");
  auto& context = *reinterpret_cast<RunContext*>(run);
  const std::string what =
      std::string("kernel ") + context.kernel + ", output " + std::to_string(index);
  if (!context.may_allocate)
    state.Complain("R14", kSlot, what + ": the descriptor lacks the flag ALLOCATES_OUTPUT");
  if (index >= context.output_count || rank < 0 || rank > TENON_MAX_RANK || (rank > 0 && !dims) ||
      std::any_of(dims, dims + rank, [](int64_t dim) { return dim < 0; })) {
    return Refuse(h, "R13", kSlot,
                  what + " of " + std::to_string(context.output_count) + ", rank " +
                      std::to_string(rank) + ": there is no such output, or no such shape");
  }
  if (index < 64 && (context.allocated.fetch_or(uint64_t{1} << index) >> index) & 1) {
    state.Complain("R13", kSlot, what + " is allocated twice");
  }
  return Give(state,
              h.outer->allocate_output(h.outer, context.outer, index, rank, dims, out_argument));
}
tenon_status TENON_CALL SegmentToOnnx(const tenon_host* host, const tenon_segment* segment,
                                      uint32_t opset, const void** out_data, uint64_t* out_size) {
  constexpr const char* kSlot = "host.segment_to_onnx";
  const Host* known = Of(host, kSlot);
  if (!known) return Unusable();
  const Host& h = *known;
  if (!CheckSegment(*h.state, kSlot, segment) || !CheckOut(*h.state, kSlot, "out_data", out_data) ||
      !CheckOut(*h.state, kSlot, "out_size", out_size))
    return Unusable();
  return Lent(h, h.outer->segment_to_onnx(h.outer, segment, opset, out_data, out_size), out_data);
}

uint32_t TENON_CALL ThreadCount(const tenon_host* host) {
  const Host* h = Of(host, "host.thread_count");
  return h ? h->outer->thread_count(h->outer) : 1;
}

}  // namespace

std::unique_ptr<Host> WrapHost(State& state, const tenon_host* outer) {
  auto host = std::make_unique<Host>();
  host->state = &state;
  host->outer = outer;
  host->table = {.struct_size = TENON_SIZE_TO(tenon_host, thread_count),
                 .abi_minor = outer->abi_minor,
                 .log = Log,
                 .error = Error,
                 .refuse = RefuseNode,
                 .error_message = Message,
                 .error_release = Release,
                 .allocate = Allocate,
                 .free = Free,
                 .parallel_for = ParallelFor,
                 .submit = Submit,
                 .option = Option,
                 .operator_schema = Schema,
                 .clock_ns = Clock,
                 .cancelled = Cancelled,
                 .cache_get = CacheGet,
                 .cache_release = CacheRelease,
                 .cache_put = CachePut,
                 .profile_event = ProfileEvent,
                 .timeline_query = TimelineQuery,
                 .timeline_wait = TimelineWait,
                 .timeline_notify = TimelineNotify,
                 .allocate_output = AllocateOutput,
                 .segment_to_onnx = SegmentToOnnx,
                 .thread_count = ThreadCount};
  return host;
}

}  // namespace tenon::backend::validate
