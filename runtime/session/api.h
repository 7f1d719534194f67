// What the functions of tenon.h share: handles, and how statuses, options and exceptions cross the
// C border.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "session.h"
#include "tenon/runtime/tenon.h"

struct tenon_runtime {
  std::shared_ptr<tenon::session::Runtime> impl;
  // Rows of tenon_runtime_backends, made once.
  std::mutex mutex;
  std::vector<std::unique_ptr<tenon_backend_info>> infos;
  std::vector<const tenon_backend_info*> list;
  std::vector<std::unique_ptr<std::string>> texts;
  std::vector<std::unique_ptr<std::vector<const tenon_device_info*>>> devices;
  std::vector<std::unique_ptr<std::vector<const char*>>> left_out;
};
struct tenon_model {
  std::shared_ptr<const tenon::session::Model> impl;
};
struct tenon_session {
  std::shared_ptr<tenon::session::Session> impl;
};
struct tenon_tensor {
  std::shared_ptr<const void>
      owner;  // what the memory belongs to; before the tensor, so that it goes last
  std::shared_ptr<tenon::execution::Tensor> impl;
};
struct tenon_blob {
  std::string bytes;
};

namespace tenon::session {

// Statuses of this API carry a string of this library.
tenon_status ToAbi(const Status& status);

// Runs a function that gives a Status; nothing is thrown across the border.
template <typename F>
tenon_status Guard(F&& function) noexcept {
  try {
    return ToAbi(Caught(function));
  } catch (...) {
    return {TENON_OUT_OF_MEMORY, 0, nullptr};  // not even the message could be kept
  }
}

// The fields that the caller's version of the struct has; the others are 0.
template <typename T>
T ReadStruct(const T* given) {
  T full{};
  if (given != nullptr)
    std::memcpy(&full, given, std::min<size_t>(given->struct_size, sizeof full));
  full.struct_size = sizeof full;
  return full;
}
template <typename T>
void WriteStruct(T* out, T full) {
  full.struct_size = out->struct_size;
  std::memcpy(out, &full, std::min<size_t>(out->struct_size, sizeof full));
}

inline std::vector<std::string> Strings(const char* const* list, uint32_t count) {
  return {list, list + count};
}
inline std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }
inline Status NullArgument(const char* name) {
  return Status(Code::kInvalidArgument, std::string(name) + " is NULL");
}
#define TENON_REQUIRE(argument) \
  if ((argument) == nullptr) return ::tenon::session::NullArgument(#argument)

inline Status MakeBlob(Result<std::string> text, tenon_blob** out_blob) {
  if (!text.ok()) return std::move(text).status();
  *out_blob = new tenon_blob{std::move(text).value()};
  return Status();
}

Result<Shape> MakeShape(int32_t rank, const int64_t* dims);
execution::RunOptions ToRunOptions(const tenon_run_options& options, execution::RunTimes* times);
void WriteTimes(tenon_run_times* out, const execution::RunTimes& times);

}  // namespace tenon::session
