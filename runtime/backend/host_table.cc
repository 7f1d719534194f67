#include "host_table.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>

#include "artifact_cache.h"
#include "tenon/operators/operator.h"

struct tenon_error {
  std::string message;
  tenon_reason reason = TENON_REASON_OTHER;
};

namespace tenon::backend {

tenon_error* MakeError(std::string message, tenon_reason reason) noexcept {
  try {
    return new tenon_error{std::move(message), reason};
  } catch (...) {
    return nullptr;
  }
}
const std::string& ErrorMessage(const tenon_error* error) {
  static const std::string kNone;
  return error ? error->message : kNone;
}
tenon_reason ErrorReason(const tenon_error* error) {
  return error ? error->reason : TENON_REASON_OTHER;
}
void ReleaseError(tenon_error* error) { delete error; }

tenon_status ToAbi(Status status) {
  if (status.ok()) return {};
  return {static_cast<tenon_code>(status.code()), 0, MakeError(std::string(status.message()))};
}

namespace {

// Nothing of ours may throw into a backend.
template <typename F>
tenon_status Guarded(F&& function) noexcept {
  try {
    return ToAbi(Caught(function));
  } catch (...) {
    return {TENON_OUT_OF_MEMORY, 0, nullptr};  // not even the message could be kept
  }
}

std::string_view OrEmpty(const char* text) {
  return text ? std::string_view(text) : std::string_view();
}

void Log(const tenon_host* host, tenon_log_level level, const char* message) {
  try {
    HostTable::From(host).Log(level, OrEmpty(message));
  } catch (const std::bad_alloc&) {
    return;  // a line is lost
  }
}

tenon_status Error(const tenon_host*, tenon_code code, const char* message) {
  if (code == TENON_OK) code = TENON_INTERNAL;
  try {
    return {code, 0, MakeError(std::string(OrEmpty(message)))};
  } catch (...) {
    return {code, 0, nullptr};
  }
}

tenon_status Refuse(const tenon_host*, tenon_reason reason, const char* field, const char* got,
                    const char* wants) {
  try {
    std::string message = std::string(OrEmpty(field)) + ": got " + std::string(OrEmpty(got)) +
                          ", wants " + std::string(OrEmpty(wants));
    return {TENON_UNSUPPORTED, 0, MakeError(std::move(message), reason)};
  } catch (...) {
    return {TENON_UNSUPPORTED, 0, nullptr};
  }
}

const char* Message(const tenon_host*, const tenon_error* detail) {
  return ErrorMessage(detail).c_str();
}
void Release(const tenon_host*, tenon_error* detail) { ReleaseError(detail); }

void* AllocateSlot(const tenon_host* host, uint64_t size, uint64_t alignment) {
  return HostTable::From(host).Allocate(size, alignment);
}
void FreeSlot(const tenon_host* host, void* memory) { HostTable::From(host).Free(memory); }

void ParallelForSlot(const tenon_host* host, int64_t total, int64_t chunk,
                     void(TENON_CALL* body)(void*, int64_t, int64_t), void* context) {
  if (total <= 0) return;
  HostTable::From(host).services().parallel->ParallelFor(total, chunk < 1 ? 1 : chunk, body,
                                                         context);
}

tenon_status Submit(const tenon_host* host, void(TENON_CALL* task)(void*), void* context) {
  return Guarded(
      [&] { return HostTable::From(host).services().parallel->Submit([=] { task(context); }); });
}

const char* Option(const tenon_host* host, const char* name) {
  const auto& options = HostTable::From(host).options();
  const auto found = name ? options.find(name) : options.end();
  return found == options.end() ? nullptr : found->second.c_str();
}

const tenon_operator_schema* OperatorSchema(const tenon_host*, const char* domain,
                                            const char* name) {
  // Made once for all operators; the rows are constant data.
  static const auto* const schemas = [] {
    auto* map = new std::unordered_map<const operators::Operator*, tenon_operator_schema>();
    for (const operators::Operator* op : operators::AllOperators()) {
      tenon_operator_schema schema{};
      schema.struct_size = TENON_SIZE_TO(tenon_operator_schema, max_outputs);
      schema.newest_revision = static_cast<uint32_t>(op->newest().number);
      schema.domain = op->domain.data();
      schema.name = op->name.data();
      const auto most = [](uint8_t count) {
        return count == operators::kVariadic ? UINT32_MAX : uint32_t{count};
      };
      schema.min_inputs = op->arity.min_inputs;
      schema.max_inputs = most(op->arity.max_inputs);
      schema.min_outputs = op->arity.min_outputs;
      schema.max_outputs = most(op->arity.max_outputs);
      map->emplace(op, schema);
    }
    return map;
  }();
  const operators::Operator* op = operators::FindOperator(OrEmpty(domain), OrEmpty(name));
  return op ? &schemas->at(op) : nullptr;
}

uint64_t Clock(const tenon_host*) { return ClockNs(); }

int32_t Cancelled(const tenon_host*, const tenon_cancel* token) {
  return token && reinterpret_cast<const CancelToken*>(token)->cancelled();
}

// Bytes lent to a backend until cache_release.
Status Lend(const tenon_host* host, OwnedBytes lent, const void** out_data, uint64_t* out_size) {
  static constexpr char kNothing = 0;
  const void* data = lent.bytes.empty() ? &kNothing : lent.bytes.data();
  HostTable::From(host).Lend(std::move(lent.owner), data);
  *out_data = data;
  *out_size = lent.bytes.size();
  return Status();
}

tenon_status CacheGetSlot(const tenon_host* host, const char* key, const void** out_data,
                          uint64_t* out_size) {
  return Guarded([&]() -> Status {
    TENON_ASSIGN(OwnedBytes found, CacheGet(HostTable::From(host), std::string(OrEmpty(key))));
    return Lend(host, std::move(found), out_data, out_size);
  });
}
void CacheRelease(const tenon_host* host, const void* data) { HostTable::From(host).EndLent(data); }
tenon_status CachePutSlot(const tenon_host* host, const char* key, const void* data,
                          uint64_t size) {
  return Guarded([&] {
    return CachePut(HostTable::From(host), std::string(OrEmpty(key)),
                    {static_cast<const char*>(data), size});
  });
}

void ProfileEvent(const tenon_host* host, const tenon_profile_event* event) {
  const HostTable& table = HostTable::From(host);
  if (table.services().profile && event) table.services().profile(table.backend(), *event);
}

HostTimeline* AsTimeline(tenon_timeline* timeline) {
  return reinterpret_cast<HostTimeline*>(timeline);
}
tenon_status TimelineQuery(const tenon_host*, tenon_timeline* timeline, uint64_t* out_value) {
  return Guarded([&]() -> Status {
    TENON_ASSIGN(*out_value, AsTimeline(timeline)->Query());
    return {};
  });
}
tenon_status TimelineWait(const tenon_host*, tenon_timeline* timeline, uint64_t value,
                          uint64_t timeout_ns) {
  return Guarded([&] { return AsTimeline(timeline)->Wait(value, timeout_ns); });
}
void TimelineNotify(const tenon_host*, tenon_timeline* timeline, uint64_t value,
                    void(TENON_CALL* reached)(void*, tenon_code), void* context) {
  try {
    AsTimeline(timeline)->Notify(value, reached, context);
  } catch (const std::bad_alloc&) {
    reached(context, TENON_OUT_OF_MEMORY);
  }
}

tenon_status AllocateOutput(const tenon_host*, tenon_run_context* run, uint32_t index, int32_t rank,
                            const int64_t* dims, const tenon_argument** out_argument) {
  if (!run)
    return {TENON_FAILED_PRECONDITION, 0, MakeError("allocate_output: this run has no context")};
  return Guarded([&]() -> Status {
    TENON_ASSIGN(*out_argument,
                 reinterpret_cast<RunOutputs*>(run)->AllocateOutput(index, rank, dims));
    return {};
  });
}

tenon_status SegmentToOnnx(const tenon_host* host, const tenon_segment* segment, uint32_t opset,
                           const void** out_data, uint64_t* out_size) {
  const SegmentExporter& exporter = HostTable::From(host).services().segment_to_onnx;
  if (!exporter) return {TENON_UNSUPPORTED, 0, MakeError("this host has no ONNX exporter")};
  return Guarded([&]() -> Status {
    TENON_ASSIGN(std::string exported, exporter(segment, opset));
    const auto bytes = std::make_shared<const std::string>(std::move(exported));
    return Lend(host, {bytes, *bytes}, out_data, out_size);
  });
}

uint32_t ThreadCount(const tenon_host* host) {
  return HostTable::From(host).services().parallel->threads();
}

}  // namespace

HostTable::HostTable(std::string backend, std::string version, uint32_t abi_minor,
                     std::shared_ptr<HostServices> services)
    : backend_(std::move(backend)), version_(std::move(version)), services_(std::move(services)) {
  slots_.self = this;
  table_.struct_size = TENON_SIZE_TO(tenon_host, thread_count);
  table_.abi_minor = abi_minor;
  table_.log = backend::Log;
  table_.error = Error;
  table_.refuse = Refuse;
  table_.error_message = Message;
  table_.error_release = Release;
  table_.allocate = AllocateSlot;
  table_.free = FreeSlot;
  table_.parallel_for = ParallelForSlot;
  table_.submit = Submit;
  table_.option = Option;
  table_.operator_schema = OperatorSchema;
  table_.clock_ns = Clock;
  table_.cancelled = Cancelled;
  table_.cache_get = CacheGetSlot;
  table_.cache_release = CacheRelease;
  table_.cache_put = CachePutSlot;
  table_.profile_event = ProfileEvent;
  table_.timeline_query = TimelineQuery;
  table_.timeline_wait = TimelineWait;
  table_.timeline_notify = TimelineNotify;
  table_.allocate_output = AllocateOutput;
  table_.segment_to_onnx = SegmentToOnnx;
  table_.thread_count = ThreadCount;
}

void HostTable::Log(tenon_log_level level, std::string_view message) const {
  if (services_->log) services_->log(level, backend_ + ": " + std::string(message));
}

// The size stands in front of the block, one alignment below it.
void* HostTable::Allocate(uint64_t size, uint64_t alignment) {
  if (alignment < 2 * sizeof(uint64_t)) alignment = 2 * sizeof(uint64_t);
  constexpr uint64_t kMostAlignment = uint64_t{1} << 30, kMostBytes = uint64_t{1} << 48;
  if ((alignment & (alignment - 1)) != 0 || alignment > kMostAlignment || size > kMostBytes)
    return nullptr;
  const uint64_t whole = (size + 2 * alignment - 1) / alignment * alignment;
  auto* base = static_cast<std::byte*>(std::aligned_alloc(alignment, whole));
  if (!base) return nullptr;
  auto* header = reinterpret_cast<uint64_t*>(base + alignment) - 2;
  header[0] = alignment;
  header[1] = size;
  bytes_ += size;
  return base + alignment;
}

void HostTable::Free(void* memory) {
  if (!memory) return;
  const auto* header = static_cast<uint64_t*>(memory) - 2;
  bytes_ -= header[1];
  std::free(static_cast<std::byte*>(memory) - header[0]);
}

void HostTable::Lend(std::shared_ptr<const void> owner, const void* data) {
  const std::lock_guard lock(lent_mutex_);
  lent_.emplace(data, std::move(owner));
}

void HostTable::EndLent(const void* data) {
  std::shared_ptr<const void> owner;  // ends without the lock: unmapping takes time
  const std::lock_guard lock(lent_mutex_);
  const auto found = lent_.find(data);
  if (found == lent_.end()) return;
  owner = std::move(found->second);
  lent_.erase(found);
}

}  // namespace tenon::backend
