// tenon compare: two backend lists on the same inputs.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "checks.h"
#include "comparison.h"
#include "every_node.h"
#include "files.h"
#include "inspect_text.h"
#include "session_flags.h"
#include "table.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

// What float32 results of correct kernels keep to. Types of 16 bits get a unit in the last place at least.
const std::map<std::string, Tolerance> kClasses = {{"exact", {0, 0, true}},
                                                   {"strict", {1e-5, 1e-8}},
                                                   {"standard", {1e-4, 1e-7}},
                                                   {"fast", {1e-2, 1e-5}}};

struct CompareFlags : SessionFlags {
  std::string reference;
  std::string tolerance;  // "": the numerics class
  double rtol = -1, atol = -1;
  bool every_node = false;

  Tolerance Bound() const {
    Tolerance bound = kClasses.at(tolerance.empty() ? numerics : tolerance);
    if (bound.exact && (rtol >= 0 || atol >= 0)) {
      throw Failure(kUsage,
                    "--tolerance exact: nothing may differ, expected neither --rtol nor --atol");
    }
    if (rtol >= 0) bound.rtol = rtol;
    if (atol >= 0) bound.atol = atol;
    return bound;
  }
};

// As one list's session wants them: --set of backends that only the other one has is left out.
SessionFlags FlagsFor(const CompareFlags& flags, const std::string& list,
                      const std::string& other) {
  const auto has = [](const std::string& names, const std::string& setting) {
    const std::string name = setting.substr(0, setting.find('.'));
    std::string each;
    for (const char c : names + ",") {
      if (c != ',' && c != '+') {
        each += c;
        continue;
      }
      if (each == name) return true;
      each.clear();
    }
    return false;
  };
  SessionFlags out = flags;
  out.backends = list;
  out.settings.clear();
  for (const std::string& setting : flags.settings) {
    if (has(list, setting) || !has(other, setting)) out.settings.push_back(setting);
  }
  return out;
}

std::vector<ComparedValue> CompareOutputs(const Session& ours, const Session& reference,
                                          const SessionFlags& flags,
                                          std::vector<HostTensor>& inputs,
                                          const Tolerance& tolerance) {
  std::vector<Tensor> wrapped;
  for (HostTensor& input : inputs) wrapped.push_back(input.Wrap());
  const auto run = [&](const Session& session) {
    try {
      return session.Run(wrapped);
    } catch (const Error& error) {
      RethrowRunError(error, session, flags, inputs);
    }
  };
  const std::vector<Tensor> got = run(ours), want = run(reference);
  const std::vector<ValueInfo> infos = reference.outputs();
  std::vector<ComparedValue> outputs;
  for (size_t i = 0; i < want.size(); ++i) {
    outputs.push_back({infos[i].name, Describe(want[i].get()), Summarise(want[i].get()),
                       Compare(got[i].get(), CopyOf(want[i].get()), tolerance)});
  }
  return outputs;
}

// Nodes that draw other numbers in each run: RandomNormal "noise".
std::vector<std::string> Unseeded(const Runtime& runtime, const SessionFlags& flags) {
  std::string dump;
  try {
    dump = Model(runtime, flags.model).InspectStage("optimised", OptionsOf(flags));
  } catch (const Error& error) {
    RethrowOpenError(error, false, flags);
  }
  static constexpr std::string_view kDraw[] = {"RandomNormal",  "RandomNormalLike",
                                               "RandomUniform", "RandomUniformLike",
                                               "Bernoulli",     "Multinomial"};
  std::vector<std::string> found;
  for (const DumpNode& node : NodesOf(dump)) {
    if (std::ranges::find(kDraw, node.op) == std::ranges::end(kDraw)) continue;
    if (node.line.find("{seed=") == std::string::npos &&
        node.line.find(", seed=") == std::string::npos)
      found.push_back(fmt::format("{} \"{}\"", node.op, node.name));
  }
  return found;
}

Json DifferenceJson(const Difference& difference) {
  return {{"largest", Finite(difference.largest)},
          {"relative", Finite(difference.relative)},
          {"allowed", difference.allowed},
          {"equal", difference.mismatch.empty()},
          {"mismatch", difference.mismatch}};
}

Json ValueJson(const ComparedValue& value) {
  Json json = {{"value", value.value}, {"what", value.what}, {"reference_range", value.range}};
  json.update(DifferenceJson(value.difference));
  return json;
}

