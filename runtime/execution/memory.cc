#include "tenon/execution/memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace tenon::execution {

MemorySpace DefaultSpace(backend::Device* device) {
  if (device == nullptr || device->IsHost()) return {};
  return {device, device->default_memory()->id};
}

std::string SpaceName(const MemorySpace& space) {
  return space.host() || space.device == nullptr ? "host" : space.device->backend().name();
}

namespace {

uint64_t RoundUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

Status OutOfMemory(std::string_view what, uint64_t bytes, const MemorySpace& space) {
  return Status(Code::kOutOfMemory, std::string(what) + ": " + std::to_string(bytes) +
                                        " bytes of memory of " + SpaceName(space) +
                                        " cannot be had");
}

}  // namespace

Result<std::shared_ptr<Block>> Block::Allocate(const MemorySpace& space, uint64_t bytes,
                                               uint64_t alignment,
                                               const std::shared_ptr<ByteBudget>& budget,
                                               std::string_view what) {
  std::shared_ptr<Block> block(new Block);
  bytes = std::max<uint64_t>(bytes, 1);
  TENON_ASSIGN(block->charge_, Charge::Make(budget, bytes, what));
  if (space.host()) {
    alignment = std::max(alignment, kHostAlignment);
    if (bytes > SIZE_MAX / 2) return OutOfMemory(what, bytes, space);
    block->base_ =
        static_cast<std::byte*>(std::aligned_alloc(alignment, RoundUp(bytes, alignment)));
    if (block->base_ == nullptr) return OutOfMemory(what, bytes, space);
    block->bytes_ = bytes;
    return block;
  }
  backend::Device& device = *space.device;
  const tenon_memory_kind* kind = device.FindMemory(space.kind);
  if (kind == nullptr || device.memory() == nullptr) {
    return Status(Code::kInternal, "backend " + device.backend().name() + " has no memory kind " +
                                       std::to_string(space.kind));
  }
  if (bytes > kind->largest_allocation) {
    return Status(Code::kOutOfMemory, std::string(what) + " needs " + std::to_string(bytes) +
                                          " bytes in one allocation; the largest of " +
                                          device.backend().name() + "'s memory kind \"" +
                                          kind->name + "\" is " +
                                          std::to_string(kind->largest_allocation));
  }
  void* base = nullptr;
  tenon_buffer* buffer = nullptr;
  Status status = device.backend().Take(
      device.memory()->allocate(device.handle(), space.kind, bytes,
                                std::max(alignment, kind->alignment), nullptr, &buffer, &base));
  if (!status.ok()) {
    return std::move(status).WithContext(std::string(what) + ": allocation of " +
                                         std::to_string(bytes) + " bytes on " +
                                         device.backend().name());
  }
  block->space_ = space;
  block->bytes_ = bytes;
  block->buffer_ = buffer;
  block->base_ = static_cast<std::byte*>(base);
  return block;
}

Block::~Block() {
  if (space_.host()) {
    std::free(base_);
  } else if (buffer_ != nullptr) {
    space_.device->memory()->free(space_.device->handle(), buffer_, nullptr, 0);
  }
}

namespace {

// A range of a device's buffer mapped for the host; unmapped at the end.
class Mapping {
 public:
  Mapping(const Location& at, uint64_t bytes, tenon_access access, uint64_t timeout_ns) : at_(at) {
    backend::Device& device = *at.space.device;
    status_ = device.backend().Take(device.memory()->map(
        device.handle(), at.buffer, at.offset, bytes, access, nullptr, 0, timeout_ns, &pointer_));
  }
  ~Mapping() {
    if (pointer_ != nullptr) (void)End();
  }
  void* pointer() const { return pointer_; }
  Status TakeStatus() { return std::move(status_); }
  Status End() {
    backend::Device& device = *at_.space.device;
    return device.backend().Take(device.memory()->unmap(device.handle(), at_.buffer,
                                                        std::exchange(pointer_, nullptr), nullptr));
  }

 private:
  Location at_;
  void* pointer_ = nullptr;
  Status status_;
};

bool HostMay(const MemorySpace& space, tenon_memory_flags flag) {
  const tenon_memory_kind* kind = space.device->FindMemory(space.kind);
  return kind != nullptr && (kind->flags & flag) != 0 && space.device->memory()->map != nullptr;
}

tenon_location AbiLocation(const Location& at) {
  if (at.space.host()) return {nullptr, at.data, 0};
  return {at.buffer, nullptr, at.offset};
}

Status CopyMapped(const Location& from, const Location& to, uint64_t bytes, uint64_t timeout_ns) {
  if (!from.space.host() && !to.space.host()) {
    Mapping source(from, bytes, TENON_ACCESS_READ, timeout_ns);
    TENON_RETURN_IF_ERROR(source.TakeStatus());
    Mapping destination(to, bytes, TENON_ACCESS_WRITE, timeout_ns);
    TENON_RETURN_IF_ERROR(destination.TakeStatus());
    std::memcpy(destination.pointer(), source.pointer(), bytes);
    return destination.End();
  }
  const bool reading = to.space.host();
  Mapping mapping(reading ? from : to, bytes, reading ? TENON_ACCESS_READ : TENON_ACCESS_WRITE,
                  timeout_ns);
  TENON_RETURN_IF_ERROR(mapping.TakeStatus());
  if (reading) {
    std::memcpy(to.data, mapping.pointer(), bytes);
  } else {
    std::memcpy(mapping.pointer(), from.data, bytes);
  }
  return mapping.End();
}

}  // namespace

