// The profile of a session as JSON.
#include <nlohmann/json.hpp>

#include "session.h"

namespace tenon::session {

using Json = nlohmann::ordered_json;
using program::StepKind;

Status Session::EnableProfile(bool on) {
  std::lock_guard lock(mutex_);
  if (on == profiling_) {
    if (on) executable_->EnableProfile(true);
    return Status();
  }
  profiling_ = on;
  if (executable_) executable_->EnableProfile(on);
  for (const auto& group : backends_.groups) {
    for (const auto& backend : group) {
      if (backend->profile() == nullptr || !executable_) continue;
      for (const auto& device : backend->devices()) {
        TENON_RETURN_IF_ERROR(backend->Take(backend->profile()->enable(device->handle(), on)));
      }
    }
  }
  if (on) {
    clocks_ = ReadClocks();
    model_->runtime()->StartProfile();
  } else {
    model_->runtime()->StopProfile();
  }
  return Status();
}

namespace {

Json StepJson(const execution::Executable& executable, const execution::StepProfile& row) {
  const program::Program& program = executable.program();
  const program::Step& step = program.steps[row.step];
  const graph::Node* node = step.node == program::kNone ? nullptr : &program.nodes[step.node].node;
  std::string op = node != nullptr ? node->op : "";
  std::string name = node != nullptr ? node->name : "";
  if (node == nullptr && step.kind == StepKind::kKernel) {
    const auto& segment = program.kernels[step.kernel].segment;
    op = segment.empty() ? "Reorder" : "segment";
    if (!segment.empty()) name = program.nodes[segment[0]].node.name;
  }
  return {
      {"step", row.step},
      {"node", name},
      {"op", op},
      {"backend", step.device == program::kNone ? "host" : program.devices[step.device].backend},
      {"kernel", executable.KernelName(row.step)},
      {"kind", program::StepKindName(step.kind)},
      {"calls", row.calls},
      {"total_ns", row.total_ns},
      {"min_ns", row.calls == 0 ? 0 : row.min_ns}};
}

}  // namespace

Session::Clocks Session::ReadClocks() const {
  Clocks clocks;
  for (const auto& group : backends_.groups) {
    for (const auto& backend : group) {
      if (backend->profile() == nullptr) continue;
      for (const auto& device : backend->devices()) {
        ClockPair now;
        const Status status = backend->Take(
            backend->profile()->clocks(device->handle(), &now.device_ns, &now.host_ns));
        if (status.ok()) clocks[{backend->name(), device->id()}] = now;
      }
    }
  }
  return clocks;
}

// The moment on the host's clock, by two moments at which both clocks were read: they need not run
// at one rate.
uint64_t Session::ClockPair::ToHost(const ClockPair& later, uint64_t at_ns) const {
  const auto device = static_cast<double>(later.device_ns - device_ns);
  const auto host = static_cast<double>(later.host_ns - host_ns);
  const double rate = device > 0 ? host / device : 1;
  const auto since = static_cast<double>(static_cast<int64_t>(at_ns - device_ns));
  return host_ns + static_cast<uint64_t>(static_cast<int64_t>(since * rate));
}

Session::Clocks Session::FlushProfile() const {
  std::lock_guard lock(mutex_);
  if (!profiling_) return clocks_;
  for (const auto& group : backends_.groups) {
    for (const auto& backend : group) {
      if (backend->profile() == nullptr || backend->profile()->flush == nullptr) continue;
      for (const auto& device : backend->devices())
        (void)backend->Take(backend->profile()->flush(device->handle()));
    }
  }
  return clocks_;
}

std::string Session::Profile() const {
  const Clocks begin = FlushProfile();
  const execution::Profile profile = executable_->GetProfile();
  Json steps = Json::array(), events = Json::array(), device_events = Json::array();
  for (const execution::StepProfile& row : profile.steps) {
    if (row.calls != 0) steps.push_back(StepJson(*executable_, row));
  }
  for (const execution::StepEvent& event : profile.events) {
    events.push_back({{"run", event.run},
                      {"step", event.step},
                      {"begin_ns", event.begin_ns},
                      {"end_ns", event.end_ns}});
  }
  const Clocks now = ReadClocks();
  for (const DeviceEvent& event : model_->runtime()->device_events()) {
    const auto first = begin.find({event.backend, event.device});
    const auto later = now.find({event.backend, event.device});
    if (first == begin.end() || later == now.end()) continue;  // of another session's backend
    device_events.push_back({{"backend", event.backend},
                             {"device", event.device},
                             {"name", event.name},
                             {"correlation_id", event.correlation_id},
                             {"begin_ns", first->second.ToHost(later->second, event.begin_ns)},
                             {"end_ns", first->second.ToHost(later->second, event.end_ns)}});
  }
  const Json out = {{"version", 1},
                    {"runs", profile.runs},
                    {"steps", std::move(steps)},
                    {"events", std::move(events)},
                    {"device_events", std::move(device_events)}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tenon::session
