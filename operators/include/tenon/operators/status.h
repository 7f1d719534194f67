// Status and Result<T>: how every room of Tenon above the C ABI reports failure.
//
// A Status is one pointer; OK is null, so success costs no allocation, and OutOfMemory() costs none. Both are movable
// values without state that they share: any thread may own one. Messages are UTF-8 and say what was wrong, where,
// what was expected and what to do.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tenon {

// What kind of failure. The numbers are those of `tenon_status_code` in backend.h and of `tenon.h`.
enum class Code : int32_t {
  kOk = 0,
  kInvalidArgument = 1,      // the caller's value does not fit
  kNotFound = 2,             // a named thing does not exist
  kUnsupported = 3,          // a refusal: somebody else may be able to do it
  kOutOfMemory = 4,          // an allocation failed
  kBudgetExceeded = 5,       // a byte budget set by the application would be passed
  kCancelled = 6,            // the caller cancelled
  kDeadlineExceeded = 7,     // it took longer than allowed
  kDeviceLost = 8,           // the device does not come back
  kInternal = 9,             // a broken promise: of Tenon or of a backend
  kIncompatible = 10,        // versions, formats or architectures do not match
  kFailedPrecondition = 11,  // the object is in the wrong state for this call
  kDataLoss = 12,            // a file is truncated or corrupt
  kIo = 13,                  // the operating system refused to read or write
  kUnavailable = 14,         // may work later
};

std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message)
      : payload_(code == Code::kOk ? nullptr : new Payload{code, std::move(message)}) {}

  bool ok() const { return payload_ == nullptr; }
  Code code() const { return payload_ ? payload_->code : Code::kOk; }
  std::string_view message() const {
    return payload_ ? std::string_view(payload_->message) : std::string_view();
  }
  // kOutOfMemory, made without memory.
  static Status OutOfMemory() noexcept;
  // The same failure with `context` and ": " before its message; without it where there is no memory for it.
  Status WithContext(std::string_view context) && noexcept;
  // OutOfMemory() where there is no memory for it.
  Status Clone() const noexcept;
  // "INVALID_ARGUMENT: message".
  std::string ToString() const;

 private:
  struct Payload {
    Code code;
    std::string message;
  };
  struct Release {
    void operator()(Payload* payload) const noexcept;
  };
  static Payload* OutOfMemoryPayload() noexcept;
  std::unique_ptr<Payload, Release> payload_;
};

// A value or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}        // NOLINT
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) {  // NOLINT
    assert(!std::get<0>(state_).ok());
  }
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::decay_t<U>, T> &&
           !std::is_same_v<std::decay_t<U>, Status> && !std::is_same_v<std::decay_t<U>, Result>)
      Result(U&& value)
      : state_(std::in_place_index<1>, std::forward<U>(value)) {}  // NOLINT

  bool ok() const { return state_.index() == 1; }
  // Moves the failure out; only when !ok().
  Status status() && { return std::move(std::get<0>(state_)); }
  const Status& status() const& { return std::get<0>(state_); }
  T& value() & { return std::get<1>(state_); }
  const T& value() const& { return std::get<1>(state_); }
  T&& value() && { return std::move(std::get<1>(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> state_;
};

// In a handler: the exception that is handled, as a status. kOutOfMemory of bad_alloc, else kInternal with its text.
Status StatusOfException() noexcept;

// What `function`, which gives a Status or a Result, returns; or what it throws, as a status.
template <typename F>
auto Caught(F&& function) noexcept -> decltype(function()) {
  try {
    return function();
  } catch (...) {
    return StatusOfException();
  }
}

}  // namespace tenon

// Returns the failure of `expression` (a Status) from the enclosing function.
#define TENON_RETURN_IF_ERROR(expression)                                                        \
  do {                                                                                           \
    if (::tenon::Status tenon_status_ = (expression); !tenon_status_.ok()) return tenon_status_; \
  } while (false)
// Declares `target` from a Result or returns its failure: TENON_ASSIGN(auto graph, Import(path));
#define TENON_ASSIGN(target, expression) \
  TENON_ASSIGN_(TENON_JOIN_(tenon_result_, __LINE__), target, expression)
#define TENON_ASSIGN_(result, target, expression)      \
  auto result = (expression);                          \
  if (!result.ok()) return std::move(result).status(); \
  target = std::move(result).value()
#define TENON_JOIN_(a, b) TENON_JOIN2_(a, b)
#define TENON_JOIN2_(a, b) a##b
