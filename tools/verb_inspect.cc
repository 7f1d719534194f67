// tenon inspect: what is in a model, at any stage on its way to a program.
#include <fmt/format.h>

#include "npy.h"
#include "session_flags.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

struct InspectFlags : SessionFlags {
  std::string stage;
  std::string onnx;
};

std::string DescribeValue(const ValueInfo& value) {
  std::string dims;
  for (size_t i = 0; i < value.dims.size(); ++i) {
    const std::string dim = value.dims[i] >= 0         ? fmt::format("{}", value.dims[i])
                            : value.symbols[i].empty() ? "?"
                                                       : value.symbols[i];
    dims += (i ? ", " : "") + dim;
  }
  return fmt::format("{}: {}[{}]", value.name, tenon_dtype_name(value.dtype),
                     value.has_rank ? dims : "...");
}

void PrintModel(const Model& model) {
  for (const ValueInfo& input : model.inputs()) fmt::print("input   {}\n", DescribeValue(input));
  for (const ValueInfo& output : model.outputs()) fmt::print("output  {}\n", DescribeValue(output));
  for (const auto& [key, value] : model.metadata()) {
    fmt::print("meta    {} = {}\n", key, value.size() > 60 ? value.substr(0, 60) + "..." : value);
  }
}

std::string InspectStage(const InspectFlags& flags, tenon_format format) {
  if (flags.stage == "imported") {
    const std::unique_ptr<Runtime> runtime = MakeRuntime(1);
    try {
      const Model model(*runtime, flags.model);
      return model.Inspect(format);
    } catch (const Error& error) {
      throw Failure(kModelRejected, error.what());
    }
  }
  const OpenedSession opened = Open(flags, TENON_SESSION_KEEP_STAGES);
  try {
    return opened.session->Inspect(flags.stage, format);
  } catch (const Error& error) {
    throw Failure(kUsage, error.what());
  }
}

int Inspect(const InspectFlags& flags) {
  InspectFlags chosen = flags;
  const bool summary = flags.stage.empty();
  if (summary) chosen.stage = "imported";
  if (!flags.onnx.empty()) {
    const std::string bytes = InspectStage(chosen, TENON_FORMAT_ONNX);
    WriteFile(flags.onnx, "", bytes.data(), bytes.size());
    fmt::print("{}: {} bytes\n", flags.onnx, bytes.size());
    return kOk;
  }
  if (summary && !flags.json) {
    const std::unique_ptr<Runtime> runtime = MakeRuntime(1);
    try {
      PrintModel(Model(*runtime, flags.model));
    } catch (const Error& error) {
      throw Failure(kModelRejected, error.what());
    }
    return kOk;
  }
  const std::string text = InspectStage(chosen, flags.json ? TENON_FORMAT_JSON : TENON_FORMAT_TEXT);
  fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  return kOk;
}

}  // namespace

void AddInspect(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("inspect", "Shows a model: inputs, outputs, and its graph at any stage");
  auto flags = std::make_shared<InspectFlags>();
  flags->AddTo(*verb, false);
  verb->add_option("--stage", flags->stage, "imported, canonical, optimised, placed or program")
      ->check(CLI::IsMember({"imported", "canonical", "optimised", "placed", "program"}));
  verb->add_option("--onnx", flags->onnx, "Writes the stage's graph as an ONNX file")
      ->type_name("FILE");
  verb->footer("Example: tenon inspect model.onnx --stage program -b reference");
  verb->callback([flags, &action] { action = [flags] { return Inspect(*flags); }; });
}

}  // namespace tenon::tools
