// Negotiation: choosing a version, or refusing with a reason, without needing anything from the
// host.
#pragma once

#include <cstdio>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

struct Identity {
  const char* name;     // lower case, digits and underscores
  const char* version;  // the backend's own
  const char* vendor;
};

namespace detail {

template <typename B>
tenon_status TENON_CALL CreateBackend(const tenon_host* host, tenon_backend** out_backend) {
  return Guard(host, [&] { *out_backend = new B(Host(host)); });
}

template <typename... Arguments>
[[gnu::cold, gnu::noinline]] int32_t RefuseOffer(tenon_answer* answer, const char* format,
                                                 Arguments... arguments) {
  if (TENON_HAS(answer, tenon_answer, reason_size) && answer->reason && answer->reason_size > 0) {
    std::snprintf(answer->reason, static_cast<size_t>(answer->reason_size), format, arguments...);
  }
  return 1;
}

}  // namespace detail

// The body of tenon_negotiate for a backend of class B.
template <typename B>
int32_t Negotiate(const tenon_offer* offer, tenon_answer* answer,
                  const Identity& identity) noexcept {
  constexpr uint32_t kLeast = TENON_ABI_MINOR_LEAST, kSanitizer = TENON_SANITIZER;
  if (offer->abi_major != TENON_ABI_MAJOR) {
    return detail::RefuseOffer(
        answer,
        "%s %s is built for Tenon's backend ABI %u, the host offers %u: install the one "
        "that is made for this host",
        identity.name, identity.version, TENON_ABI_MAJOR, offer->abi_major);
  }
  if (offer->abi_minor_max < kLeast || offer->abi_minor_min > TENON_ABI_MINOR) {
    return detail::RefuseOffer(
        answer, "%s %s works with backend ABI %u.%u to %u.%u, the host accepts %u.%u to %u.%u",
        identity.name, identity.version, TENON_ABI_MAJOR, kLeast, TENON_ABI_MAJOR, TENON_ABI_MINOR,
        offer->abi_major, offer->abi_minor_min, offer->abi_major, offer->abi_minor_max);
  }
  if (kSanitizer != TENON_SANITIZER_NONE && offer->sanitizer != kSanitizer) {
    return detail::RefuseOffer(
        answer, "%s %s is built with a sanitizer (%u), the host with another or none (%u)",
        identity.name, identity.version, kSanitizer, offer->sanitizer);
  }
  answer->abi_minor =
      offer->abi_minor_max < TENON_ABI_MINOR ? offer->abi_minor_max : TENON_ABI_MINOR;
  answer->create = &detail::CreateBackend<B>;
  answer->name = identity.name;
  answer->version = identity.version;
  answer->vendor = identity.vendor;
  return 0;
}

}  // namespace v0_1
}  // namespace tenon::sdk

// Defines tenon_negotiate and the note section; once in a backend, outside any namespace. The texts
// are literals; the note holds 31 bytes of name and version, 63 of vendor.
#define TENON_SDK_BACKEND(Class, name, version, vendor)                                \
  TENON_BACKEND_NOTE(name, version, vendor);                                           \
  extern "C" TENON_EXPORT int32_t TENON_CALL tenon_negotiate(const tenon_offer* offer, \
                                                             tenon_answer* answer) {   \
    return ::tenon::sdk::Negotiate<Class>(offer, answer, {name, version, vendor});     \
  }                                                                                    \
  static_assert(true, "a semicolon follows")
