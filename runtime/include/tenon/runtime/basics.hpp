// What tenon.hpp is built on: failures, handles, what is told about inputs and outputs. Included by
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tenon/runtime/tenon.h"

namespace tenon {
inline namespace v0 {

// A failure: code and message of a tenon_status.
class Error : public std::runtime_error {
 public:
  Error(tenon_code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  tenon_code code() const { return code_; }
  const char* code_name() const { return tenon_code_name(code_); }

 private:
  tenon_code code_;
};

// Throws what `status` says, and releases it.
inline void Check(tenon_status status) {
  if (status.code == TENON_OK) return;
  Error error(status.code, tenon_status_message(status));
  tenon_status_release(status);
  throw error;
}

namespace internal {
template <auto release>
struct Releaser {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
template <typename T, auto release>
using Handle = std::unique_ptr<T, Releaser<release>>;

inline std::vector<const char*> Pointers(std::span<const std::string> strings) {
  std::vector<const char*> out;
  out.reserve(strings.size());
  for (const std::string& s : strings) out.push_back(s.c_str());
  return out;
}
inline const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }
inline std::string TakeText(tenon_blob* blob) {
  Handle<tenon_blob, tenon_blob_release> owner(blob);
  return {static_cast<const char*>(tenon_blob_data(blob)),
          static_cast<size_t>(tenon_blob_size(blob))};
}
inline uint64_t Nanoseconds(std::chrono::nanoseconds time) {
  return time.count() < 0 ? 0 : static_cast<uint64_t>(time.count());
}
}  // namespace internal

// An input or output of a model.
struct ValueInfo {
  std::string name;
  tenon_dtype dtype = 0;
  bool has_rank = false;
  std::vector<int64_t> dims;                   // -1: not known before the run
  std::vector<std::string> symbols;            // by dimension; "" where it has none
  tenon_value_kind kind = TENON_VALUE_TENSOR;  // of others, dtype and dims are those within
};
namespace internal {
inline std::vector<ValueInfo> CopyInfos(const tenon_value_info* const* infos, uint32_t count) {
  std::vector<ValueInfo> out(count);
  for (uint32_t i = 0; i < count; ++i) {
    out[i].name = infos[i]->name;
    out[i].dtype = infos[i]->dtype;
    out[i].kind = infos[i]->kind;
    out[i].has_rank = infos[i]->rank >= 0;
    for (int32_t d = 0; d < infos[i]->rank; ++d) {
      out[i].dims.push_back(infos[i]->dims[d]);
      out[i].symbols.emplace_back(infos[i]->symbols[d] ? infos[i]->symbols[d] : "");
    }
  }
  return out;
}
inline std::vector<std::pair<std::string, std::string>> CopyPairs(const char* const* pairs,
                                                                  uint32_t count) {
  std::vector<std::pair<std::string, std::string>> out;
  for (uint32_t i = 0; i < count; ++i) out.emplace_back(pairs[2 * i], pairs[2 * i + 1]);
  return out;
}
}  // namespace internal

}  // namespace v0
}  // namespace tenon
