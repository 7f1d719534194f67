// A session's profile (tenon_session_profile) as rows: of steps, or of operators.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host_peak.h"

namespace tenon::tools {

// What a device does at most; 0 where it is not known.
struct DevicePeak {
  double gflops = 0, gbytes = 0;
};

struct ProfileRow {
  std::string node = {};    // "" for what is no node, and for operators
  std::string parent = {};  // the node whose subgraph the step is in; "" for most
  std::string branch = {};  // of the parent: "body", "then_branch", "else_branch"
  std::string op = {};      // "(copy)", "(wait)" .. for what is no node
  std::string backend = {}, kernel = {};
  std::string value = {};                              // what is copied
  std::vector<std::string> inputs = {}, outputs = {};  // "float32[1, 3]"
  uint64_t nodes = 0;  // of a compiled segment: all that it holds; of an operator: its steps
  // Of one run of the model, on average. Time is without that of steps in subgraphs.
  double calls = 0, seconds = 0, flops = 0, bytes = 0;
  double least_seconds = 0;  // of one call; of an operator 0
  double share = 0;          // of the time of all steps
  DevicePeak peak = {};      // of its device

  double Gflops() const { return seconds > 0 ? flops / seconds * 1e-9 : 0; }
  double Gbytes() const { return seconds > 0 ? bytes / seconds * 1e-9 : 0; }
  double FlopsShare() const { return peak.gflops > 0 ? Gflops() / peak.gflops : 0; }  // of the peak
  double BytesShare() const { return peak.gbytes > 0 ? Gbytes() / peak.gbytes : 0; }
};

struct ProfileTable {
  std::vector<ProfileRow> steps;      // most time first
  std::vector<ProfileRow> operators;  // by operator and backend, most time first
  uint64_t runs = 0, events_left_out = 0, device_events_left_out = 0;
  double seconds = 0;         // of all steps, a run
  bool asynchronous = false;  // devices have queues
};

// `peaks` by backend and device; "host" is what runs on no backend.
ProfileTable ReadProfile(const std::string& json,
                         const std::map<std::pair<std::string, uint32_t>, DevicePeak>& peaks);

}  // namespace tenon::tools
