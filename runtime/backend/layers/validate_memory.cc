// The interface "memory": buffers, mappings and the work that may still use them.
#include <algorithm>
#include <functional>

#include "layers/validate_backend.h"

namespace tenon::backend::validate {
namespace {

const tenon_memory_interface& Inner(const Device& device) { return device.backend.theirs.memory; }

std::string Name(const tenon_buffer* buffer) { return "buffer " + Address(buffer); }

// A copy of what is known of a live buffer of the device; complains where there is none.
std::optional<Buffer> FindBuffer(State& state, const char* slot, const Device* device,
                                 tenon_buffer* buffer) {
  std::unique_lock lock(state.mutex);
  const auto found = state.buffers.find(buffer);
  if (found != state.buffers.end() && found->second.device == device) return found->second;
  const bool elsewhere = found != state.buffers.end();
  lock.unlock();
  state.Complain("R4", slot,
                 Name(buffer) + (elsewhere ? " belongs to another device"
                                           : " is no live buffer (never was, or is freed)"));
  return std::nullopt;
}

void CheckIdle(State& state, const char* slot, const Buffer& known, tenon_buffer* buffer,
               std::span<const tenon_fence> fences) {
  if (known.device->silent()) return;
  for (const auto& [queue, point] : known.uses) {
    if (state.fences.Done(queue, point, fences)) continue;
    return state.Complain(
        "R12", slot,
        Name(buffer) +
            " is in use by work under way that no fence given, and nothing waited for, covers");
  }
}

// Whether bytes behind the buffer's end are what they were, where no work may be under way on it.
void CheckTail(State& state, const char* slot, const Buffer& known, tenon_buffer* buffer) {
  const bool idle = std::ranges::all_of(
      known.uses, [&](const auto& use) { return state.fences.Done(use.first, use.second, {}); });
  if (!idle || known.device->silent() || known.writers > 0 || TailIsIntact(known)) return;
  state.Complain(
      "R13", slot,
      Name(buffer) + " of " + std::to_string(known.size) + " bytes was written beyond its end");
}

bool CheckKind(Device& device, const char* slot, uint32_t memory_kind) {
  if (device.Kind(memory_kind)) return true;
  device.state.Complain("R13", slot,
                        "the device has no memory kind " + std::to_string(memory_kind));
  return false;
}

// A struct that the host sizes and the backend fills.
template <typename T>
void CheckFilled(State& state, const char* slot, const T& filled, uint32_t struct_size) {
  if (filled.struct_size != struct_size)
    state.Complain("R1", slot, "changed struct_size, which the host sets");
}

// The buffer whose bytes the new one shares; null where there is none. The lock is held.
tenon_buffer* Sharing(const State& state, const Buffer& fresh) {
  const auto* begin = static_cast<const char*>(fresh.base);
  for (const auto& [buffer, known] : state.buffers) {
    const auto* other = static_cast<const char*>(known.base);
    if (begin && other && !known.imported && known.device == fresh.device &&
        std::less()(begin, other + known.size + known.tail) &&
        std::less()(other, begin + fresh.size + fresh.tail))
      return buffer;
  }
  return nullptr;
}

tenon_status GaveBuffer(const char* slot, Device& device, uint32_t kind_id, uint64_t size,
                        uint64_t tail, uint64_t alignment, bool imported, tenon_status status,
                        tenon_buffer* buffer, void* base, tenon_buffer** out_buffer,
                        void** out_base) {
  State& state = device.state;
  if (status.code != TENON_OK) {
    if (buffer || base) state.Complain("R2", slot, "failed, but an out parameter is set");
    return status;
  }
  if (!buffer) {
    state.Complain("R3", slot, "gives no buffer");
    return status;
  }
  const tenon_memory_kind* kind = device.Kind(kind_id);
  const bool addressable = kind && (kind->flags & TENON_MEMORY_ADDRESSABLE) != 0;
  if (kind && addressable != (base != nullptr)) {
    state.Complain(
        "R13", slot,
        Name(buffer) + (addressable ? ": out_base is NULL in addressable memory"
                                    : ": out_base is set in memory that is not addressable"));
  }
  if (alignment && reinterpret_cast<uintptr_t>(base) % alignment != 0) {
    state.Complain("R13", slot,
                   Name(buffer) + ": its base is not aligned to " + std::to_string(alignment));
  }
  Buffer known;
  known.device = &device;
  known.kind = kind;
  known.kind_id = kind_id;
  known.size = size;
  known.tail = base ? tail : 0;
  known.base = base;
  known.imported = imported;
  std::unique_lock lock(state.mutex);
  const tenon_buffer* shared = imported ? nullptr : Sharing(state, known);
  const auto [entry, fresh] = state.buffers.emplace(buffer, std::move(known));
  if (fresh && shared) entry->second.tail = 0;  // they are another's bytes
  if (fresh) {
    MendTail(entry->second);
    state.tails[{&device, kind_id}].Add(entry->second);
  }
  lock.unlock();
  if (!fresh) state.Complain("R4", slot, "gives " + Name(buffer) + ", which is live already");
  if (fresh && shared)
    state.Complain("R4", slot,
                   Name(buffer) + " shares bytes with " + Name(shared) + ", which is live");
  *out_buffer = buffer;
  *out_base = base;
  return status;
}

tenon_status TENON_CALL Allocate(tenon_device* handle, uint32_t memory_kind, uint64_t size,
                                 uint64_t alignment, tenon_queue* queue, tenon_buffer** out_buffer,
                                 void** out_base) {
  constexpr const char* kSlot = "memory.allocate";
  Device* device = Of(handle, kSlot);
  if (!device) return Unusable();
  State& state = device->state;
  Queue* on = queue ? Of(state, queue, kSlot) : nullptr;
  if ((queue && !on) || !CheckOut(state, kSlot, "out_buffer", out_buffer) ||
      !CheckOut(state, kSlot, "out_base", out_base)) {
    return Unusable();
  }
  if (on && &on->device != device)
    return state.Refuse("R4", kSlot, "the queue is of another device");
  if (size == 0 || !IsPowerOfTwo(alignment)) {
    return state.Refuse("R13", kSlot,
                        "size " + std::to_string(size) + " and alignment " +
                            std::to_string(alignment) +
                            ", expected more than 0 and a power of two");
  }
  if (!CheckKind(*device, kSlot, memory_kind)) return Unusable();
  const tenon_memory_kind* kind = device->Kind(memory_kind);
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  const uint64_t tail = TailFor(*kind, size);
  const tenon_status status = state.CallOn(device, kSlot, [&] {
    return Inner(*device).allocate(device->inner, memory_kind, size + tail, alignment,
                                   on ? on->inner : nullptr, &buffer, &base);
  });
  return GaveBuffer(kSlot, *device, memory_kind, size, tail, std::max(alignment, kind->alignment),
                    false, status, buffer, base, out_buffer, out_base);
}

void TENON_CALL Free(tenon_device* handle, tenon_buffer* buffer, const tenon_fence* fences,
                     uint32_t count) {
  constexpr const char* kSlot = "memory.free";
  Device* device = Of(handle, kSlot);
  if (!device) return;
  State& state = device->state;
  if (!CheckFences(state, kSlot, fences, count, false)) return;
  if (buffer) {
    const std::optional<Buffer> known = FindBuffer(state, kSlot, device, buffer);
    if (!known) return;
    if (!known->mappings.empty())
      state.Complain("R4", kSlot, Name(buffer) + " is freed while it is mapped");
    CheckIdle(state, kSlot, *known, buffer, {fences, count});
    CheckTail(state, kSlot, *known, buffer);
    std::lock_guard lock(state.mutex);
    state.buffers.erase(buffer);
    state.tails[{device, known->kind_id}].Remove(*known);
  }
  state.CallVoid(kSlot, [&] { Inner(*device).free(device->inner, buffer, fences, count); });
}

bool Overlap(const Buffer::Mapping& a, uint64_t offset, uint64_t size) {
  return offset < a.offset + a.size && a.offset < offset + size;
}

void CheckMapping(State& state, const char* slot, const Buffer& known, tenon_buffer* buffer,
                  uint64_t offset, uint64_t size, tenon_access access,
                  std::span<const tenon_fence> fences) {
  const tenon_memory_flags flags = known.kind ? known.kind->flags : 0;
  if (((access & TENON_ACCESS_READ) && !(flags & TENON_MEMORY_HOST_READ)) ||
      ((access & TENON_ACCESS_WRITE) && !(flags & TENON_MEMORY_HOST_WRITE))) {
    state.Complain(
        "R13", slot,
        Name(buffer) + ": its memory kind does not allow the access " + std::to_string(access));
  }
  for (const Buffer::Mapping& mapping : known.mappings) {
    if (!Overlap(mapping, offset, size) || !((access | mapping.access) & TENON_ACCESS_WRITE))
      continue;
    state.Complain("R12", slot,
                   Name(buffer) + ": a range that is mapped for writing overlaps another one");
    break;
  }
  if (!(flags & TENON_MEMORY_COHERENT)) CheckIdle(state, slot, known, buffer, fences);
}

tenon_status TENON_CALL Map(tenon_device* handle, tenon_buffer* buffer, uint64_t offset,
                            uint64_t size, tenon_access access, const tenon_fence* fences,
                            uint32_t count, uint64_t timeout_ns, void** out_pointer) {
  constexpr const char* kSlot = "memory.map";
  Device* device = Of(handle, kSlot);
  if (!device) return Unusable();
  State& state = device->state;
  if (!CheckOut(state, kSlot, "out_pointer", out_pointer) ||
      !CheckFences(state, kSlot, fences, count, false))
    return Unusable();
  const std::optional<Buffer> known = FindBuffer(state, kSlot, device, buffer);
  if (!known) return Unusable();
  if (offset > known->size || size > known->size - offset || access == 0 ||
      access > TENON_ACCESS_READ_WRITE) {
    return state.Refuse("R13", kSlot,
                        Name(buffer) + ": " + std::to_string(size) + " bytes at " +
                            std::to_string(offset) + " with access " + std::to_string(access) +
                            "; it has " + std::to_string(known->size));
  }
  CheckMapping(state, kSlot, *known, buffer, offset, size, access, {fences, count});
  void* pointer = nullptr;
  const tenon_status status = state.CallOn(device, kSlot, [&] {
    return Inner(*device).map(device->inner, buffer, offset, size, access, fences, count,
                              timeout_ns, &pointer);
  });
  if (status.code != TENON_OK) {
    if (pointer) state.Complain("R2", kSlot, "failed, but out_pointer is set");
    return status;
  }
  if (!pointer) state.Complain("R3", kSlot, "gives no pointer");
  for (uint32_t i = 0; i < count; ++i) {
    if (fences[i].origin == TENON_ORIGIN_BACKEND)
      state.fences.Reached(fences[i].timeline, fences[i].value);
  }
  std::lock_guard lock(state.mutex);
  if (const auto found = state.buffers.find(buffer); found != state.buffers.end()) {
    found->second.mappings.push_back({pointer, offset, size, access});
    if (access & TENON_ACCESS_WRITE) ++found->second.touched;
  }
  *out_pointer = pointer;
  return status;
}

tenon_status TENON_CALL Unmap(tenon_device* handle, tenon_buffer* buffer, void* pointer,
                              tenon_fence* out_fence) {
  constexpr const char* kSlot = "memory.unmap";
  Device* device = Of(handle, kSlot);
  if (!device) return Unusable();
  State& state = device->state;
  if (!FindBuffer(state, kSlot, device, buffer)) return Unusable();
  {
    std::unique_lock lock(state.mutex);
    auto& mappings = state.buffers[buffer].mappings;
    const auto found = std::ranges::find(mappings, pointer, &Buffer::Mapping::pointer);
    if (found == mappings.end()) {
      lock.unlock();
      return state.Refuse(
          "R4", kSlot,
          Name(buffer) + ": " + Address(pointer) + " is no mapping of it (never was, or is ended)");
    }
    mappings.erase(found);
  }
  const tenon_status status = state.Call(
      kSlot, [&] { return Inner(*device).unmap(device->inner, buffer, pointer, out_fence); });
  if (status.code == TENON_OK && out_fence && out_fence->timeline &&
      out_fence->origin > TENON_ORIGIN_HOST) {
    state.Complain("R12", kSlot,
                   "gives a fence of the unknown origin " + std::to_string(out_fence->origin));
  } else if (status.code == TENON_OK && out_fence && out_fence->timeline) {
    CheckFences(state, kSlot, out_fence, 1, false);
  }
  return status;
}

tenon_status TENON_CALL Stats(tenon_device* handle, uint32_t memory_kind,
                              tenon_memory_stats* out_stats) {
  constexpr const char* kSlot = "memory.stats";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_stats", out_stats) ||
      !CheckSize(device->state, kSlot, "tenon_memory_stats", out_stats->struct_size,
                 TENON_SIZE_TO(tenon_memory_stats, allocation_count)) ||
      !CheckKind(*device, kSlot, memory_kind)) {
    return Unusable();
  }
  const uint32_t size = out_stats->struct_size;
  const tenon_status status = device->state.Call(
      kSlot, [&] { return Inner(*device).stats(device->inner, memory_kind, out_stats); });
  CheckFilled(device->state, kSlot, *out_stats, size);
  if (status.code == TENON_OK && out_stats->bytes_in_use > out_stats->peak_bytes_in_use)
    device->state.Complain("R13", kSlot, "bytes_in_use is above peak_bytes_in_use");
  if (status.code == TENON_OK) {
    std::lock_guard lock(device->state.mutex);
    device->state.tails[{device, memory_kind}].Hide(out_stats);
  }
  return status;
}

tenon_status TENON_CALL Trim(tenon_device* handle) {
  Device* device = Of(handle, "memory.trim");
  if (!device) return Unusable();
  return device->state.Call("memory.trim", [&] { return Inner(*device).trim(device->inner); });
}

tenon_status TENON_CALL Import(tenon_device* handle, uint32_t memory_kind,
                               const tenon_external_memory* external, tenon_buffer** out_buffer,
                               void** out_base) {
  constexpr const char* kSlot = "memory.import_memory";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckGiven(device->state, kSlot, "external", external) ||
      !CheckOut(device->state, kSlot, "out_buffer", out_buffer) ||
      !CheckOut(device->state, kSlot, "out_base", out_base) ||
      !CheckSize(device->state, kSlot, "tenon_external_memory", external->struct_size,
                 TENON_SIZE_TO(tenon_external_memory, size)) ||
      !CheckKind(*device, kSlot, memory_kind)) {
    return Unusable();
  }
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  const tenon_status status = device->state.CallOn(device, kSlot, [&] {
    return Inner(*device).import_memory(device->inner, memory_kind, external, &buffer, &base);
  });
  return GaveBuffer(kSlot, *device, memory_kind, external->size, 0, 0, true, status, buffer, base,
                    out_buffer, out_base);
}

