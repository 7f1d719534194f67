// What bounds a model: the part of its time that matters most, and what may be tried.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tenon::tools {

struct BoundFacts {
  double run_ms = 0;  // of a run that is not profiled
  double copy_ms =
      0;  // of it, between the caller's memory and where the program wants its inputs and outputs
  double gflops = 0, gbytes = 0;  // the most that the backend's device can do; 0: unknown
  bool measured_peak = false;     // else what the backend declares
  uint32_t threads = 1, cores = 1;
  bool accelerator = false;  // most time is on a device that is not the host
};

struct Bound {
  std::string by;       // "copies", "overhead", "host", "compute", "memory" or "kernels"
  std::string summary;  // "Conv: 82 % of the time, 31 % of the peak of multiply-adds"
  std::string advice;   // "" where there is none
};

// `profile`: as tenon_session_profile gives it. Steps that carry "self_ns", "total_flops" and "total_bytes" are told by
// arithmetic and memory, others by time only.
Bound FindBound(const nlohmann::ordered_json& profile, const BoundFacts& facts);

}  // namespace tenon::tools
