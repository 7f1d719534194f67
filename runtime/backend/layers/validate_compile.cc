// The interfaces "compile", "operators" and "profile".
#include <algorithm>
#include <cstring>

#include "layers/validate_backend.h"
#include "layers/validate_run.h"

namespace tenon::backend::validate {
namespace {

/* ------------------------------------------------------------------------------------ "compile" */
const tenon_compile_interface& Compiler(const Backend& backend) { return backend.theirs.compile; }

bool CheckTarget(State& state, const char* slot, const tenon_compile_target* target) {
  return CheckGiven(state, slot, "target", target) &&
         CheckSize(state, slot, "tenon_compile_target", target->struct_size,
                   TENON_SIZE_TO(tenon_compile_target, fingerprint)) &&
         CheckText(state, slot, "target's device_name", target->device_name) &&
         CheckText(state, slot, "target's fingerprint", target->fingerprint);
}

tenon_status TENON_CALL Colour(tenon_backend* handle, const tenon_compile_target* target,
                               const tenon_segment* graph, uint32_t* out_colours) {
  constexpr const char* kSlot = "compile.colour";
  Backend* known = Of(handle, kSlot);
  if (!known) return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  if (!CheckOut(state, kSlot, "out_colours", out_colours) || !CheckTarget(state, kSlot, target) ||
      !CheckSegment(state, kSlot, graph))
    return Unusable();
  const uint64_t bytes = uint64_t{graph->node_count} * sizeof *out_colours;
  const Walled colours(bytes, sizeof *out_colours);
  if (!colours.data()) return {TENON_OUT_OF_MEMORY, 0, nullptr};
  std::memset(colours.data(), 0, bytes);
  const tenon_status status = state.Call(kSlot, [&] {
    return Compiler(backend).colour(backend.inner, target, graph,
                                    static_cast<uint32_t*>(colours.data()));
  });
  if (!colours.Intact()) state.Complain("R13", kSlot, "wrote outside of out_colours");
  if (status.code == TENON_OK) std::memcpy(out_colours, colours.data(), bytes);
  return status;
}

tenon_status TENON_CALL Refusal(tenon_backend* handle, const tenon_compile_target* target,
                                const tenon_segment* graph, uint32_t node) {
  constexpr const char* kSlot = "compile.refusal";
  Backend* backend = Of(handle, kSlot);
  if (!backend || !CheckTarget(*backend->state, kSlot, target) ||
      !CheckSegment(*backend->state, kSlot, graph))
    return Unusable();
  State& state = *backend->state;
  if (node >= graph->node_count) {
    return state.Refuse(
        "R13", kSlot,
        "node " + std::to_string(node) + " of " + std::to_string(graph->node_count) + " nodes");
  }
  const tenon_status status = state.Call(
      kSlot, [&] { return Compiler(*backend).refusal(backend->inner, target, graph, node); });
  if (status.code == TENON_OK)
    state.Complain("R13", kSlot, "gives OK for a node, expected a status from host.refuse");
  return status;
}

// The way of the share done to the host.
struct Progress {
  Progress(State& of, const tenon_compile_request& given)
      : state(of), progress(given.progress), context(given.progress_context) {}
  State& state;
  void(TENON_CALL* progress)(void*, double);
  void* context;
  std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> over{false};
};
void TENON_CALL OnProgress(void* context, double share) {
  constexpr const char* kSlot = "compile.compile";
  Progress& to = *static_cast<Progress*>(context);
  if (to.over) return to.state.Complain("R4", kSlot, "progress is called after it has returned");
  if (std::this_thread::get_id() != to.caller)
    to.state.Complain("R5", kSlot, "progress is called on another thread than the caller's");
  if (!(share >= 0 && share <= 1))
    to.state.Complain("R13", kSlot, "progress is " + std::to_string(share) + ", expected 0 to 1");
  to.progress(to.context, share);
}

tenon_status TENON_CALL Compile(tenon_backend* handle, const tenon_segment* segment,
                                const tenon_compile_request* request,
                                tenon_artifact** out_artifact) {
  constexpr const char* kSlot = "compile.compile";
  Backend* known = Of(handle, kSlot);
  if (!known) return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  if (!CheckOut(state, kSlot, "out_artifact", out_artifact) ||
      !CheckSegment(state, kSlot, segment) || !CheckGiven(state, kSlot, "request", request) ||
      !CheckSize(state, kSlot, "tenon_compile_request", request->struct_size,
                 TENON_SIZE_TO(tenon_compile_request, progress_context)) ||
      !CheckTarget(state, kSlot, request->target)) {
    return Unusable();
  }
  CheckReserved(state, kSlot, "tenon_compile_request", request->reserved);
  tenon_artifact* artifact = nullptr;
  tenon_compile_request own = *request;
  own.struct_size = std::min<uint32_t>(own.struct_size, sizeof own);
  Progress* progress = state.Keep(std::make_shared<Progress>(state, *request));
  if (own.progress) own.progress = OnProgress, own.progress_context = progress;
  const tenon_status status = state.Call(
      kSlot, [&] { return Compiler(backend).compile(backend.inner, segment, &own, &artifact); });
  progress->over = true;
  if (status.code != TENON_OK) {
    if (artifact) state.Complain("R2", kSlot, "failed, but out_artifact is set");
    return status;
  }
  *out_artifact = artifact;
  if (!artifact) {
    state.Complain("R3", kSlot, "gives no artifact");
    return status;
  }
  std::unique_lock lock(state.mutex);
  const bool fresh = state.artifacts.insert(artifact).second;
  lock.unlock();
  if (!fresh)
    state.Complain("R4", kSlot, "gives artifact " + Address(artifact) + ", which is live already");
  return status;
}

bool CheckArtifact(State& state, const char* slot, tenon_artifact* artifact, bool ends) {
  std::unique_lock lock(state.mutex);
  const bool live = ends ? state.artifacts.erase(artifact) > 0 : state.artifacts.contains(artifact);
  lock.unlock();
  if (!live)
    state.Complain(
        "R4", slot,
        "artifact " + Address(artifact) + " is no live artifact (never was, or is ended)");
  return live;
}

tenon_status TENON_CALL ArtifactBytes(tenon_backend* handle, tenon_artifact* artifact,
                                      const void** out_data, uint64_t* out_size) {
  constexpr const char* kSlot = "compile.artifact_bytes";
  Backend* known = Of(handle, kSlot);
  if (!known) return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  if (!CheckOut(state, kSlot, "out_data", out_data) ||
      !CheckOut(state, kSlot, "out_size", out_size) ||
      !CheckArtifact(state, kSlot, artifact, false))
    return Unusable();
  const tenon_status status = state.Call(kSlot, [&] {
    return Compiler(backend).artifact_bytes(backend.inner, artifact, out_data, out_size);
  });
  if (status.code == TENON_OK) CheckList(state, kSlot, "bytes", *out_data, *out_size);
  return status;
}

void TENON_CALL ArtifactRelease(tenon_backend* handle, tenon_artifact* artifact) {
  constexpr const char* kSlot = "compile.artifact_release";
  Backend* backend = Of(handle, kSlot);
  if (!backend || (artifact && !CheckArtifact(*backend->state, kSlot, artifact, true))) return;
  backend->state->CallVoid(kSlot,
                           [&] { Compiler(*backend).artifact_release(backend->inner, artifact); });
}

tenon_status TENON_CALL Check(tenon_backend* handle, const tenon_compile_target* target,
                              const void* data, uint64_t size) {
  constexpr const char* kSlot = "compile.check";
  Backend* backend = Of(handle, kSlot);
  if (!backend || !CheckTarget(*backend->state, kSlot, target) ||
      !CheckList(*backend->state, kSlot, "bytes", data, size))
    return Unusable();
  State& state = *backend->state;
  const tenon_status status = state.Call(
      kSlot, [&] { return Compiler(*backend).check(backend->inner, target, data, size); });
  constexpr tenon_code kAnswers[] = {TENON_OK, TENON_INCOMPATIBLE, TENON_DATA_LOSS, TENON_INTERNAL,
                                     TENON_OUT_OF_MEMORY};
  if (std::ranges::find(kAnswers, status.code) == std::end(kAnswers))
    state.Complain("R13", kSlot,
                   "gives code " + std::to_string(status.code) +
                       ", expected OK, TENON_INCOMPATIBLE or TENON_DATA_LOSS");
  return status;
}

tenon_status TENON_CALL Load(tenon_device* handle, const void* data, uint64_t size,
                             const tenon_kernel_descriptor** out_descriptor,
                             tenon_kernel** out_kernel) {
  constexpr const char* kSlot = "compile.load";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_descriptor", out_descriptor) ||
      !CheckOut(device->state, kSlot, "out_kernel", out_kernel) ||
      !CheckList(device->state, kSlot, "bytes", data, size)) {
    return Unusable();
  }
  State& state = device->state;
  const tenon_kernel_descriptor* descriptor = nullptr;
  tenon_kernel* kernel = nullptr;
  const tenon_status status = state.CallOn(device, kSlot, [&] {
    return Compiler(device->backend).load(device->inner, data, size, &descriptor, &kernel);
  });
  if (status.code != TENON_OK) {
    if (kernel) state.Complain("R2", kSlot, "failed, but out_kernel is set");
    return status;
  }
  if (!descriptor || !kernel) {
    state.Complain("R3", kSlot, "gives no descriptor or no kernel");
    return {TENON_INTERNAL, 0, nullptr};
  }
  if (!descriptor->destroy) {
    state.Complain("R9", kSlot, "the descriptor's slot destroy is NULL, but the kernel is not");
    return {TENON_INTERNAL, 0, nullptr};
  }
  const Descriptor* wrapped = Wrap(device->backend, descriptor, kSlot);
  if (!wrapped) return {TENON_INTERNAL, 0, nullptr};
  *out_descriptor = &wrapped->table;
  *out_kernel = reinterpret_cast<tenon_kernel*>(MakeKernel(*wrapped, device, kernel));
  return status;
}

/* ---------------------------------------------------------------------------------- "operators" */
tenon_status TENON_CALL Infer(const tenon_operator* handle, tenon_backend* backend,
                              const tenon_node* node, tenon_shape* out_outputs) {
  constexpr const char* kSlot = "operators.infer";
  const auto& op = *reinterpret_cast<const OwnOperator*>(handle);
  State& state = *op.backend->state;
  if (!CheckOut(state, kSlot, "out_outputs", out_outputs) || !CheckNode(state, kSlot, node))
    return Unusable();
  if (backend != &op.backend->object)
    return state.Refuse("R4", kSlot, "the backend is another one");
  const uint64_t bytes = node->output_count * sizeof(tenon_shape);
  const Walled shapes(bytes, alignof(tenon_shape));
  if (!shapes.data()) return {TENON_OUT_OF_MEMORY, 0, nullptr};
  std::memcpy(shapes.data(), out_outputs, bytes);
  const auto* list = static_cast<const tenon_shape*>(shapes.data());
  const tenon_status status = state.Call(kSlot, [&] {
    return op.inner->infer(op.inner, op.backend->inner, node,
                           static_cast<tenon_shape*>(shapes.data()));
  });
  if (!shapes.Intact())
    state.Complain("R13", kSlot, std::string(op.inner->name) + ": wrote outside of out_outputs");
  if (status.code != TENON_OK) return status;
  for (uint32_t i = 0; i < node->output_count; ++i) {
    if (list[i].rank >= -1 && list[i].rank <= TENON_MAX_RANK) continue;
    return state.Refuse("R13", kSlot,
                        std::string(op.inner->name) + ": output " + std::to_string(i) +
                            " has rank " + std::to_string(list[i].rank));
  }
  std::memcpy(out_outputs, shapes.data(), bytes);
  return status;
}

const tenon_operator* WrapOperator(Backend& backend, const tenon_operator* inner) {
  constexpr const char* kSlot = "operators.operators";
  State& state = *backend.state;
  if (!CheckGiven(state, kSlot, "an operator", inner) ||
      !CheckSize(state, kSlot, "tenon_operator", inner->struct_size,
                 TENON_SIZE_TO(tenon_operator, infer)))
    return inner;
  CheckReserved(state, kSlot, "tenon_operator", inner->reserved);
  const bool named = CheckText(state, kSlot, "an operator's name", inner->name) &&
                     CheckText(state, kSlot, "an operator's domain", inner->domain);
  CheckList(state, kSlot, "attributes", inner->attributes, inner->attribute_count);
  if (!inner->infer) state.Complain("R9", kSlot, "the required slot infer is NULL");
  if (!named || !inner->infer) return inner;
  if (inner->domain[0] == 0 || std::strncmp(inner->domain, "ai.", 3) == 0) {
    state.Complain("R13", kSlot,
                   std::string(inner->name) + " is in the domain '" + inner->domain +
                       "', expected one of the backend's own");
  }
  std::lock_guard lock(backend.mutex);
  std::unique_ptr<OwnOperator>& wrapper = backend.operators[inner];
  if (!wrapper) {
    wrapper = std::make_unique<OwnOperator>();
    wrapper->backend = &backend;
    wrapper->inner = inner;
    std::memcpy(&wrapper->table, inner,
                std::min<size_t>(inner->struct_size, sizeof wrapper->table));
    wrapper->table.struct_size =
        std::min<uint32_t>(wrapper->table.struct_size, sizeof wrapper->table);
    wrapper->table.infer = Infer;
  }
  return &wrapper->table;
}

tenon_status TENON_CALL Operators(tenon_backend* handle,
                                  const tenon_operator* const** out_operators,
                                  uint32_t* out_count) {
  constexpr const char* kSlot = "operators.operators";
  Backend* known = Of(handle, kSlot);
  if (!known) return Unusable();
  Backend& backend = *known;
  State& state = *backend.state;
  if (!CheckOut(state, kSlot, "out_operators", out_operators) ||
      !CheckOut(state, kSlot, "out_count", out_count))
    return Unusable();
  const tenon_operator* const* list = nullptr;
  uint32_t count = 0;
  const tenon_status status = state.Call(
      kSlot, [&] { return backend.theirs.operators.operators(backend.inner, &list, &count); });
  if (status.code != TENON_OK || !CheckList(state, kSlot, "operators", list, count)) return status;
  std::vector<const tenon_operator*> wrapped;
  for (uint32_t i = 0; i < count; ++i) wrapped.push_back(WrapOperator(backend, list[i]));
  std::lock_guard lock(backend.mutex);
  backend.operator_lists.push_back(std::move(wrapped));
  *out_operators = backend.operator_lists.back().data();
  *out_count = count;
  return status;
}

/* ------------------------------------------------------------------------------------ "profile" */
tenon_status TENON_CALL Enable(tenon_device* handle, int32_t on) {
  Device* device = Of(handle, "profile.enable");
  if (!device) return Unusable();
  return device->state.Call(
      "profile.enable", [&] { return device->backend.theirs.profile.enable(device->inner, on); });
}
tenon_status TENON_CALL Clocks(tenon_device* handle, uint64_t* out_device_ns,
                               uint64_t* out_host_ns) {
  constexpr const char* kSlot = "profile.clocks";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_device_ns", out_device_ns) ||
      !CheckOut(device->state, kSlot, "out_host_ns", out_host_ns))
    return Unusable();
  const tenon_host* host = device->state.host;
  const uint64_t before = host->clock_ns(host);
  const tenon_status status = device->state.Call(kSlot, [&] {
    return device->backend.theirs.profile.clocks(device->inner, out_device_ns, out_host_ns);
  });
  const uint64_t after = host->clock_ns(host);
  if (status.code == TENON_OK && (*out_host_ns < before || *out_host_ns > after))
    device->state.Complain("R13", kSlot, "out_host_ns is not host.clock_ns during the call");
  return status;
}
tenon_status TENON_CALL Flush(tenon_device* handle) {
  Device* device = Of(handle, "profile.flush");
  if (!device) return Unusable();
  return device->state.Call("profile.flush",
                            [&] { return device->backend.theirs.profile.flush(device->inner); });
}

}  // namespace

void FillCompile(const tenon_compile_interface& theirs, tenon_compile_interface* ours) {
  *ours = theirs;
  if (theirs.colour) ours->colour = Colour;
  if (theirs.compile) ours->compile = Compile;
  if (theirs.artifact_bytes) ours->artifact_bytes = ArtifactBytes;
  if (theirs.artifact_release) ours->artifact_release = ArtifactRelease;
  if (theirs.check) ours->check = Check;
  if (theirs.load) ours->load = Load;
  if (theirs.refusal) ours->refusal = Refusal;
}
void FillOperators(const tenon_operators_interface& theirs, tenon_operators_interface* ours) {
  *ours = theirs;
  if (theirs.operators) ours->operators = Operators;
}
void FillProfile(const tenon_profile_interface& theirs, tenon_profile_interface* ours) {
  *ours = theirs;
  if (theirs.enable) ours->enable = Enable;
  if (theirs.clocks) ours->clocks = Clocks;
  if (theirs.flush) ours->flush = Flush;
}

}  // namespace tenon::backend::validate
