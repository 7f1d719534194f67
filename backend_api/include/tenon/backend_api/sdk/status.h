// Failing, and what wraps every entry point of a backend so that no exception crosses the ABI.
//
// A slot's body may return a tenon_status (made by Host::Error or Host::Refuse), or throw: Refusal
// and Failure become the status that they name, std::bad_alloc becomes TENON_OUT_OF_MEMORY,
// anything else TENON_INTERNAL. Any thread.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "tenon/backend_api/backend.h"

namespace tenon::sdk {
inline namespace v0_1 {

inline constexpr tenon_status kOk{TENON_OK, 0, nullptr};
constexpr bool IsOk(const tenon_status& status) { return status.code == TENON_OK; }

// Thrown to fail with a code and a message that says what was wrong, where, what was expected and
// what to do.
class Failure : public std::runtime_error {
 public:
  Failure(tenon_code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  tenon_code code() const { return code_; }

 private:
  tenon_code code_;
};

// Thrown, or returned through Node::Refuse, to leave a node to the next candidate. `field` names
// what does not fit
// ("attribute group", "input 1 dtype"), `got` its value, `wants` what the kernel takes.
class Refusal : public std::exception {
 public:
  Refusal(tenon_reason reason, std::string field, std::string got, std::string wants)
      : reason_(reason), field_(std::move(field)), got_(std::move(got)), wants_(std::move(wants)) {}
  const char* what() const noexcept override { return field_.c_str(); }
  tenon_status ToStatus(const tenon_host* host) const {
    return host->refuse(host, reason_, field_.c_str(), got_.c_str(), wants_.c_str());
  }

 private:
  tenon_reason reason_;
  std::string field_, got_, wants_;
};

// The status of the exception that is being handled. host may be NULL: then there is no detail.
[[gnu::cold, gnu::noinline]] inline tenon_status StatusOfException(
    const tenon_host* host) noexcept {
  const auto error = [&](tenon_code code, const char* message) {
    return host ? host->error(host, code, message) : tenon_status{code, 0, nullptr};
  };
  try {
    throw;
  } catch (const Refusal& refusal) {
    return host ? refusal.ToStatus(host) : tenon_status{TENON_UNSUPPORTED, 0, nullptr};
  } catch (const Failure& failure) {
    return error(failure.code(), failure.what());
  } catch (const std::bad_alloc&) {
    return {TENON_OUT_OF_MEMORY, 0, nullptr};  // a detail would need memory
  } catch (const std::exception& exception) {
    return error(TENON_INTERNAL, exception.what());
  } catch (...) {
    return error(TENON_INTERNAL, "the backend threw something that is no std::exception");
  }
}

// Calls `body`, which returns a tenon_status or nothing, and turns what it throws into a status.
// Costs nothing where nothing is thrown.
template <typename F>
inline tenon_status Guard(const tenon_host* host, F&& body) noexcept {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::forward<F>(body)();
      return kOk;
    } else {
      return std::forward<F>(body)();
    }
  } catch (...) {
    return StatusOfException(host);
  }
}

// The same for slots that cannot fail (ending an object): what is thrown is logged.
template <typename F>
inline void GuardEnd(const tenon_host* host, F&& body) noexcept {
  try {
    std::forward<F>(body)();
  } catch (const std::exception& exception) {
    if (host) host->log(host, TENON_LOG_ERROR, exception.what());
  } catch (...) {
    if (host) host->log(host, TENON_LOG_ERROR, "the backend threw while it ended an object");
  }
}

}  // namespace v0_1
}  // namespace tenon::sdk

// Returns from the enclosing function (of return type tenon_status) unless `expression` is OK.
#define TENON_SDK_TRY(expression)                                                        \
  do {                                                                                   \
    if (const tenon_status tenon_status_ = (expression); tenon_status_.code != TENON_OK) \
      return tenon_status_;                                                              \
  } while (false)