CopyQueue::~CopyQueue() {
  if (timeline_ != nullptr) device_->queue()->timeline_destroy(device_->handle(), timeline_);
  if (queue_ != nullptr) device_->queue()->destroy(queue_);
}

Status CopyQueue::Copy(backend::Device& device, const Location& from, const Location& to,
                       uint64_t bytes, uint64_t timeout_ns) {
  const tenon_queue_interface& api = *device.queue();
  const backend::Backend& backend = device.backend();
  if (device_ != &device) {
    *this = CopyQueue();
    device_ = &device;
  }
  if (queue_ == nullptr) TENON_RETURN_IF_ERROR(backend.Take(api.create(device.handle(), &queue_)));
  if (timeline_ == nullptr)
    TENON_RETURN_IF_ERROR(backend.Take(api.timeline_create(device.handle(), &timeline_)));
  const tenon_location source = AbiLocation(from), destination = AbiLocation(to);
  const tenon_fence fence = {timeline_, ++copies_, TENON_ORIGIN_BACKEND, 0};
  Status status = backend.Take(api.copy(queue_, &source, &destination, bytes));
  // Signalled also where copy failed: the queue is then empty or has said so.
  Status signalled = backend.Take(api.signal(queue_, &fence, 1));
  if (signalled.ok()) signalled = backend.Take(api.submit(queue_));
  if (signalled.ok())
    signalled = backend.Take(api.timeline_wait(device.handle(), timeline_, copies_, timeout_ns));
  return status.ok() ? std::move(signalled) : std::move(status);
}

Status CopyNow(const Location& from, const Location& to, uint64_t bytes, uint64_t timeout_ns,
               CopyQueue* queue) {
  if (bytes == 0) return Status();
  if (from.space.host() && to.space.host()) {
    std::memmove(to.data, from.data, bytes);
    return Status();
  }
  const bool from_mappable = from.space.host() || HostMay(from.space, TENON_MEMORY_HOST_READ);
  const bool to_mappable = to.space.host() || HostMay(to.space, TENON_MEMORY_HOST_WRITE);
  if (from_mappable && to_mappable) return CopyMapped(from, to, bytes, timeout_ns);
  backend::Device* device = from.space.host() ? to.space.device : from.space.device;
  const bool one_device =
      from.space.host() || to.space.host() || from.space.device == to.space.device;
  if (one_device && device->queue() != nullptr) {
    CopyQueue own;
    return (queue != nullptr ? *queue : own).Copy(*device, from, to, bytes, timeout_ns);
  }
  if (one_device) {
    return Status(Code::kUnsupported,
                  "backend " + device->backend().name() +
                      " has memory that can neither be mapped nor copied by a queue");
  }
  TENON_ASSIGN(auto staging,
               Block::Allocate({}, bytes, kHostAlignment, nullptr, "copy between devices"));
  TENON_RETURN_IF_ERROR(CopyNow(from, staging->At(0), bytes, timeout_ns));
  return CopyNow(staging->At(0), to, bytes, timeout_ns);
}

void Quarantine::MarkLost(const backend::Device* device, std::string why) {
  std::lock_guard lock(mutex_);
  lost_.emplace(device, std::move(why));
  any_.store(true, std::memory_order_release);
}

Status Quarantine::CheckAlive(const backend::Device* device) const {
  if (!any_.load(std::memory_order_acquire)) return Status();
  std::lock_guard lock(mutex_);
  const auto found = lost_.find(device);
  if (found == lost_.end()) return Status();
  return Status(Code::kDeviceLost, "device \"" + std::string(device->info().name) +
                                       "\" of backend " + device->backend().name() + " is lost (" +
                                       found->second + "): open the session on other backends");
}

void Quarantine::Keep(std::function<void()> end_device_objects, std::shared_ptr<void> host) {
  std::lock_guard lock(mutex_);
  ends_.push_back(std::move(end_device_objects));
  host_.push_back(std::move(host));
}

void Quarantine::EndDeviceObjects() {
  std::vector<std::function<void()>> ends;
  {
    std::lock_guard lock(mutex_);
    ends.swap(ends_);
  }
  for (auto& end : ends) end();
}

void Quarantine::Release() {
  EndDeviceObjects();
  std::vector<std::shared_ptr<void>> host;
  std::lock_guard lock(mutex_);
  host.swap(host_);
}

}  // namespace tenon::execution
