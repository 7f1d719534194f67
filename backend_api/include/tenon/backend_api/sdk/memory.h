// The interface "memory" from members of a backend's Device class D. It is there when D has a class
// Buffer and
//   Buffer* Allocate(uint32_t memory_kind, uint64_t size, uint64_t alignment, tenon_queue* queue);
//   void* Base(Buffer&);                 nullptr where the kind is not addressable
//   void Free(Buffer*, Fences);          behind the fences (none today); must succeed
// and, where the host may touch it (an allocator of host memory leaves these out: Base is then the
// mapping),
//   void* Map(Buffer&, uint64_t offset, uint64_t size, tenon_access, Fences, uint64_t timeout_ns);
//   tenon_fence Unmap(Buffer&, void* pointer);                        timeline nullptr: at once
// and optionally
//   void Stats(uint32_t memory_kind, tenon_memory_stats&);    void Trim();     not called yet
//   Buffer* Import(uint32_t memory_kind, const tenon_external_memory&);
//   void Export(Buffer&, uint32_t external_kind, tenon_external_memory&);
// All may throw where it does not say otherwise: std::bad_alloc where memory is out.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/host.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

using Fences = std::span<const tenon_fence>;

template <typename D>
concept HasMemory = requires(D& d, typename D::Buffer& buffer, tenon_queue* queue, Fences fences) {
  { d.Allocate(uint32_t{}, uint64_t{}, uint64_t{}, queue) } -> std::same_as<typename D::Buffer*>;
  { d.Base(buffer) } -> std::convertible_to<void*>;
  d.Free(&buffer, fences);
};

namespace detail {

template <typename D>
struct MemorySlots {
  using Buffer = typename D::Buffer;
  static D& Self(tenon_device* device) { return *reinterpret_cast<D*>(device); }
  static Buffer& Of(tenon_buffer* buffer) { return *reinterpret_cast<Buffer*>(buffer); }
  template <typename F>
  static tenon_status Guarded(tenon_device* device, F&& f) {
    return Guard(Self(device).host().table(), f);
  }

  static tenon_status TENON_CALL Allocate(tenon_device* device, uint32_t kind, uint64_t size,
                                          uint64_t alignment, tenon_queue* queue,
                                          tenon_buffer** out_buffer, void** out_base) {
    return Guarded(device, [&] {
      Buffer* buffer = Self(device).Allocate(kind, size, alignment, queue);
      *out_base = Self(device).Base(*buffer);
      *out_buffer = reinterpret_cast<tenon_buffer*>(buffer);
    });
  }
  static void TENON_CALL Free(tenon_device* device, tenon_buffer* buffer, const tenon_fence* fences,
                              uint32_t count) {
    if (!buffer) return;
    GuardEnd(Self(device).host().table(),
             [&] { Self(device).Free(&Of(buffer), Fences(fences, count)); });
  }

  static constexpr bool kMaps = requires(D & d, Buffer& buffer, Fences fences, void* pointer) {
    {
      d.Map(buffer, uint64_t{}, uint64_t{}, tenon_access{}, fences, uint64_t{})
      } -> std::convertible_to<void*>;
    { d.Unmap(buffer, pointer) } -> std::same_as<tenon_fence>;
  };
  // Without Map the memory is the host's own: a mapping is a pointer into the base, and there are
  // no fences to wait for.
  static tenon_status TENON_CALL Map(tenon_device* device, tenon_buffer* buffer, uint64_t offset,
                                     [[maybe_unused]] uint64_t size,
                                     [[maybe_unused]] tenon_access access,
                                     [[maybe_unused]] const tenon_fence* fences,
                                     [[maybe_unused]] uint32_t count,
                                     [[maybe_unused]] uint64_t timeout_ns, void** out_pointer) {
    return Guarded(device, [&] {
      if constexpr (kMaps) {
        *out_pointer =
            Self(device).Map(Of(buffer), offset, size, access, Fences(fences, count), timeout_ns);
      } else {
        *out_pointer = static_cast<char*>(Self(device).Base(Of(buffer))) + offset;
      }
    });
  }
  static tenon_status TENON_CALL Unmap(tenon_device* device, [[maybe_unused]] tenon_buffer* buffer,
                                       [[maybe_unused]] void* pointer, tenon_fence* out_fence) {
    return Guarded(device, [&] {
      tenon_fence fence{};
      if constexpr (kMaps) fence = Self(device).Unmap(Of(buffer), pointer);
      if (out_fence) *out_fence = fence;
    });
  }
  static tenon_status TENON_CALL Stats(tenon_device* device, uint32_t kind,
                                       tenon_memory_stats* out_stats) {
    return Guarded(device, [&] { Self(device).Stats(kind, *out_stats); });
  }
  static tenon_status TENON_CALL Trim(tenon_device* device) {
    return Guarded(device, [&] { Self(device).Trim(); });
  }
  static tenon_status TENON_CALL Import(tenon_device* device, uint32_t kind,
                                        const tenon_external_memory* external,
                                        tenon_buffer** out_buffer, void** out_base) {
    return Guarded(device, [&] {
      Buffer* buffer = Self(device).Import(kind, *external);
      *out_base = Self(device).Base(*buffer);
      *out_buffer = reinterpret_cast<tenon_buffer*>(buffer);
    });
  }
  static tenon_status TENON_CALL Export(tenon_device* device, tenon_buffer* buffer, uint32_t kind,
                                        tenon_external_memory* out_external) {
    return Guarded(device, [&] { Self(device).Export(Of(buffer), kind, *out_external); });
  }

  static constexpr tenon_memory_interface Make() {
    tenon_memory_interface table{};
    table.struct_size = TENON_SIZE_TO(tenon_memory_interface, export_memory);
    table.allocate = &Allocate;
    table.free = &Free;
    table.map = &Map;
    table.unmap = &Unmap;
    if constexpr (requires(D & d, tenon_memory_stats & s) { d.Stats(uint32_t{}, s); })
      table.stats = &Stats;
    if constexpr (requires(D & d) { d.Trim(); }) table.trim = &Trim;
    if constexpr (requires(D & d, const tenon_external_memory& e) { d.Import(uint32_t{}, e); }) {
      table.import_memory = &Import;
    }
    if constexpr (requires(D & d, Buffer & b, tenon_external_memory & e) {
                    d.Export(b, uint32_t{}, e);
                  }) {
      table.export_memory = &Export;
    }
    return table;
  }
  static constexpr tenon_memory_interface kTable = Make();
};

}  // namespace detail
}  // namespace v0_1
}  // namespace tenon::sdk
