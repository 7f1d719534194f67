// The profile of a session as JSON.
#include <map>
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
  if (on) model_->runtime()->StartProfile();
  if (executable_) executable_->EnableProfile(on);
  Status first;
  for (const auto& group : backends_.groups) {
    for (const auto& backend : group) {
      if (backend->profile() == nullptr || !executable_) continue;
      for (const auto& device : backend->devices()) {
        Status status = backend->Take(backend->profile()->enable(device->handle(), on));
        if (first.ok()) first = std::move(status);
      }
    }
  }
  if (on)
    clocks_ = ReadClocks();
  else
    model_->runtime()->StopProfile();
  return first;
}

namespace {

// Steps get numbers over the program and its subprograms: those of the program as they stand there, then those of its
// first subprogram, and so on, depth first.
class ProfileWriter {
 public:
  // Also all events; gives how long the steps of the program took, in all calls.
  uint64_t Write(const execution::Executable& executable, const Json& parent, const char* branch) {
    const execution::Profile profile = executable.GetProfile();
    const size_t first = next_;
    next_ += profile.steps.size();
    parts_[profile.program] = {first, parent};
    uint64_t total_ns = 0;
    for (const execution::StepProfile& row : profile.steps) {
      if (row.calls == 0) continue;
      total_ns += row.total_ns;
      const size_t at = steps_.size();
      steps_.push_back(StepJson(executable, row, first + row.step, parent, branch));
      uint64_t inner_ns = 0;
      const auto subprograms = executable.Subprograms(row.step);
      for (size_t i = 0; i < subprograms.size(); ++i) {
        const char* const kBranches[] = {"then_branch", "else_branch"};
        const bool branches = steps_[at]["op"] == "If" && i < 2;
        inner_ns += Write(*subprograms[i], first + row.step, branches ? kBranches[i] : "body");
      }
      steps_[at]["self_ns"] = row.total_ns > inner_ns ? row.total_ns - inner_ns : 0;
    }
    if (profile.program == 0) WriteEvents(profile);
    return total_ns;
  }
  Json TakeSteps() { return std::move(steps_); }
  Json TakeEvents() { return std::move(events_); }

 private:
  struct Part {
    size_t first = 0;
    Json parent;
  };

  static Json Described(const program::Program& program, const std::vector<uint32_t>& arguments,
                        const std::vector<Shape>& shapes) {
    Json out = Json::array();
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i] == program::kNone) {
        out.push_back("");
        continue;
      }
      const program::LogicalValue& value = program.logical[program.physical[arguments[i]].logical];
      std::string text(DataTypeName(value.type));
      out.push_back(value.is_object() ? text : text + shapes[i].ToString());
    }
    return out;
  }

  static Json StepJson(const execution::Executable& executable, const execution::StepProfile& row,
                       size_t number, const Json& parent, const char* branch) {
    const program::Program& program = executable.program();
    const program::Step& step = program.steps[row.step];
    const graph::Node* node =
        step.node == program::kNone ? nullptr : &program.nodes[step.node].node;
    std::string op = node != nullptr ? node->op : "";
    std::string name = node != nullptr ? node->name : "";
    size_t nodes = node != nullptr;
    if (node == nullptr && step.kind == StepKind::kKernel) {
      const auto& segment = program.kernels[step.kernel].segment;
      op = segment.empty() ? "Reorder" : "segment";
      if (!segment.empty()) name = program.nodes[segment[0]].node.name;
      nodes = segment.size();
    }
    const bool moves =
        step.kind == StepKind::kCopy || (nodes == 0 && step.kernel != program::kNone);
    const uint32_t moved = moves ? program.physical[step.inputs[0]].logical : program::kNone;
    const bool on_host = step.device == program::kNone;
    return {{"step", number},
            {"parent", parent},
            {"branch", branch},
            {"node", name},
            {"nodes", nodes},
            {"op", op},
            {"backend", on_host ? "host" : program.devices[step.device].backend},
            {"device", on_host ? 0 : program.devices[step.device].id},
            {"kernel", executable.KernelName(row.step)},
            {"kind", program::StepKindName(step.kind)},
            {"value", moves ? program.logical[moved].name : ""},
            {"calls", row.calls},
            {"total_ns", row.total_ns},
            {"self_ns", row.total_ns},
            {"min_ns", row.min_ns},
            {"flops", row.flops},
            {"bytes", row.bytes},
            {"total_flops", row.total_flops},
            {"total_bytes", row.total_bytes},
            {"inputs", Described(program, step.inputs, row.inputs)},
            {"outputs", Described(program, step.outputs, row.outputs)}};
  }

  void WriteEvents(const execution::Profile& profile) {
    using Kind = execution::ProfileEvent::Kind;
    static constexpr const char* kNames[] = {"step", "run", "copy_in", "copy_out"};
    for (const execution::ProfileEvent& event : profile.events) {
      const auto part = parts_.find(event.program);
      if (part == parts_.end()) continue;  // of a subprogram whose step has not ended yet
      const bool is_step = event.kind == Kind::kStep;
      events_.push_back({{"kind", kNames[static_cast<size_t>(event.kind)]},
                         {"run", event.run},
                         {"step", is_step ? Json(part->second.first + event.step) : Json()},
                         {"parent", part->second.parent},
                         {"thread", event.thread},
                         {"correlation_id", event.correlation_id},
                         {"begin_ns", event.begin_ns},
                         {"end_ns", event.end_ns}});
    }
  }

  size_t next_ = 0;
  std::map<uint32_t, Part> parts_;  // by number of the program
  Json steps_ = Json::array(), events_ = Json::array();
};

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
  ProfileWriter writer;
  writer.Write(*executable_, Json(), "");
  Json device_events = Json::array();
  const Clocks now = ReadClocks();
  uint64_t left_out = 0;
  for (const DeviceEvent& event : model_->runtime()->device_events(&left_out)) {
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
                    {"steps", writer.TakeSteps()},
                    {"events", writer.TakeEvents()},
                    {"events_left_out", profile.events_left_out},
                    {"device_events", std::move(device_events)},
                    {"device_events_left_out", left_out}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tenon::session
