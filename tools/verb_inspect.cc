// tenon inspect: what is in a model, at any stage on its way to a program.
#include <fmt/format.h>

#include "checks.h"
#include "files.h"
#include "inspect_text.h"
#include "nearest.h"
#include "session_flags.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

struct InspectFlags : SessionFlags {
  std::string stage, onnx, op, node;
};

// "placed" and "program" need a session; the others no backend.
std::string Stage(const InspectFlags& flags, const std::string& stage, tenon_format format) {
  if (stage == "placed" || stage == "program") {
    const OpenedSession opened = Open(flags, TENON_SESSION_KEEP_STAGES);
    try {
      return opened.session->Inspect(stage, format);
    } catch (const Error& error) {  // what only a backend can say has no ONNX
      throw Failure(kUsage, error.what());
    }
  }
  const std::unique_ptr<Runtime> runtime = MakeRuntime(1, flags.backend_files);
  bool model_stage = true;
  try {
    const Model model(*runtime, flags.model);
    model_stage = false;
    return model.InspectStage(stage, OptionsOf(flags), format);
  } catch (const Error& error) {
    if (error.code() == TENON_UNSUPPORTED) throw Failure(kModelRejected, error.what());
    RethrowOpenError(error, model_stage, flags);
  }
}

// The lines of nodes that --op and --node choose.
std::string Filtered(const std::string& dump, const InspectFlags& flags, const std::string& stage) {
  std::string lines;
  std::vector<std::string> ops, names;
  for (const DumpNode& node : NodesOf(dump)) {
    const bool of_op = flags.op.empty() || node.op == flags.op;
    if (of_op && (flags.node.empty() || node.name == flags.node)) lines += node.line + '\n';
    ops.push_back(node.op);
    if (of_op) names.push_back(node.name);
  }
  if (!lines.empty()) return lines;
  if (names.empty()) {
    throw Failure(kUsage, fmt::format("--op {}: the stage \"{}\" has no such node{}", flags.op,
                                      stage, DidYouMean(flags.op, ops)));
  }
  throw Failure(kUsage, fmt::format("--node {}: the stage \"{}\" has no such node{}", flags.node,
                                    stage, DidYouMean(flags.node, names)));
}

std::string WithModel(const std::string& text, const std::string& model) {
  Json json = {{"version", 1}, {"model", model}};
  json.update(Json::parse(text));
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

int Inspect(const InspectFlags& flags) {
  const bool filtered = !flags.op.empty() || !flags.node.empty();
  const bool summary = flags.stage.empty() && !filtered;
  const std::string stage = flags.stage.empty() ? "imported" : flags.stage;
  if (filtered && (flags.json || !flags.onnx.empty())) {
    throw Failure(kUsage,
                  "--op and --node choose lines of the printed graph: expected neither --json nor "
                  "--onnx");
  }
  if (filtered && (stage == "placed" || stage == "program")) {
    throw Failure(kUsage,
                  "--op and --node: expected --stage imported, canonical or optimised; explain "
                  "--nodes lists what is placed");
  }
  CheckOutputs(flags, {{"--onnx", flags.onnx}});
  if (!flags.onnx.empty()) {
    const std::string bytes = Stage(flags, stage, TENON_FORMAT_ONNX);
    WriteFile(flags.onnx, "", bytes.data(), bytes.size());
    fmt::print(stderr, "tenon: wrote {}\n", flags.onnx);
    if (!flags.json) return kOk;
  }
  if (flags.json) {
    fmt::print("{}\n", WithModel(Stage(flags, stage, TENON_FORMAT_JSON), flags.model));
    return kOk;
  }
  if (summary) {
    const std::string json = Stage(flags, stage, TENON_FORMAT_JSON);
    fmt::print("{}", InspectText(Json::parse(WithModel(json, flags.model))));
    return kOk;
  }
  std::string text = Stage(flags, stage, TENON_FORMAT_TEXT);
  if (filtered) text = Filtered(text, flags, stage);
  fmt::print("{}{}", text, text.empty() || text.ends_with('\n') ? "" : "\n");
  return kOk;
}

}  // namespace

void AddInspect(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand(
      "inspect", "Shows a model: inputs, operators, parameters, work; its graph at any stage");
  auto flags = std::make_shared<InspectFlags>();
  flags->AddTo(*verb, false);
  verb->add_option("--stage", flags->stage,
                   "Prints the graph: imported, canonical, optimised, placed or program")
      ->check(OneOf({"imported", "canonical", "optimised", "placed", "program"}));
  verb->add_option("--onnx", flags->onnx, "Writes the stage's graph as an ONNX file")
      ->type_name("FILE");
  verb->add_option("--op", flags->op, "Prints only nodes of this operator")->type_name("NAME");
  verb->add_option("--node", flags->node, "Prints only the node of this name")->type_name("NAME");
  verb->footer(
      "Without --stage a summary; dimensions that --dim does not give count as 1 in its FLOP and "
      "bytes.\n"
      "Example: tenon inspect model.onnx --dim N=8");
  verb->callback([flags, &action] { action = [flags] { return Inspect(*flags); }; });
}

}  // namespace tenon::tools