tenon_status TENON_CALL Export(tenon_device* handle, tenon_buffer* buffer, uint32_t external_kind,
                               tenon_external_memory* out_external) {
  constexpr const char* kSlot = "memory.export_memory";
  Device* device = Of(handle, kSlot);
  if (!device || !CheckOut(device->state, kSlot, "out_external", out_external) ||
      !CheckSize(device->state, kSlot, "tenon_external_memory", out_external->struct_size,
                 TENON_SIZE_TO(tenon_external_memory, size))) {
    return Unusable();
  }
  const std::optional<Buffer> known = FindBuffer(device->state, kSlot, device, buffer);
  if (!known) return Unusable();
  const uint32_t size = out_external->struct_size;
  const tenon_status status = device->state.Call(kSlot, [&] {
    return Inner(*device).export_memory(device->inner, buffer, external_kind, out_external);
  });
  CheckFilled(device->state, kSlot, *out_external, size);
  if (status.code == TENON_OK && out_external->kind != external_kind)
    device->state.Complain("R13", kSlot,
                           "asked for kind " + std::to_string(external_kind) + ", gives kind " +
                               std::to_string(out_external->kind));
  if (status.code == TENON_OK && known->tail)
    out_external->size = std::min(out_external->size, known->size);
  return status;
}

}  // namespace

