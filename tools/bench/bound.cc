#include "bench/bound.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "table.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Part {
  double ms = 0, flops = 0, bytes = 0;  // a run
  size_t steps = 0;
};

struct Parts {
  std::map<std::string, Part> operators;
  Part kernels, copies, reorders, host;
};

// What waits for others is no part of its own: its time is theirs.
Parts Divide(const Json& profile) {
  Parts parts;
  const double runs = std::max(1.0, profile.at("runs").get<double>());
  for (const Json& step : profile.at("steps")) {
    const std::string kind = step.at("kind"), op = step.at("op");
    Part* part = kind == "copy"                        ? &parts.copies
                 : kind == "host" || kind == "plan"    ? &parts.host
                 : kind == "kernel" && op == "Reorder" ? &parts.reorders
                 : kind == "kernel"                    ? &parts.kernels
                                                       : nullptr;
    if (!part) continue;
    const double ms = step.value("self_ns", step.at("total_ns").get<double>()) * 1e-6 / runs;
    for (Part* to : {part, part == &parts.kernels ? &parts.operators[op] : nullptr}) {
      if (!to) continue;
      to->ms += ms;
      to->flops += step.value("total_flops", 0.0) / runs;
      to->bytes += step.value("total_bytes", 0.0) / runs;
      ++to->steps;
    }
  }
  return parts;
}

double PerCent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

Bound KernelBound(const Parts& parts, const BoundFacts& facts, double whole) {
  const auto top = std::ranges::max_element(parts.operators, {},
                                            [](const auto& entry) { return entry.second.ms; });
  if (top == parts.operators.end()) return {"overhead", "there is no kernel in it", ""};
  const auto& [op, part] = *top;
  const double compute = facts.gflops > 0 ? part.flops / (part.ms * 1e6) / facts.gflops : 0;
  const double memory = facts.gbytes > 0 ? part.bytes / (part.ms * 1e6) / facts.gbytes : 0;
  Bound bound{"kernels", fmt::format("{}: {:.0f} % of the time", op, PerCent(part.ms, whole)), ""};
  const bool more_threads = facts.threads < facts.cores && !facts.accelerator;
  bound.advice =
      more_threads ? fmt::format("--threads {}", facts.cores) : "tenon profile tells each node";
  if (compute == 0 && memory == 0) return bound;
  bound.by = memory > compute ? "memory" : "compute";
  if (std::max(compute, memory) < 0.3) bound.by = "kernels";
  bound.summary += fmt::format(
      ", at {:.0f} % of {} multiply-adds and {:.0f} % of {} memory bandwidth ({})", 100 * compute,
      "peak", 100 * memory, "peak", facts.measured_peak ? "measured" : "declared");
  if (more_threads) return bound;
  if (bound.by == "memory") {
    bound.advice = "smaller weights (float16, int8), or a larger batch to read them for";
  } else if (bound.by == "compute") {
    bound.advice = "--class fast, or a backend with a faster " + op;
  } else {
    bound.advice = "a backend with a faster " + op + "; tenon profile tells each node";
  }
  return bound;
}

}  // namespace

Bound FindBound(const Json& profile, const BoundFacts& facts) {
  const Parts parts = Divide(profile);
  const double kernels = parts.kernels.ms, reorders = parts.reorders.ms, host = parts.host.ms;
  const double copies = parts.copies.ms + facts.copy_ms;
  const double steps = kernels + reorders + host + copies;
  const double whole = std::max(facts.run_ms, steps);
  const double overhead = whole - steps;
  const size_t count =
      parts.kernels.steps + parts.copies.steps + parts.reorders.steps + parts.host.steps;
  if (copies > 0.25 * whole && copies > host) {
    return {"copies",
            fmt::format("copies between memories: {:.0f} % of the time", PerCent(copies, whole)),
            "tenon explain tells which nodes are on another backend, and why"};
  }
  if (reorders > 0.25 * whole) {
    return {"copies",
            fmt::format("reorders of layouts: {:.0f} % of the time", PerCent(reorders, whole)),
            "tenon explain tells which kernels want which layout"};
  }
  if (host > 0.25 * whole) {
    return {"host",
            fmt::format("shapes and control flow on the host: {:.0f} % of the time",
                        PerCent(host, whole)),
            "fixed sizes (--dim NAME=V), so that it is done once, when the model is opened"};
  }
  if (overhead > 0.25 * whole && count > 0) {
    return {"overhead",
            fmt::format("{} steps: {:.0f} % of the time is between them, {} a step", count,
                        PerCent(overhead, whole),
                        Seconds(overhead * 1e-3 / static_cast<double>(count))),
            "a larger batch, or a backend that takes whole segments"};
  }
  return KernelBound(parts, facts, whole);
}

}  // namespace tenon::tools
