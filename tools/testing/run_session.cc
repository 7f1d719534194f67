// One session, many runs: what tests of whole models drive from another language.
//
// usage: run_session MODEL [-b LIST] [--set BACKEND.OPTION=VALUE] [--plan-cache BYTES] ...
//
// Each line of stdin is a run as JSON: {"inputs": {NAME: SPEC}, "output_dir": DIR}, with the specs of
// `tenon run --input`. Each is answered by one line: {"outputs": [FILE...], "statistics": {...}}, or
// {"error": MESSAGE, "statistics": {...}}. Ends at the end of stdin; the exit codes are tenon's.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "output_files.h"
#include "process_memory.h"
#include "session_flags.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

Json Statistics(const Session& session) {
  const tenon_session_stats stats = session.statistics();
  return {{"plans", stats.plan_count},          {"replans", stats.replan_count},
          {"plan_bytes", stats.plan_bytes},     {"charged_bytes", stats.charged_bytes},
          {"arena_bytes", stats.arena_bytes},   {"copies", stats.copy_count},
          {"copied_bytes", stats.copied_bytes}, {"resident_bytes", ResidentBytes()}};
}

Json RunOnce(const OpenedSession& opened, SessionFlags flags, const Json& request) {
  const std::string folder = request.at("output_dir");
  PrepareFolder(folder);
  for (const auto& [name, spec] : request.at("inputs").items())
    flags.inputs.push_back(name + "=" + spec.get<std::string>());
  std::vector<HostTensor> inputs = MakeInputs(*opened.session, flags);
  std::vector<Tensor> wrapped;
  for (HostTensor& input : inputs) wrapped.push_back(input.Wrap());
  const std::vector<Tensor> outputs = opened.session->Run(wrapped);
  Json files = Json::array();
  for (size_t i = 0; i < outputs.size(); ++i)
    files.push_back(WriteOutput(folder, i, outputs[i].get()));
  return {{"outputs", files}};
}

int Main(int argc, char** argv) {
  CLI::App app("Runs a model as stdin says.");
  SessionFlags flags;
  flags.AddTo(app, false);
  app.add_option("--threads", flags.threads, "Threads that compute; 0: one for each core");
  CLI11_PARSE(app, argc, argv);
  const OpenedSession opened = Open(flags);
  for (std::string line; std::getline(std::cin, line);) {
    Json answer;
    try {
      answer = RunOnce(opened, flags, Json::parse(line));
    } catch (const Error& error) {
      answer = {{"error", error.what()}};
    }
    answer["statistics"] = Statistics(*opened.session);
    fmt::print("{}\n", answer.dump());
    std::fflush(stdout);
  }
  CheckViolations(*opened.runtime);
  return kOk;
}

}  // namespace
}  // namespace tenon::tools

int main(int argc, char** argv) {
  try {
    return tenon::tools::Main(argc, argv);
  } catch (const tenon::tools::Failure& failure) {
    fmt::print(stderr, "run_session: {}\n", failure.what());
    return failure.code();
  } catch (const std::exception& error) {
    fmt::print(stderr, "run_session: {}\n", error.what());
    return tenon::tools::kBackendFailed;
  }
}
