#include "backend.h"

#include <cstring>

#include "segment.h"

namespace example {
namespace {

constexpr char kDeviceName[] = "openvino:CPU";

std::string Fingerprint() { return "OpenVINO " + OpenvinoVersion(); }

// An artifact is OpenVINO's own bytes, and at the end a line that says what made them and in which
// precision they compute.
constexpr std::string_view kMagic = "\ntenon backend openvino, artifact 1, ";

std::string TailOf(const std::string& precision) {
  return std::string(kMagic) + Fingerprint() + ", " + precision;
}

struct Artifact {
  std::string precision;
  sdk::Bytes blob;
};

Artifact ReadArtifact(sdk::Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t begin = std::min(text.rfind('\n'), text.size());
  const std::string_view tail = text.substr(begin);
  if (!tail.starts_with(kMagic))
    throw sdk::Failure(TENON_DATA_LOSS, "these bytes are no artifact of this backend");
  const size_t comma = tail.rfind(", ");
  if (tail.substr(0, comma) != std::string(kMagic) + Fingerprint()) {
    throw sdk::Failure(TENON_INCOMPATIBLE, "the artifact was made by " +
                                               std::string(tail.substr(kMagic.size())) +
                                               ", this is " + Fingerprint());
  }
  return {std::string(tail.substr(comma + 2)), bytes.first(begin)};
}

void CheckTarget(const tenon_compile_target& target) {
  const std::string_view name = target.device_name, made_for = target.fingerprint;
  const std::string own = Fingerprint();
  if ((name.empty() || name == kDeviceName) && (made_for.empty() || made_for == own)) return;
  throw sdk::Failure(TENON_INCOMPATIBLE, "the target is " + std::string(name) + " (" +
                                             std::string(made_for) + "), this is " + kDeviceName +
                                             " (" + own + ")");
}

}  // namespace

std::vector<sdk::DeviceRow> Backend::Devices() {
  return {{.name = kDeviceName, .fingerprint = Fingerprint()}};
}

const Core& Backend::core() {
  const std::lock_guard lock(mutex_);
  if (core_) return core_;
  Core core = Made<Core>("starting OpenVINO", ov_core_create);
  int64_t threads = host().Int("threads");
  if (threads == 0) threads = host().ThreadCount();
  SetProperties(core, {{ov_property_key_hint_performance_mode, "LATENCY"},
                       {ov_property_key_num_streams, "1"},
                       {ov_property_key_inference_num_threads, std::to_string(threads)}});
  core_ = std::move(core);
  return core_;
}

std::string Backend::PrecisionFor(tenon_numerics numerics) {
  const std::string chosen(host().Option("precision"));
  if (chosen != "auto") return chosen;
  return numerics == TENON_NUMERICS_FAST ? "dynamic" : "f32";  // dynamic: as OpenVINO likes
}

// The core's precision is a property of all that is compiled and imported: import takes no other.
template <typename F>
Compiled Backend::WithPrecision(const std::string& precision, const F& compile) {
  const Core& of = core();
  const std::lock_guard lock(precision_mutex_);
  SetProperties(
      of, {{ov_property_key_hint_inference_precision, precision},
           {ov_property_key_hint_execution_mode, precision == "f32" ? "ACCURACY" : "PERFORMANCE"}});
  return compile(of);
}

void Backend::Colour(const tenon_compile_target& target, const tenon_segment& graph,
                     std::span<uint32_t> colours) {
  CheckTarget(target);
  Refusals refusals = FindRefusals(host(), core(), graph);
  for (uint32_t n = 0; n < graph.node_count; ++n) colours[n] = refusals[n] ? 0 : 1;
  const std::lock_guard lock(mutex_);
  refusals_[std::this_thread::get_id()] = std::move(refusals);
}

tenon_status Backend::Refusal(const tenon_compile_target&, const tenon_segment&, uint32_t node) {
  const std::lock_guard lock(mutex_);
  return refusals_.at(std::this_thread::get_id()).at(node).value().ToStatus(host().table());
}

void Backend::CheckPatience(const tenon_compile_request& request) const {
  if (host().Cancelled(request.cancel))
    throw sdk::Failure(TENON_CANCELLED, "compile was cancelled");
  if (request.deadline_ns != 0 && host().ClockNs() >= request.deadline_ns)
    throw sdk::Failure(TENON_DEADLINE_EXCEEDED, "compile: the deadline has passed");
}

// OpenVINO can't be stopped while it works, so patience is asked about between the steps.
MappedFile Backend::Compile(const tenon_segment& segment, const tenon_compile_request& request) {
  CheckTarget(*request.target);
  const auto step = [&](double share) {
    if (request.progress != nullptr) request.progress(request.progress_context, share);
    CheckPatience(request);
  };
  step(0);
  const Model model = ReadOnnx(core(), OnnxBytes(host(), segment).view());
  step(0.3);
  const std::string precision = PrecisionFor(request.target->numerics);
  const Compiled compiled =
      WithPrecision(precision, [&](const Core& by) { return CompileModel(by, model); });
  step(0.9);
  return ExportModel(compiled, TailOf(precision));
}

tenon_status Backend::Check(const tenon_compile_target& target, sdk::Bytes bytes) {
  CheckTarget(target);
  const Artifact artifact = ReadArtifact(bytes);
  const std::string wanted = PrecisionFor(target.numerics);
  if (artifact.precision == wanted) return sdk::kOk;
  return host().Error(TENON_INCOMPATIBLE,
                      "the artifact computes in " + artifact.precision + ", wanted is " + wanted);
}

Compiled Backend::Load(sdk::Bytes bytes) {
  const Artifact artifact = ReadArtifact(bytes);
  return WithPrecision(artifact.precision,
                       [&](const Core& by) { return ImportModel(by, artifact.blob); });
}

}  // namespace example

TENON_SDK_BACKEND(example::Backend, "openvino", "1.0", "Example Company");
