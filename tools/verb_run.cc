// tenon run: one run, and what came out.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "checks.h"
#include "files.h"
#include "output_files.h"
#include "session_flags.h"
#include "trace.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

struct RunFlags : SessionFlags {
  std::string output_dir;
  std::string profile;
  std::string trace;
  double timeout = 0;  // seconds; 0: none
};

int Run(const RunFlags& flags) {
  CheckOutputs(flags, {{"--profile", flags.profile}, {"--trace", flags.trace}});
  if (!flags.output_dir.empty()) PrepareFolder(flags.output_dir);
  const OpenedSession opened = Open(flags);
  std::vector<HostTensor> inputs = MakeInputs(*opened.session, flags);
  std::vector<Tensor> wrapped;
  for (HostTensor& input : inputs) wrapped.push_back(input.Wrap());
  if (!flags.profile.empty() || !flags.trace.empty()) opened.session->EnableProfile(true);
  std::vector<Tensor> outputs;
  RunOptions options;
  options.timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(flags.timeout));
  try {
    outputs = opened.session->Run(wrapped, options);
  } catch (const Error& error) {
    RethrowRunError(error, *opened.session, flags, inputs);
  }
  CheckViolations(*opened.runtime);
  nlohmann::ordered_json json = {{"version", 1}, {"outputs", nlohmann::ordered_json::array()}};
  const std::vector<ValueInfo> infos = opened.session->outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const tenon_tensor* output = outputs[i].get();
    const tenon_tensor_info info = InfoOf(output);
    const std::span<const int64_t> dims(info.dims, static_cast<size_t>(info.rank));
    const std::string file =
        flags.output_dir.empty() ? "" : WriteOutput(flags.output_dir, i, output);
    if (flags.json) {
      json["outputs"].push_back({{"name", infos[i].name},
                                 {"dtype", tenon_dtype_name(info.dtype)},
                                 {"shape", dims},
                                 {"summary", Summarise(output)},
                                 {"file", file}});
    } else {
      fmt::print("{}: {}  {}\n", infos[i].name, Describe(output), Summarise(output));
    }
  }
  if (flags.json) PrintJson(json);
  if (!flags.profile.empty()) {
    const std::string profile = opened.session->Profile();
    WriteFile(flags.profile, "", profile.data(), profile.size());
  }
  if (!flags.trace.empty()) {
    const std::string trace = TraceOf(opened.session->Profile(), flags.model);
    WriteFile(flags.trace, "", trace.data(), trace.size());
  }
  ReportFallback(*opened.session);
  return kOk;
}

}  // namespace

void AddRun(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("run", "Runs a model once");
  auto flags = std::make_shared<RunFlags>();
  flags->AddTo(*verb, true);
  verb->add_option("--threads", flags->threads, "Threads that compute; 0: one for each core");
  verb->add_option("--timeout", flags->timeout, "Ends a run that takes longer; 0: never")
      ->type_name("SECONDS")
      ->check(Between(0, 86400));
  verb->add_option("--output-dir", flags->output_dir,
                   "Writes DIR/output_<i>.npy in the graph's order; .pb for types that npy lacks")
      ->type_name("DIR");
  verb->add_option("--profile", flags->profile, "Writes the time of each step as JSON")
      ->type_name("FILE");
  verb->add_option("--trace", flags->trace, "Writes the steps as a trace for ui.perfetto.dev")
      ->type_name("FILE");
  verb->footer(
      "Inputs that are not given are random; dimensions that nobody gives are 1.\n"
      "Example: tenon run classifier.onnx -b reference --input "
      "x=@line.png:mean=127.5,scale=0.00784");
  verb->callback([flags, &action] { action = [flags] { return Run(*flags); }; });
}

}  // namespace tenon::tools
