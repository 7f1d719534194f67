// Results that `tenon bench --save` wrote, and which of them a measurement may be compared with.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/sweep.h"

namespace tenon::tools {

// All that `tenon bench` found: with one point its keys stand at the top, with several in "results". Without what only
// --against needs where `with_series` is false.
nlohmann::ordered_json WholeResult(const BenchFlags& flags,
                                   const std::vector<nlohmann::ordered_json>& points,
                                   bool with_series);
// What tells one point from another, for its result: "requested_backends", "dims", "class", "settings", "inputs".
nlohmann::ordered_json PointKey(const Point& point);

class SavedResult {
 public:
  // Throws Failure(kUsage): no such file, not one that --save wrote, or with times that can't be compared with this
  // program's.
  explicit SavedResult(const std::string& path);
  // The result of the same work as `result`: sizes, threads, callers and inputs. Where there are several, that of the
  // same backends. Throws Failure(kUsage) that says what the file has.
  const nlohmann::ordered_json& Find(const nlohmann::ordered_json& result) const;
  // What differs and may be what is compared: the model, backends, options, the processor; one sentence each.
  std::vector<std::string> Differences(const nlohmann::ordered_json& saved_point,
                                       const nlohmann::ordered_json& whole,
                                       const nlohmann::ordered_json& point) const;

 private:
  std::vector<const nlohmann::ordered_json*> Points() const;
  std::string path_;
  nlohmann::ordered_json whole_;
};

}  // namespace tenon::tools
