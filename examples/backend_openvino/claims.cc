#include "claims.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "segment.h"

namespace example {
namespace {

// Constants up to this many bytes may decide how a node is converted (axes, shapes, scales).
constexpr uint64_t kSmall = 4096;

std::optional<sdk::Refusal> RefuseType(const char* side, uint32_t index, const tenon_value* value) {
  if (value == nullptr || TypeOf(value->dtype) != kNoType) return {};
  return sdk::Refusal(TENON_REASON_DTYPE,
                      std::string(side) + " " + std::to_string(index) + " dtype",
                      sdk::DtypeName(value->dtype), "a type of OpenVINO's CPU device");
}

std::optional<sdk::Refusal> RefuseBySight(const tenon_node& node) {
  const std::string_view op = node.op;
  if (*node.domain != '\0')
    return sdk::Refusal(TENON_REASON_OPERATOR, "domain", node.domain, "ONNX's own");
  // The host plans the outputs of a segment before it runs.
  constexpr std::array<std::string_view, 4> kSizedByData = {"Compress", "NonMaxSuppression",
                                                            "NonZero", "Unique"};
  if (std::ranges::find(kSizedByData, op) != kSizedByData.end())
    return sdk::Refusal(TENON_REASON_DYNAMIC_SHAPE, "output sizes", "sizes that are data",
                        "sizes that follow from the inputs' sizes");
  for (uint32_t i = 0; i < node.input_count; ++i) {
    if (auto refusal = RefuseType("input", i, node.inputs[i])) return refusal;
  }
  for (uint32_t o = 0; o < node.output_count; ++o) {
    if (auto refusal = RefuseType("output", o, node.outputs[o])) return refusal;
  }
  return {};
}

// The line of OpenVINO's message that says what is wrong.
std::string Essence(const std::string& message) {
  std::string_view rest = message, best;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with("-- ")) return std::string(line.substr(3));
    const bool place = line.empty() || line.find("Exception from ") != line.npos ||
                       line.starts_with("Check '") || line.starts_with("FrontEnd API failed");
    if (!place && best.empty()) best = line;
  }
  return std::string(best.empty() ? std::string_view(message) : best);
}

// Why OpenVINO does not convert these nodes together; nothing where it does.
std::optional<sdk::Refusal> RefuseConversion(sdk::Host host, const Core& core,
                                             const tenon_segment& graph,
                                             std::span<const uint32_t> nodes) {
  try {
    const Part part(graph, nodes, kSmall);
    ReadOnnx(core, OnnxBytes(host, part.segment()).view());
    return {};
  } catch (const sdk::Failure& failure) {
    return sdk::Refusal(TENON_REASON_OPERATOR, "conversion", Essence(failure.what()),
                        "a node that OpenVINO converts");
  }
}

}  // namespace

Refusals FindRefusals(sdk::Host host, const Core& core, const tenon_segment& graph) {
  Refusals refusals(graph.node_count);
  std::vector<uint32_t> open;
  for (uint32_t n = 0; n < graph.node_count; ++n) {
    refusals[n] = RefuseBySight(*graph.nodes[n]);
    if (!refusals[n]) open.push_back(n);
  }
  if (open.empty() || !RefuseConversion(host, core, graph, open)) return refusals;
  for (const uint32_t n : open) refusals[n] = RefuseConversion(host, core, graph, {&n, 1});
  std::erase_if(open, [&](uint32_t n) { return refusals[n].has_value(); });
  if (open.empty()) return refusals;
  if (const auto refusal = RefuseConversion(host, core, graph, open)) {
    for (const uint32_t n : open) refusals[n] = refusal;
  }
  return refusals;
}

}  // namespace example