const char* CauseName(ComparedNode::Cause cause) {
  return cause == ComparedNode::Cause::kMadeHere    ? "made_here"
         : cause == ComparedNode::Cause::kInherited ? "inherited"
                                                    : "unknown";
}

Json NodeJson(const ComparedNode& node) {
  Json inputs = Json::array();
  for (const NodeInput& input : node.inputs) {
    inputs.push_back(ValueJson(input));
    inputs.back()["constant"] = input.constant;
  }
  const bool known = node.cause != ComparedNode::Cause::kUnknown;
  return {{"node", node.node},
          {"op", node.op},
          {"number", node.number},
          {"where", node.where},
          {"reference_where", node.reference},
          {"output", ValueJson(node.output)},
          {"inputs", std::move(inputs)},
          {"cause", CauseName(node.cause)},
          {"unknown_because", node.unknown},
          {"alone", known ? DifferenceJson(node.alone) : Json()}};
}

Json EveryNodeJson(const EveryNode& every) {
  Json values = Json::array();
  for (const ComparedValue& value : every.values) values.push_back(ValueJson(value));
  return {{"nodes", every.nodes},
          {"nodes_with_subgraphs", every.with_subgraphs},
          {"nodes_moved", every.moved},
          {"values_unshared", every.unshared},
          {"values_differing", every.differing},
          {"first", every.first ? NodeJson(*every.first) : Json()},
          {"values", std::move(values)}};
}

std::string Number(double value) { return value == 0 ? "0" : fmt::format("{:.2g}", value); }

void PrintOutputs(const std::vector<ComparedValue>& outputs) {
  Table table({"output", "what", "largest error", "of magnitude", "allowed", ""}, "llrrrl");
  for (const ComparedValue& output : outputs) {
    const Difference& d = output.difference;
    table.Add({output.value, output.what, Number(d.largest), Number(d.relative), Number(d.allowed),
               output.equal() ? "ok" : "DIFFERS: " + d.mismatch});
  }
  fmt::print("{}", table.Text());
}

void PrintFirst(const EveryNode& every) {
  const ComparedNode& first = *every.first;
  const Difference& d = first.output.difference;
  fmt::print("first that differs: {} \"{}\", node {} of {}\n", first.op, first.node, first.number,
             every.nodes);
  fmt::print("  on      {}, reference {}\n", first.where, first.reference);
  fmt::print("  output  {} {}: {}\n", first.output.value, first.output.what, d.mismatch);
  fmt::print("          largest error {}, {} of the largest magnitude\n", Number(d.largest),
             Number(d.relative));
  Table table({"", "", "", "", ""}, "lllll");
  for (const NodeInput& input : first.inputs) {
    const Difference& in = input.difference;
    table.Add({"input", input.value, input.constant ? "constant" : input.what,
               input.constant ? "" : "error " + Number(in.largest), input.range});
  }
  const std::string inputs = table.Text(2);
  fmt::print("{}", inputs.substr(inputs.find('\n') + 1));
  switch (first.cause) {
    case ComparedNode::Cause::kMadeHere:
      fmt::print("  made here: by itself, with the reference's inputs, it differs by {}\n",
                 Number(first.alone.largest));
      break;
    case ComparedNode::Cause::kInherited:
      fmt::print(
          "  inherited: by itself, with the reference's inputs, it differs by {} only; small "
          "errors of its inputs grow\n",
          Number(first.alone.largest));
      break;
    case ComparedNode::Cause::kUnknown:
      fmt::print("  made here or inherited? can't be told: {}\n", first.unknown);
  }
}

// The value that is nearest to what is allowed.
const ComparedValue* Nearest(const std::vector<ComparedValue>& values) {
  const ComparedValue* nearest = nullptr;
  double most = 0;
  for (const ComparedValue& value : values) {
    const Difference& d = value.difference;
    const double share = d.allowed > 0 ? d.largest / d.allowed : 0;
    if (share > most) nearest = &value;
    most = std::max(most, share);
  }
  return nearest;
}

