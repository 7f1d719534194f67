// Opens a session on `reference` for what a fuzzer made. Statuses that would be Tenon's own fault end the process.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "tenon/runtime/tenon.hpp"

namespace tenon::fuzz {

inline void Refused(const Error& error) {
  if (error.code() != TENON_INTERNAL && *error.what() != '\0') return;
  std::fprintf(stderr, "a status that must not be: %s\n", error.what());
  __builtin_trap();
}

inline std::optional<Session> Open(const uint8_t* data, size_t size) {
  static const Runtime runtime({.threads = 1});
  tenon_limits limits = TENON_INIT(tenon_limits);
  limits.max_nodes = 300;
  limits.data_folder = std::getenv("TENON_FUZZ_FOLDER");
  SessionOptions options;
  options.backends = "reference";
  options.budget_bytes = 8 << 20;
  try {
    return Session(Model(runtime, {reinterpret_cast<const std::byte*>(data), size}, &limits),
                   options);
  } catch (const Error& error) {
    Refused(error);
    return std::nullopt;
  }
}

}  // namespace tenon::fuzz
