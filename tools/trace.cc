#include "trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

// Tracks of a device come behind those of threads.
constexpr size_t kFirstDeviceTrack = 1'000'000, kTracksOfDevice = 1'000;

class TraceWriter {
 public:
  explicit TraceWriter(const Json& profile) : profile_(profile) {
    for (const Json& step : profile["steps"]) steps_[step["step"]] = &step;
    first_ns_ = UINT64_MAX;
    for (const char* list : {"events", "device_events"}) {
      for (const Json& event : profile[list])
        first_ns_ = std::min(first_ns_, event["begin_ns"].get<uint64_t>());
    }
  }

  std::string Write(const std::string& model) {
    Process("host");
    for (const Json& event : profile_["events"]) AddEvent(event);
    AddDeviceEvents();
    // Tracks nest: what begins earlier, or ends later, is around what comes behind it.
    std::ranges::stable_sort(slices_, [](const Slice& a, const Slice& b) {
      return a.begin_ns != b.begin_ns ? a.begin_ns < b.begin_ns : a.end_ns > b.end_ns;
    });
    for (const Slice& slice : slices_) AddSlice(slice);
    const Json other = {{"producer", "tenon"},
                        {"model", model},
                        {"runs", profile_["runs"]},
                        {"events_left_out", profile_["events_left_out"]},
                        {"device_events_left_out", profile_["device_events_left_out"]}};
    return fmt::format(
        "{{\"displayTimeUnit\": \"ns\",\n\"otherData\": {},\n\"traceEvents\": [{}\n]}}\n",
        Dump(other), text_);
  }

 private:
  struct Slice {
    size_t process = 0, track = 0;
    uint64_t begin_ns = 0, end_ns = 0, flow = 0;
    bool from_device = false;
    std::string name = {}, category = {};
    Json arguments = {};
  };

  static std::string Dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  void Emit(const Json& event) {
    text_ += text_.empty() ? "\n" : ",\n";
    text_ += Dump(event);
  }
  void Name(const char* what, size_t process, size_t track, const std::string& name) {
    Emit({{"name", what},
          {"ph", "M"},
          {"ts", 0},
          {"pid", process},
          {"tid", track},
          {"args", {{"name", name}}}});
  }
  size_t Process(const std::string& backend) {
    const auto [found, added] = processes_.emplace(backend, processes_.size() + 1);
    if (added) Name("process_name", found->second, 0, backend);
    return found->second;
  }
  size_t Track(size_t process, size_t track, const std::string& name) {
    if (tracks_.emplace(std::pair(process, track), true).second)
      Name("thread_name", process, track, name);
    return track;
  }
  size_t ThreadTrack(size_t process, const Json& event) {
    const size_t track = event["thread"].get<size_t>() + 1;
    return Track(process, track, fmt::format("thread {}", track));
  }
  // Microseconds with the nanoseconds behind the point.
  Json Time(uint64_t ns) const {
    return Json::parse(fmt::format("{}.{:03}", ns / 1000, ns % 1000));
  }

  void AddEvent(const Json& event) {
    const uint64_t id = event["correlation_id"];
    Slice slice{.process = 1,
                .begin_ns = event["begin_ns"],
                .end_ns = event["end_ns"],
                .flow = id,
                .arguments = {{"run", event["run"]}}};
    if (event["kind"] == "step") {
      const auto found = steps_.find(event["step"]);
      if (found == steps_.end()) return;  // it was called while the profile was read
      const Json& step = *found->second;
      const std::string kind = step["kind"], op = step["op"], node = step["node"];
      slice.process = Process(step["backend"]);
      slice.category = op.empty() ? kind : op;
      slice.name = !node.empty() ? node : slice.category;
      for (const char* key :
           {"node", "op", "kind", "kernel", "value", "inputs", "outputs", "bytes", "flops"}) {
        const Json& value = step[key];
        if (!value.empty() && value != "" && value != 0) slice.arguments[key] = value;
      }
      if (id != 0) causes_[id] = true;
    } else {
      slice.category = event["kind"];
      slice.name = slice.category;
      const auto parent =
          steps_.find(event["parent"].is_null() ? SIZE_MAX : event["parent"].get<size_t>());
      if (parent != steps_.end()) slice.arguments["of"] = (*parent->second)["node"];
    }
    slice.track = ThreadTrack(slice.process, event);
    slices_.push_back(std::move(slice));
  }

  // Work on two queues of a device may overlap: each gets the first track that is free.
  void AddDeviceEvents() {
    std::vector<const Json*> events;
    for (const Json& event : profile_["device_events"]) events.push_back(&event);
    std::ranges::stable_sort(events, {},
                             [](const Json* e) { return (*e)["begin_ns"].get<uint64_t>(); });
    std::map<std::pair<std::string, uint32_t>, std::vector<uint64_t>> ends;  // of a device's tracks
    for (const Json* event : events) {
      const std::string backend = (*event)["backend"];
      const uint32_t device = (*event)["device"];
      const uint64_t begin = (*event)["begin_ns"],
                     end = std::max<uint64_t>(begin, (*event)["end_ns"]);
      std::vector<uint64_t>& busy = ends[{backend, device}];
      auto free = std::ranges::find_if(busy, [begin](uint64_t until) { return until <= begin; });
      if (free == busy.end()) free = busy.insert(free, 0);
      *free = end;
      const size_t process = Process(backend), lane = static_cast<size_t>(free - busy.begin());
      const size_t track = kFirstDeviceTrack + device * kTracksOfDevice + lane;
      Track(process, track,
            lane == 0 ? fmt::format("device {}", device)
                      : fmt::format("device {}, at the same time {}", device, lane + 1));
      const uint64_t id = (*event)["correlation_id"];
      slices_.push_back({process,
                         track,
                         begin,
                         end,
                         causes_.count(id) ? id : 0,
                         true,
                         (*event)["name"],
                         "device",
                         {{"correlation_id", id}}});
    }
  }

  void AddSlice(const Slice& slice) {
    const Json begin = Time(slice.begin_ns - first_ns_);
    Emit({{"name", slice.name},
          {"cat", slice.category},
          {"ph", "X"},
          {"ts", begin},
          {"dur", Time(slice.end_ns - slice.begin_ns)},
          {"pid", slice.process},
          {"tid", slice.track},
          {"args", slice.arguments}});
    if (slice.flow == 0 || profile_["device_events"].empty()) return;
    Json flow = {{"name", "runs"},    {"cat", "device"}, {"ph", slice.from_device ? "f" : "s"},
                 {"id", slice.flow},  {"ts", begin},     {"pid", slice.process},
                 {"tid", slice.track}};
    if (slice.from_device) flow["bp"] = "e";
    Emit(flow);
  }

  const Json& profile_;
  std::map<size_t, const Json*> steps_;  // by number
  std::map<std::string, size_t> processes_;
  std::map<std::pair<size_t, size_t>, bool> tracks_;
  std::map<uint64_t, bool> causes_;  // correlation ids of steps
  std::vector<Slice> slices_;
  uint64_t first_ns_;
  std::string text_;
};

}  // namespace

std::string TraceOf(const std::string& profile, const std::string& model) {
  const Json json = Json::parse(profile);
  return TraceWriter(json).Write(model);
}

}  // namespace tenon::tools
