#include "compile.h"

#include "artifact.h"
#include "backend.h"
#include "tenon/operators/operator.h"

namespace tenon::simulator {
namespace {

bool HasGraph(const tenon_node& node) {
  for (uint32_t i = 0; i < node.attribute_count; ++i) {
    if (node.attributes[i]->kind == TENON_ATTRIBUTE_GRAPH) return true;
  }
  return false;
}

void CheckTarget(const tenon_compile_target& target) {
  const std::string_view name = target.device_name, fingerprint = target.fingerprint;
  if ((name.empty() || name == kDeviceName) && (fingerprint.empty() || fingerprint == kFingerprint))
    return;
  throw sdk::Failure(TENON_INCOMPATIBLE, "the target is " + std::string(name) + " \"" +
                                             std::string(fingerprint) +
                                             "\", this backend compiles for " + kDeviceName +
                                             " \"" + kFingerprint + "\"");
}

void CheckPatience(sdk::Host host, const tenon_compile_request& request) {
  if (request.cancel && host.Cancelled(request.cancel))
    throw sdk::Failure(TENON_CANCELLED, "compile was cancelled");
  if (request.deadline_ns != 0 && host.ClockNs() >= request.deadline_ns) {
    throw sdk::Failure(TENON_DEADLINE_EXCEEDED, "compile: the deadline has passed");
  }
}

// Empty where there is none, or none that is whole.
std::vector<std::byte> FindStored(sdk::Host host, const std::string& key) {
  const void* data = nullptr;
  uint64_t size = 0;
  const tenon_status status = host.table()->cache_get(host.table(), key.c_str(), &data, &size);
  if (!sdk::IsOk(status)) {
    host.Drop(status);
    return {};
  }
  const auto* bytes = static_cast<const std::byte*>(data);
  std::vector<std::byte> stored(bytes, bytes + size);
  host.table()->cache_release(host.table(), data);
  return CheckArtifact(stored, kFingerprint).ok() ? stored : std::vector<std::byte>();
}

void Store(sdk::Host host, const std::string& key, const std::vector<std::byte>& artifact) {
  const tenon_status status =
      host.table()->cache_put(host.table(), key.c_str(), artifact.data(), artifact.size());
  if (sdk::IsOk(status)) return;
  host.Log(TENON_LOG_WARNING, "the artifact " + key + " is not stored: " + host.Message(status));
  host.Drop(status);
}

}  // namespace

bool IsCompilable(const tenon_node& node) {
  const operators::Operator* meaning = operators::FindOperator(node.domain, node.op);
  if (!meaning || (meaning->flags & operators::kDataDependent) != 0 || HasGraph(node)) return false;
  if (node.input_count == 0 || !node.inputs[0]) return false;
  for (uint32_t i = 0; i < node.input_count; ++i) {
    const bool decides_shapes = i < 32 && (meaning->shape_inputs >> i & 1) != 0;
    if (decides_shapes && node.inputs[i] && !node.inputs[i]->data) return false;
  }
  return operators::FindKernel(node.domain, node.op, static_cast<int>(node.revision),
                               static_cast<DataType>(node.inputs[0]->dtype)) != nullptr;
}

void Backend::Colour(const tenon_compile_target& target, const tenon_segment& graph,
                     std::span<uint32_t> colours) {
  const Options& options = simulator_options();
  if (!options.compile) return;
  CheckTarget(target);
  for (uint32_t i = 0; i < graph.node_count; ++i) {
    const tenon_node& node = *graph.nodes[i];
    colours[i] = options.claim.Takes(node.name, node.op) && IsCompilable(node) ? 1 : 0;
  }
}

std::vector<std::byte> Backend::Compile(const tenon_segment& segment,
                                        const tenon_compile_request& request) {
  CheckTarget(*request.target);
  CheckPatience(host(), request);
  faults().Check(FaultKind::kCompile, "compile of " + std::string(segment.name));
  const auto progress = [&](double share) {
    if (request.progress) request.progress(request.progress_context, share);
  };
  std::vector<std::byte> artifact = WriteArtifact(segment);
  const std::string key = ArtifactKey(artifact);
  if (std::vector<std::byte> stored = FindStored(host(), key); !stored.empty()) {
    progress(1);
    return stored;
  }
  for (uint32_t i = 0; i < segment.node_count; ++i) {
    const tenon_node& node = *segment.nodes[i];
    if (!IsCompilable(node)) {
      throw sdk::Failure(TENON_UNSUPPORTED,
                         std::string(node.op) + " \"" + node.name + "\" cannot be compiled");
    }
    progress((i + 1.0) / segment.node_count);
    CheckPatience(host(), request);
  }
  Store(host(), key, artifact);
  return artifact;
}

tenon_status Backend::Check(const tenon_compile_target& target, sdk::Bytes artifact) {
  CheckTarget(target);
  const Status status = CheckArtifact(artifact, target.fingerprint);
  if (status.ok()) return sdk::kOk;
  return host().Error(static_cast<tenon_code>(status.code()), std::string(status.message()));
}

}  // namespace tenon::simulator
