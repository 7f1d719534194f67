// tenon.h: statuses, blobs, names, cancellation.
#include "api.h"

namespace tenon::session {

tenon_status ToAbi(const Status& status) {
  if (status.ok()) return {};
  auto* detail = new (std::nothrow) std::string(status.message());
  return {static_cast<tenon_code>(status.code()), 0, reinterpret_cast<tenon_error*>(detail)};
}

Result<Shape> MakeShape(int32_t rank, const int64_t* dims) {
  if (rank < 0 || rank > kMaxRank) {
    return Status(Code::kInvalidArgument, "a tensor has 0 to " + std::to_string(kMaxRank) +
                                              " dimensions, got " + std::to_string(rank));
  }
  if (rank > 0 && dims == nullptr) return NullArgument("dims");
  return Shape(std::span(dims, static_cast<size_t>(rank)));
}

execution::RunOptions ToRunOptions(const tenon_run_options& options, execution::RunTimes* times) {
  execution::RunOptions out;
  out.cancel = reinterpret_cast<const backend::CancelToken*>(options.cancel);
  out.timeout_ns = options.timeout_ns;
  out.times = options.times != nullptr ? times : nullptr;
  return out;
}

void WriteTimes(tenon_run_times* out, const execution::RunTimes& times) {
  if (out == nullptr) return;
  tenon_run_times full{};
  full.replanned = times.replanned;
  full.total_ns = times.total_ns;
  full.plan_ns = times.plan_ns;
  full.copy_in_ns = times.copy_in_ns;
  full.compute_ns = times.compute_ns;
  full.copy_out_ns = times.copy_out_ns;
  full.copy_count = times.copies.count;
  full.copied_bytes = times.copies.bytes;
  WriteStruct(out, full);
}

}  // namespace tenon::session

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

const char* tenon_version(void) { return "0.1.0"; }

const char* tenon_status_message(tenon_status status) {
  if (status.code == TENON_OK) return "";
  if (status.detail == nullptr) return tenon_code_name(status.code);
  return reinterpret_cast<const std::string*>(status.detail)->c_str();
}

void tenon_status_release(tenon_status status) {
  delete reinterpret_cast<std::string*>(status.detail);
}

const char* tenon_code_name(tenon_code code) { return CodeName(static_cast<Code>(code)).data(); }

const void* tenon_blob_data(const tenon_blob* blob) { return blob->bytes.data(); }
uint64_t tenon_blob_size(const tenon_blob* blob) { return blob->bytes.size(); }
void tenon_blob_release(tenon_blob* blob) { delete blob; }

const char* tenon_dtype_name(tenon_dtype dtype) { return DataTypeName(DataTypeOf(dtype)).data(); }
uint64_t tenon_dtype_bytes(tenon_dtype dtype, uint64_t count) {
  return (count * BitWidth(DataTypeOf(dtype)) + 7) / 8;
}

tenon_status tenon_cancel_create(tenon_cancel** out_cancel) {
  return Guard([&] {
    TENON_REQUIRE(out_cancel);
    *out_cancel = reinterpret_cast<tenon_cancel*>(new backend::CancelToken);
    return Status();
  });
}
void tenon_cancel_request(tenon_cancel* cancel) {
  reinterpret_cast<backend::CancelToken*>(cancel)->Cancel();
}
void tenon_cancel_release(tenon_cancel* cancel) {
  delete reinterpret_cast<backend::CancelToken*>(cancel);
}
