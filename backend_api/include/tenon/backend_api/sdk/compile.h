// The interface "compile" from members of a backend's class B. It is there when B has
//   void Colour(const tenon_compile_target&, const tenon_segment&, std::span<uint32_t> colours);
//   Artifact Compile(const tenon_segment&, const tenon_compile_request&);
//                                    bytes that own themselves: std::vector<std::byte>, or whatever
//                                    has data() and size()
//   tenon_status Check(const tenon_compile_target&, Bytes artifact);
//   tenon_status Refusal(const tenon_compile_target&, const tenon_segment&, uint32_t node);
//                                    may be left out: why Colour does not take the node
//   class Device (see device.h), on which artifacts are loaded;
//   class Program, made by Program(tenon_device*, Bytes artifact) and otherwise like the class of a
//   kernel (see Class in kernel_slots.h): Prepare, where it needs a plan or workspace, and Run.
// Artifacts are bytes; an artifact names its own format and version, for Check to know it again.
// All may throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/kernel_slots.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

using Bytes = std::span<const std::byte>;

template <typename B>
concept HasCompile = requires(B& b, const tenon_compile_target& target,
                              const tenon_segment& segment, const tenon_compile_request& request,
                              std::span<uint32_t> colours, Bytes bytes) {
  typename B::Program;
  b.Colour(target, segment, colours);
  { b.Compile(segment, request).data() } -> std::convertible_to<const std::byte*>;
  { b.Compile(segment, request).size() } -> std::convertible_to<uint64_t>;
  { b.Check(target, bytes) } -> std::same_as<tenon_status>;
};

template <typename B>
concept HasRefusal = requires(B& b, const tenon_compile_target& target,
                              const tenon_segment& segment) {
  { b.Refusal(target, segment, uint32_t{}) } -> std::same_as<tenon_status>;
};

namespace detail {

template <typename B>
struct CompileSlots {
  using Program = typename B::Program;
  using Artifact = std::remove_cvref_t<decltype(std::declval<B&>().Compile(
      std::declval<const tenon_segment&>(), std::declval<const tenon_compile_request&>()))>;
  static B& Self(tenon_backend* backend) { return *static_cast<B*>(backend); }
  static Bytes View(const void* data, uint64_t size) {
    return {static_cast<const std::byte*>(data), static_cast<size_t>(size)};
  }
  template <typename F>
  static tenon_status Guarded(tenon_backend* backend, F&& f) {
    return Guard(Self(backend).host().table(), f);
  }

  static tenon_status TENON_CALL Colour(tenon_backend* backend, const tenon_compile_target* target,
                                        const tenon_segment* graph, uint32_t* out_colours) {
    return Guarded(backend, [&] {
      return Self(backend).Colour(*target, *graph, {out_colours, graph->node_count});
    });
  }
  static tenon_status TENON_CALL Refusal(tenon_backend* backend, const tenon_compile_target* target,
                                         const tenon_segment* graph, uint32_t node) {
    return Guarded(backend, [&] { return Self(backend).Refusal(*target, *graph, node); });
  }
  static tenon_status TENON_CALL Compile(tenon_backend* backend, const tenon_segment* segment,
                                         const tenon_compile_request* request,
                                         tenon_artifact** out_artifact) {
    return Guarded(backend, [&] {
      *out_artifact = reinterpret_cast<tenon_artifact*>(
          new Artifact(Self(backend).Compile(*segment, *request)));
    });
  }
  static tenon_status TENON_CALL ArtifactBytes(tenon_backend*, tenon_artifact* artifact,
                                               const void** out_data, uint64_t* out_size) {
    const auto& bytes = *reinterpret_cast<Artifact*>(artifact);
    *out_data = bytes.data();
    *out_size = bytes.size();
    return kOk;
  }
  static void TENON_CALL ArtifactRelease(tenon_backend*, tenon_artifact* artifact) {
    delete reinterpret_cast<Artifact*>(artifact);
  }
  static tenon_status TENON_CALL Check(tenon_backend* backend, const tenon_compile_target* target,
                                       const void* data, uint64_t size) {
    return Guarded(backend, [&] { return Self(backend).Check(*target, View(data, size)); });
  }

  // A loaded program carries its own descriptor, which lives as long as it does.
  struct Loaded : Program {
    Loaded(Host host, tenon_device* device, Bytes bytes)
        : Program(device, bytes), descriptor(host) {
      const KernelSlots slots = ClassSlots<Loaded>::MakeLoaded();
      descriptor.struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy);
      descriptor.name = "program";
      descriptor.domain = descriptor.op = "";
      descriptor.prepare = slots.prepare;
      descriptor.run = slots.run;
      descriptor.plan_release = slots.plan_release;
      descriptor.destroy = slots.destroy;
    }
    HostedDescriptor descriptor;
  };
  static tenon_status TENON_CALL Load(tenon_device* device, const void* data, uint64_t size,
                                      const tenon_kernel_descriptor** out_descriptor,
                                      tenon_kernel** out_kernel) {
    const Host host = reinterpret_cast<typename B::Device*>(device)->host();
    return Guard(host.table(), [&] {
      auto* loaded = new Loaded(host, device, View(data, size));
      *out_descriptor = &loaded->descriptor;
      *out_kernel = reinterpret_cast<tenon_kernel*>(loaded);
    });
  }
  static constexpr tenon_compile_interface Make() {
    tenon_compile_interface table{TENON_SIZE_TO(tenon_compile_interface, refusal),
                                  0,
                                  &Colour,
                                  &Compile,
                                  &ArtifactBytes,
                                  &ArtifactRelease,
                                  &Check,
                                  &Load,
                                  nullptr};
    if constexpr (HasRefusal<B>) table.refusal = &Refusal;
    return table;
  }
  static constexpr tenon_compile_interface kTable = Make();
};

}  // namespace detail
}  // namespace v0_1
}  // namespace tenon::sdk