void UseBuffer(Queue& queue, const char* slot, tenon_buffer* buffer, uint64_t offset,
               uint64_t bytes, uint64_t point) {
  State& state = queue.state;
  if (!buffer) return;
  std::unique_lock lock(state.mutex);
  const auto found = state.buffers.find(buffer);
  if (found == state.buffers.end()) return;
  Buffer& known = found->second;
  if (queue.recording) {
    queue.recorded.push_back({buffer, offset, bytes});
  } else {
    known.uses[queue.id] = point;
    ++known.touched;
  }
  const uint64_t granule = known.kind ? std::max<uint64_t>(known.kind->ownership_granule, 1) : 1;
  const bool coherent = known.kind && (known.kind->flags & TENON_MEMORY_COHERENT);
  const uint64_t begin = offset / granule * granule,
                 end = (offset + bytes + granule - 1) / granule * granule;
  const bool mapped = std::ranges::any_of(
      known.mappings, [&](const Buffer::Mapping& m) { return Overlap(m, begin, end - begin); });
  lock.unlock();
  if (!mapped || coherent || queue.recording || state.fences.WaitsForHost(queue.id)) return;
  state.Complain("R12", slot,
                 Name(buffer) + ": work on a range is enqueued while the host has it mapped");
}

void FillMemory(const tenon_memory_interface& theirs, tenon_memory_interface* ours) {
  *ours = theirs;
  if (theirs.allocate) ours->allocate = Allocate;
  if (theirs.free) ours->free = Free;
  if (theirs.map) ours->map = Map;
  if (theirs.unmap) ours->unmap = Unmap;
  if (theirs.stats) ours->stats = Stats;
  if (theirs.trim) ours->trim = Trim;
  if (theirs.import_memory) ours->import_memory = Import;
  if (theirs.export_memory) ours->export_memory = Export;
}

}  // namespace tenon::backend::validate
