// The interface "compile". This compiler takes elementwise operators; yours would begin with
// tenon_host.segment_to_onnx, or walk the segment as this one does.
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "artifact.h"
#include "backend.h"

namespace plugin {
namespace {

std::optional<Opcode> OpcodeOf(const sdk::Node& node) {
  constexpr std::string_view kNames[] = {"Relu", "Neg", "Add", "Sub", "Mul", "Div"};
  const auto* name = std::ranges::find(kNames, node.op());
  if (name == std::end(kNames) || !node.domain().empty()) return std::nullopt;
  return static_cast<Opcode>(name - kNames);
}

// Equal shapes as far as known: -1 equals nothing, a symbol (-2 and below) itself.
bool SameShape(const sdk::Value& a, const sdk::Value& b) {
  return a.rank() >= 0 && a.rank() == b.rank() && std::ranges::count(a.dims(), -1) == 0 &&
         std::ranges::equal(a.dims(), b.dims());
}

// Not broadcasting: the second operand is a constant of one element, or has the first one's shape.
bool Takes(const sdk::Node& node) {
  const auto op = OpcodeOf(node);
  if (!op || node.input_count() != (*op < Opcode::kAdd ? 1 : 2)) return false;
  const sdk::Value a = node.Input(0), b = node.Input(1);
  if (a.dtype() != TENON_FLOAT32 || a.IsConstant()) return false;
  if (!b) return true;
  return b.IsConstant() ? b.Constant<float>().size() == 1 : SameShape(a, b);
}

// The numbers of values: the segment's inputs, its outputs, then each other value when a node gives it.
class Values {
 public:
  explicit Values(const tenon_segment& segment)
      : list_(segment.inputs, segment.inputs + segment.input_count) {
    list_.insert(list_.end(), segment.outputs, segment.outputs + segment.output_count);
  }
  uint32_t NumberOf(const sdk::Value& value) {
    const auto found = std::ranges::find(list_, value.raw());
    const auto number = static_cast<uint32_t>(found - list_.begin());
    if (found == list_.end()) list_.push_back(value.raw());
    return number;
  }
  uint32_t count() const { return static_cast<uint32_t>(list_.size()); }

 private:
  std::vector<const tenon_value*> list_;
};

Instruction Translate(const sdk::Node& node, Values& values) {
  const sdk::Value b = node.Input(1);
  Instruction instruction{*OpcodeOf(node), values.NumberOf(node.Input(0)), kNoValue, 0, 0};
  if (b && b.IsConstant()) instruction.constant = b.Constant<float>()[0];
  if (b && !b.IsConstant()) instruction.b = values.NumberOf(b);
  instruction.out = values.NumberOf(node.Output(0));
  return instruction;
}

}  // namespace

// Nodes of one colour may share a segment; the host cuts it so that nothing outside is in between.
void Backend::Colour(const tenon_compile_target&, const tenon_segment& graph,
                     std::span<uint32_t> colours) {
  for (uint32_t i = 0; i < graph.node_count; ++i)
    colours[i] = Takes(sdk::Node(host(), graph.nodes[i])) ? 1 : 0;
}

std::vector<std::byte> Backend::Compile(const tenon_segment& segment,
                                        const tenon_compile_request& request) {
  // Where compiling takes long, ask this often; and look at deadline_ns, and call progress.
  if (host().Cancelled(request.cancel))
    throw sdk::Failure(TENON_CANCELLED, "compiling was cancelled");
  Values values(segment);
  Artifact artifact{segment.input_count, segment.output_count, 0, {}};
  for (uint32_t i = 0; i < segment.node_count; ++i) {
    const sdk::Node node(host(), segment.nodes[i]);
    if (!Takes(node)) throw sdk::Failure(TENON_UNSUPPORTED, "the segment has a node of no colour");
    artifact.instructions.push_back(Translate(node, values));
  }
  artifact.value_count = values.count();
  host().Log(TENON_LOG_INFO, "compiled " + std::string(segment.name) + ": " +
                                 std::to_string(segment.node_count) + " instructions");
  return Write(artifact);
}

tenon_status Backend::Check(const tenon_compile_target& target, sdk::Bytes artifact) {
  if (*target.fingerprint && std::string_view(target.fingerprint) != kFingerprint)
    throw sdk::Failure(TENON_INCOMPATIBLE, "the target is another device");
  static_cast<void>(Read(artifact));  // throws where it can't be loaded
  return sdk::kOk;
}

}  // namespace plugin
