#include "bench/saved.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "bench/calibration.h"
#include "bench/verdict.h"
#include "files.h"
#include "host_facts.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kWork[] = {"dims", "threads", "streams", "inputs"};

// FNV-1a over words of eight bytes, in four lanes: enough to tell models apart, and as fast as the file is read.
std::string Fingerprint(const std::string& path, uint64_t* bytes) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> part(1 << 20);
  uint64_t lanes[4] = {1, 2, 3, 4};
  *bytes = 0;
  while (file) {
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    const auto got = static_cast<size_t>(file.gcount());
    *bytes += got;
    std::fill(part.begin() + static_cast<ptrdiff_t>(got), part.end(), '\0');
    for (size_t i = 0; i < (got + 31) / 32 * 4; ++i) {
      uint64_t word = 0;
      std::memcpy(&word, part.data() + i * 8, 8);
      lanes[i % 4] = (lanes[i % 4] ^ word) * 0x100000001B3;
    }
  }
  uint64_t all = *bytes;
  for (const uint64_t lane : lanes) all = (all ^ lane) * 0x100000001B3;
  return fmt::format("{:016x}", all);
}

Json HostJson() {
  const HostFacts& facts = ReadHostFacts();
  return {{"processor", facts.processor},
          {"instruction_sets", facts.instruction_sets},
          {"cores", facts.cores},
          {"memory_bytes", facts.memory_bytes},
          {"calibration", {{"version", kCalibrationVersion}, {"build", __VERSION__}}}};
}

std::string Describe(const Json& point) {
  std::string text = fmt::format("threads {}", point.value("threads", 0));
  for (const Json& dim : point.value("dims", Json::array())) text += ", " + dim.get<std::string>();
  if (point.value("streams", 1) != 1) text += fmt::format(", streams {}", point["streams"].dump());
  for (const Json& input : point.value("inputs", Json::array()))
    text += ", input " + input.get<std::string>();
  return text;
}

// Throws where something that is read later isn't there or has another type.
void CheckPoint(const Json& point) {
  if (!point.contains("series"))
    throw std::runtime_error("no series of times, which --json's output lacks");
  ReadSeries(point.at("series"));
  static_cast<void>(Describe(point));
  for (const char* key : {"requested_backends", "class", "processor"})
    static_cast<void>(point.at(key).get<std::string>());
}

}  // namespace

Json PointKey(const Point& point) {
  return {{"requested_backends", point.flags.backends},
          {"dims", point.flags.dims},
          {"class", point.flags.numerics},
          {"settings", point.flags.settings},
          {"inputs", point.flags.inputs}};
}

Json WholeResult(const BenchFlags& flags, const std::vector<Json>& points, bool with_series) {
  uint64_t bytes = 0;
  const std::string fingerprint = Fingerprint(flags.model, &bytes);
  Json whole = {{"version", 1},
                {"model", flags.model},
                {"model_bytes", bytes},
                {"model_fingerprint", fingerprint},
                {"tenon", tenon_version()},
                {"host", HostJson()}};
  Json results = points;
  if (!with_series) {
    for (Json& point : results) point.erase("series");
  }
  if (results.size() == 1)
    whole.update(results[0]);
  else
    whole["results"] = std::move(results);
  return whole;
}

SavedResult::SavedResult(const std::string& path) : path_(path) {
  const auto refuse = [&](const std::string& what) {
    throw Failure(kUsage, fmt::format("--against {}: {}", path, what));
  };
  whole_ = Json::parse(ReadFile(path), nullptr, false);
  if (whole_.is_discarded() || !whole_.is_object() || !whole_.contains("version"))
    refuse("no result of tenon bench (expected a file that --save wrote)");
  if (whole_["version"] != 1)
    refuse("version " + whole_["version"].dump() + " of the format (expected 1): measure it anew");
  const Json calibration = whole_.value(Json::json_pointer("/host/calibration"), Json());
  const Json own = {{"version", kCalibrationVersion}, {"build", __VERSION__}};
  if (calibration != own) {
    refuse(
        fmt::format("its calibration {} can't be compared with this program's {}: measure it anew "
                    "with a program that the same compiler built",
                    calibration.dump(), own.dump()));
  }
  try {
    for (const Json* point : Points()) CheckPoint(*point);
  } catch (const std::exception& error) {
    refuse(fmt::format("damaged, or not from --save: {}", error.what()));
  }
}

// One, or those of a sweep.
std::vector<const Json*> SavedResult::Points() const {
  if (!whole_.contains("results")) return {&whole_};
  std::vector<const Json*> points;
  if (!whole_["results"].is_array() || whole_["results"].empty())
    throw std::runtime_error("\"results\" is no list of measurements");
  for (const Json& point : whole_["results"]) points.push_back(&point);
  return points;
}

const Json& SavedResult::Find(const Json& result) const {
  std::vector<const Json*> same;
  std::string known;
  const auto look = [&](const Json& point) {
    known += (known.empty() ? "" : "; ") + Describe(point);
    for (const char* key : kWork) {
      if (point.value(key, Json()) != result.value(key, Json())) return;
    }
    same.push_back(&point);
  };
  for (const Json* point : Points()) look(*point);
  if (same.empty()) {
    throw Failure(kUsage, fmt::format("--against {}: has no measurement with {} (it has: {})",
                                      path_, Describe(result), known));
  }
  for (const Json* point : same) {
    if (point->value("requested_backends", "") == result.value("requested_backends", ""))
      return *point;
  }
  if (same.size() > 1) {
    throw Failure(
        kUsage, fmt::format("--against {}: has {} measurements with {}, none of -b '{}'", path_,
                            same.size(), Describe(result), result.value("requested_backends", "")));
  }
  return *same.front();
}

std::vector<std::string> SavedResult::Differences(const Json& saved_point, const Json& whole,
                                                  const Json& point) const {
  std::vector<std::string> out;
  const auto compare = [&](const char* what, const Json& before, const Json& now) {
    if (before != now)
      out.push_back(fmt::format("{} was {}, is {}", what, before.dump(), now.dump()));
  };
  if (whole_.value("model_fingerprint", "") != whole.value("model_fingerprint", ""))
    out.push_back(fmt::format("the model was another: {}", whole_.value("model", "?")));
  compare("-b", saved_point.value("requested_backends", ""), point.value("requested_backends", ""));
  compare("backends", saved_point.value("backends", Json()), point.value("backends", Json()));
  compare("--class", saved_point.value("class", ""), point.value("class", ""));
  compare("--set", saved_point.value("settings", Json()), point.value("settings", Json()));
  compare("the processor", saved_point.value("processor", ""), point.value("processor", ""));
  return out;
}

}  // namespace tenon::tools
