// tenon explain: which node runs where, why not elsewhere, what it costs, and what would help.
#include <fmt/format.h>

#include <chrono>

#include "explain_report.h"
#include "files.h"
#include "session_flags.h"
#include "table.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

constexpr double kMeasureSeconds = 1;
constexpr size_t kListed = 10;

struct ExplainFlags : SessionFlags {
  bool measure = false, nodes = false;
  std::string profile, html, onnx;
};

// Runs the model for a second; "" where nobody takes all of it.
std::string Measure(const Runtime& runtime, const Model& model, const ExplainFlags& flags) {
  std::unique_ptr<Session> session;
  SessionOptions options = OptionsOf(flags);
  options.fallback = TENON_FALLBACK_REPORT;
  try {
    session = std::make_unique<Session>(model, options);
  } catch (const Error& error) {
    if (error.code() == TENON_UNSUPPORTED) return "";
    RethrowOpenError(error, false, flags);
  }
  std::vector<HostTensor> inputs = MakeInputs(*session, flags);
  std::vector<Tensor> wrapped;
  for (HostTensor& input : inputs) wrapped.push_back(input.Wrap());
  try {
    session->Run(wrapped);
    session->EnableProfile(true);
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double>(kMeasureSeconds);
    do {
      session->Run(wrapped);
    } while (Clock::now() < end);
  } catch (const Error& error) {
    RethrowRunError(error, *session, flags, inputs);
  }
  CheckViolations(runtime);
  return session->Profile();
}

// The first ten rows that `wanted` picks, with why.
template <typename F>
std::string FirstTen(const ExplainJson& report, const std::string& what, F wanted) {
  std::string text;
  size_t count = 0;
  for (const ExplainJson& row : report["rows"]) {
    if (!wanted(row) || ++count > kListed) continue;
    text += fmt::format("\n  {} \"{}\"", row["op"].get<std::string>(), NameOf(row));
    std::string separator = ": ";
    for (const ExplainJson& why : report["groups"][row["group"].get<size_t>()]["why_not"]) {
      text += std::exchange(separator, "; ") + why["backend"].get<std::string>() + ": " +
              why["message"].get<std::string>();
    }
  }
  if (count > kListed) text += fmt::format("\n  and {} more", count - kListed);
  return fmt::format("{} {} of {} nodes:{}", what, count, report["totals"]["nodes"].get<uint64_t>(),
                     text);
}

int ExitCodeOf(const ExplainJson& report, const ExplainFlags& flags) {
  if (report["totals"]["nobody"] != 0) {
    throw Failure(kBackendFailed, FirstTen(report, "no backend takes", [](const ExplainJson& row) {
                    return row["kind"] == "nobody";
                  }));
  }
  if (flags.fallback == "forbid" && report["totals"]["fallbacks"] != 0) {
    throw Failure(kBackendFailed,
                  FirstTen(report, "the first backends do not take",
                           [](const ExplainJson& row) { return row["fallback"].get<bool>(); }));
  }
  return kOk;
}

void WriteText(const std::string& path, const std::string& text) {
  WriteFile(path, "", text.data(), text.size());
  fmt::print(stderr, "tenon: wrote {}\n", path);
}

std::string ExplainAs(const Model& model, const ExplainFlags& flags, const std::string& profile,
                      tenon_format format) {
  try {
    return model.Explain(OptionsOf(flags), format, profile);
  } catch (const Error& error) {
    if (!profile.empty() && error.code() == TENON_INVALID_ARGUMENT)
      throw Failure(kUsage, flags.profile + ": " + error.what());
    RethrowOpenError(error, false, flags);
  }
}

int Explain(const ExplainFlags& flags) {
  CheckOutputs(flags, {{"--html", flags.html}, {"--onnx", flags.onnx}});
  std::string profile = flags.profile.empty() ? "" : ReadFile(flags.profile);
  const std::unique_ptr<Runtime> runtime =
      MakeRuntime(flags.threads, flags.backend_files, false, flags.cache);
  std::unique_ptr<Model> model;
  try {
    model = std::make_unique<Model>(*runtime, flags.model);
  } catch (const Error& error) {
    RethrowOpenError(error, true, flags);
  }
  if (flags.measure) profile = Measure(*runtime, *model, flags);
  ExplainJson report = {{"version", 1}, {"model", flags.model}};
  report.update(ExplainJson::parse(ExplainAs(*model, flags, profile, TENON_FORMAT_JSON)));
  CheckViolations(*runtime);
  if (flags.json) {
    fmt::print("{}\n", report.dump(1, ' ', false, ExplainJson::error_handler_t::replace));
  } else {
    fmt::print("{}", ExplainText(report, flags.nodes));
  }
  if (!flags.html.empty()) WriteText(flags.html, ExplainHtml(report));
  if (!flags.onnx.empty())
    WriteText(flags.onnx, ExplainAs(*model, flags, profile, TENON_FORMAT_ONNX));
  return ExitCodeOf(report, flags);
}

}  // namespace

void AddExplain(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Tells where each node runs, why not on the backends before it, and what helps");
  auto flags = std::make_shared<ExplainFlags>();
  flags->AddTo(*verb, true);
  verb->add_option("--threads", flags->threads, "Threads that compute; 0: one for each core");
  auto* measure = verb->add_flag("--measure", flags->measure,
                                 "Runs the model for a second and tells measured times");
  verb->get_option("--input")->needs(measure);
  verb->add_option("--profile", flags->profile,
                   "Takes measured times from what run --profile wrote, for the same options")
      ->type_name("FILE")
      ->excludes(measure);
  verb->add_flag("--nodes", flags->nodes, "Lists each node");
  verb->add_option("--html", flags->html, "Writes the report as a page in one file")
      ->type_name("FILE");
  verb->add_option("--onnx", flags->onnx,
                   "Writes the optimised graph with the report in each node, for Netron")
      ->type_name("FILE");
  verb->footer(
      "A dimension that --dim does not give counts as 16 in modelled costs.\n"
      "Costs are modelled, unless --measure or --profile is given. Exit code 4: no backend takes a "
      "node, or one falls back and --fallback forbid is given.\n"
      "Example: tenon explain model.onnx -b simulator,reference --set simulator.claim=seed:7");
  verb->callback([flags, &action] { action = [flags] { return Explain(*flags); }; });
}

}  // namespace tenon::tools
