// tenon bench: how long a model takes. One run is measured from inputs in the caller's memory to outputs in the caller's
// memory.
#include <fmt/format.h>

#include "bench/apart.h"
#include "bench/measure.h"
#include "bench/saved.h"
#include "bench/text.h"
#include "checks.h"
#include "files.h"
#include "host_facts.h"
#include "output_files.h"
#include "table.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

void CheckFlags(const BenchFlags& flags) {
  const bool compares = !flags.save.empty() || !flags.against.empty();
  if (flags.rate > 0 && compares) {
    throw Failure(kUsage,
                  "--rate can't be saved or compared: waiting depends on the rate more than on the "
                  "model (leave out --rate, or --save and --against)");
  }
  constexpr double kMostArrivals = 1e7;
  if (flags.rate * flags.seconds > kMostArrivals) {
    throw Failure(
        kUsage, fmt::format("--rate {} for {} s is {:.1e} runs (expected at most {:.0e})",
                            flags.rate, flags.seconds, flags.rate * flags.seconds, kMostArrivals));
  }
  if (!flags.save.empty()) CheckWritable("--save", flags.save);
  CheckOutputs(flags, {{"--save", flags.save}});
}

// What tells one point from another, before it is measured.
Json KeyOf(const Point& point) {
  Json key = PointKey(point);
  key["threads"] = point.threads != 0 ? point.threads : ReadHostFacts().cores;
  key["streams"] = point.flags.streams;
  return key;
}

Json MeasureOne(const Point& point, const Json* before, bool apart) {
  try {
    Json result =
        apart ? RunApart([&] { return MeasurePoint(point, before); }) : MeasurePoint(point, before);
    result.update(PointKey(point));
    return result;
  } catch (const Failure& failure) {
    if (point.label.empty()) throw;
    throw Failure(failure.code(), fmt::format("{}: {}", point.label, failure.what()));
  }
}

void Warn(const std::string& label, const std::string& text) {
  fmt::print(stderr, "tenon: {}{}{}\n", label, label.empty() ? "" : ": ", text);
}

int ExitCode(const std::vector<Json>& results) {
  int code = kOk;
  for (const Json& result : results) {
    const Json verdict = result.value(Json::json_pointer("/against/verdict"), Json());
    if (verdict == "SLOWER") return kMismatch;
    if (verdict == "CANNOT TELL") code = kNotWritable;
  }
  return code;
}

void Print(const BenchFlags& flags, const std::vector<Json>& results) {
  if (flags.json) {
    PrintJson(WholeResult(flags, results, false));
  } else if (results.size() == 1) {
    fmt::print("{}", PointText(results[0]));
  } else {
    fmt::print("{}", SweepText(results));
  }
}

int Bench(const BenchFlags& flags) {
  CheckFlags(flags);
  std::unique_ptr<SavedResult> saved;
  if (!flags.against.empty()) saved = std::make_unique<SavedResult>(flags.against);
  if (!flags.output_dir.empty()) PrepareFolder(flags.output_dir);
  const std::vector<Point> points = SweepPoints(flags);
  std::vector<const Json*> before;  // all are found before any is measured
  for (const Point& point : points) before.push_back(saved ? &saved->Find(KeyOf(point)) : nullptr);
  std::vector<Json> results;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points.size() > 1)
      Progress(fmt::format("{} of {}: {}", i + 1, points.size(), points[i].label));
    try {
      results.push_back(MeasureOne(points[i], before[i], points.size() > 1));
    } catch (const Failure&) {
      Progress("");
      if (!results.empty()) Print(flags, results);  // what there is
      throw;
    }
    Progress("");
    for (const Json& warning : results[i]["warnings"]) Warn(points[i].label, warning);
  }
  if (saved) {
    const Json whole = WholeResult(flags, results, false);
    for (size_t i = 0; i < points.size(); ++i) {
      const std::vector<std::string> differences =
          saved->Differences(*before[i], whole, results[i]);
      for (const std::string& difference : differences) Warn(points[i].label, difference);
      results[i]["against"]["file"] = flags.against;
      results[i]["against"]["differences"] = differences;
    }
  }
  Print(flags, results);
  if (!flags.save.empty()) {
    const std::string text = WholeResult(flags, results, true).dump() + "\n";
    WriteFile(flags.save, "", text.data(), text.size());
  }
  return ExitCode(results);
}

}  // namespace

void AddBench(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("bench", "Measures a model");
  auto flags = std::make_shared<BenchFlags>();
  flags->AddTo(*verb, true);
  verb->get_option("--backends")
      ->multi_option_policy(CLI::MultiOptionPolicy::Join)
      ->delimiter('\n')
      ->description(verb->get_option("--backends")->get_description() + ". Again: a sweep");
  verb->get_option("--dim")->description("Size of a symbolic dimension; a list is a sweep: N=1,8");
  verb->add_option("--threads", flags->thread_list,
                   "Threads that compute; 0: one for each core; a list is a sweep: 1,2")
      ->type_name("UINT");
  verb->add_option("--seconds", flags->seconds,
                   "How long to measure; what is saved or compared up to ten times as long, "
                   "where the host is busy")
      ->capture_default_str()
      ->check(Between(0, 86400));
  verb->add_option("--warmup", flags->warmup, "Seconds of runs before")
      ->capture_default_str()
      ->check(Between(0, 86400));
  verb->add_option("--streams", flags->streams, "Callers that run the model at the same time")
      ->capture_default_str()
      ->check(Between(1, 1024));
  CLI::Option* rate =
      verb->add_option("--rate", flags->rate,
                       "Runs a second that arrive, whether earlier ones have ended or not; latency "
                       "counts from the arrival")
          ->type_name("QPS")
          ->check(Between(0.001, 1e7));
  verb->add_option("--arrivals", flags->arrivals, "At --rate: poisson or fixed distances")
      ->capture_default_str()
      ->needs(rate)
      ->check(OneOf({"poisson", "fixed"}));
  verb->add_option("--save", flags->save, "Writes the result, to be compared with")
      ->type_name("FILE");
  CLI::Option* against =
      verb->add_option("--against", flags->against,
                       "Compares with a saved result: SAME, FASTER, SLOWER or CANNOT TELL")
          ->type_name("FILE");
  verb->add_option("--margin", flags->margin, "Per cent of difference that count as the same")
      ->capture_default_str()
      ->needs(against)
      ->check(Between(0.1, 50));
  verb->add_option("--output-dir", flags->output_dir,
                   "Writes the outputs of the last timed run; of a sweep, of its last point")
      ->type_name("DIR");
  verb->footer(
      "Each point of a sweep is measured in a process of its own. Exit codes: 1 SLOWER, 5 CANNOT "
      "TELL.\n"
      "Example: tenon bench resnet50.onnx --dim N=1,8 --threads 1,2 --seconds 5\n"
      "Example: tenon bench resnet50.onnx --save base.json; tenon bench resnet50.onnx --against "
      "base.json");
  verb->callback([flags, &action] { action = [flags] { return Bench(*flags); }; });
}

}  // namespace tenon::tools
