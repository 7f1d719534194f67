#include "negotiate.h"

#include <algorithm>

#include "guard.h"
#include "library.h"

namespace tenon::backend {
namespace {

constexpr char kHostVersion[] = "tenon 0.1.0";

Status Incompatible(std::string what) { return Status(Code::kIncompatible, std::move(what)); }

std::string Minors(uint32_t least, uint32_t most) {
  const std::string major = std::to_string(TENON_ABI_MAJOR) + ".";
  return major + std::to_string(least) + " to " + major + std::to_string(most);
}

const char* SanitizerName(uint32_t sanitizer) {
  switch (sanitizer) {
    case TENON_SANITIZER_NONE:
      return "none";
    case TENON_SANITIZER_ADDRESS:
      return "address";
    case TENON_SANITIZER_THREAD:
      return "thread";
    default:
      return "an unknown one";
  }
}

// Names stand in paths, in flags and in reports.
bool IsName(const char* name) {
  const std::string_view text = name ? name : "";
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Status Negotiate(tenon_negotiate_function negotiate, Negotiated* out) {
  tenon_offer offer{};
  offer.struct_size = TENON_SIZE_TO(tenon_offer, host_version);
  offer.abi_major = TENON_ABI_MAJOR;
  offer.abi_minor_min = TENON_ABI_MINOR_LEAST;
  offer.abi_minor_max = TENON_ABI_MINOR;
  offer.sanitizer = TENON_SANITIZER;
  offer.host_version = kHostVersion;
  tenon_answer& answer = out->answer;
  answer.struct_size = TENON_SIZE_TO(tenon_answer, reason_size);
  answer.reason = out->reason;
  answer.reason_size = sizeof out->reason;
  TENON_ASSIGN(const int32_t refused,
               Guarded("tenon_negotiate", [&] { return negotiate(&offer, &answer); }));
  out->reason[sizeof out->reason - 1] = 0;
  if (refused != 0) {
    return Incompatible(std::string("the backend refuses this host: ") +
                        (out->reason[0] ? out->reason : "it gives no reason"));
  }
  if (answer.abi_minor < offer.abi_minor_min || answer.abi_minor > offer.abi_minor_max) {
    return Incompatible("the backend chose ABI " + std::to_string(TENON_ABI_MAJOR) + "." +
                        std::to_string(answer.abi_minor) + ", this host accepts " +
                        Minors(offer.abi_minor_min, offer.abi_minor_max));
  }
  if (!answer.create) return Incompatible("R9: the answer of tenon_negotiate lacks create");
  if (!IsName(answer.name)) {
    return Incompatible(std::string("R7: the backend calls itself ") +
                        (answer.name ? "'" + std::string(answer.name) + "'" : "NULL") +
                        ", expected lower case, digits and underscores");
  }
  return {};
}

Result<std::string> CheckNote(const std::string& library_path) {
  Result<tenon_note> note = ReadNote(library_path);
  if (!note.ok()) {
    const bool absent = note.status().code() == Code::kNotFound;
    if (!absent) return std::move(note).status();
    TENON_RETURN_IF_ERROR(CheckSharedObject(library_path));
    return std::string();
  }
  if (note->abi_major != TENON_ABI_MAJOR) {
    return Incompatible(library_path + ": built for ABI " + std::to_string(note->abi_major) + "." +
                        std::to_string(note->abi_minor_max) + ", this host has " +
                        std::to_string(TENON_ABI_MAJOR) + "." + std::to_string(TENON_ABI_MINOR));
  }
  if (note->abi_minor_max < TENON_ABI_MINOR_LEAST || note->abi_minor_min > TENON_ABI_MINOR) {
    return Incompatible(library_path + ": speaks ABI " +
                        Minors(note->abi_minor_min, note->abi_minor_max) + ", this host accepts " +
                        Minors(TENON_ABI_MINOR_LEAST, TENON_ABI_MINOR));
  }
  if (note->sanitizer != TENON_SANITIZER_NONE && note->sanitizer != TENON_SANITIZER) {
    return Incompatible(library_path + ": built with the sanitizer " +
                        SanitizerName(note->sanitizer) + ", this host with " +
                        SanitizerName(TENON_SANITIZER) + "; such a library would end the process");
  }
  return std::string(note->name);
}

}  // namespace tenon::backend