void PrintEveryNode(const EveryNode& every, bool outputs_equal) {
  if (every.first) {
    PrintFirst(every);
  } else if (const ComparedValue* nearest = Nearest(every.values)) {
    fmt::print("every node: no value differs; nearest to its limit is {} {} with {} of {}\n",
               nearest->value, nearest->what, Number(nearest->difference.largest),
               Number(nearest->difference.allowed));
  } else {
    fmt::print("every node: no value differs at all\n");
  }
  fmt::print("{} of {} values of {} nodes differ\n", every.differing, every.values.size(),
             every.nodes);
  if (!every.first && !outputs_equal)
    fmt::print(
        "note  with every value as an output nothing differs: look at what nodes do together "
        "(segments, "
        "memory)\n");
  if (every.moved)
    fmt::print("note  with every value as an output {} nodes run on another kernel than without\n",
               every.moved);
  if (every.unshared)
    fmt::print("note  {} values are the reference's alone: a backend takes a function whole\n",
               every.unshared);
  if (every.with_subgraphs)
    fmt::print("note  {} nodes have subgraphs, whose nodes are not compared one by one\n",
               every.with_subgraphs);
}

int Compare(const CompareFlags& flags) {
  const Tolerance tolerance = flags.Bound();
  const std::unique_ptr<Runtime> runtime =
      MakeRuntime(flags.threads, flags.backend_files, false, flags.cache);
  const SessionFlags ours = FlagsFor(flags, flags.backends, flags.reference);
  SessionFlags reference = FlagsFor(flags, flags.reference, flags.backends);
  reference.fallback = "report";
  const std::unique_ptr<Session> session = OpenOn(*runtime, ours);
  const std::unique_ptr<Session> expected = OpenOn(*runtime, reference);
  std::vector<HostTensor> inputs = MakeInputs(*expected, flags);
  const std::vector<ComparedValue> outputs =
      CompareOutputs(*session, *expected, flags, inputs, tolerance);
  std::optional<EveryNode> every;
  if (flags.every_node)
    every = CompareEveryNode(*runtime, ours, reference, *session, inputs, tolerance);
  CheckViolations(*runtime);
  const bool outputs_equal = std::ranges::all_of(outputs, &ComparedValue::equal);
  const bool equal = outputs_equal && (!every || every->differing == 0);
  const std::vector<std::string> unseeded =
      equal ? std::vector<std::string>() : Unseeded(*runtime, reference);
  if (flags.json) {
    Json rows = Json::array();
    for (const ComparedValue& output : outputs) rows.push_back(ValueJson(output));
    const Json json = {{"version", 1},
                       {"model", flags.model},
                       {"backends", flags.backends},
                       {"reference", flags.reference},
                       {"rtol", tolerance.rtol},
                       {"atol", tolerance.atol},
                       {"equal", equal},
                       {"outputs", std::move(rows)},
                       {"unseeded", unseeded},
                       {"every_node", every ? EveryNodeJson(*every) : Json()}};
    PrintJson(json);
  } else {
    PrintOutputs(outputs);
    if (every) PrintEveryNode(*every, outputs_equal);
    if (!unseeded.empty()) {
      fmt::print("note  {}{} without a seed: other numbers in each run\n", unseeded[0],
                 unseeded.size() > 1 ? fmt::format(" and {} more", unseeded.size() - 1) : "");
    }
  }
  ReportFallback(*session);
  return equal ? kOk : kMismatch;
}

}  // namespace

void AddCompare(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("compare", "Runs a model on two backend lists and compares");
  auto flags = std::make_shared<CompareFlags>();
  flags->AddTo(*verb, true);
  verb->add_option("--reference", flags->reference, "Backends that are right, as in --backends")
      ->type_name("LIST")
      ->required();
  verb->add_flag("--every-node", flags->every_node,
                 "Compares what each node makes, and tells the first that differs");
  verb->add_option("--tolerance", flags->tolerance,
                   "exact, strict (1e-5), standard (1e-4) or fast (1e-2), of the largest "
                   "magnitude; as --class")
      ->check(OneOf({"exact", "strict", "standard", "fast"}));
  verb->add_option("--rtol", flags->rtol, "The same as a number")->check(Between(0));
  verb->add_option("--atol", flags->atol, "What floats may differ by in addition, absolute")
      ->check(Between(0));
  verb->add_option("--threads", flags->threads, "Threads that compute; 0: one for each core");
  verb->footer(
      "Float types of 16 bits may differ by a unit in the last place at least; what is no float is "
      "equal or not. --every-node makes every value of the optimised graph an output: backends "
      "that fuse nodes or compile segments then work node by node. Exit code 1 where anything "
      "differs.\n"
      "Example: tenon compare resnet50.onnx -b simulator --reference reference --every-node");
  verb->callback([flags, &action] { action = [flags] { return Compare(*flags); }; });
}

}  // namespace tenon::tools
