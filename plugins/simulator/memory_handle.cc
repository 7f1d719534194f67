// The kind "handle": no pointers at all. The host sees a copy of a range while it has it mapped.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "storage.h"

namespace tenon::simulator {
namespace {

class Handle : public Storage {
 public:
  Handle(sdk::Host host, uint64_t size, uint64_t alignment)
      : Storage(kHandle, size),
        host_(host),
        memory_(static_cast<std::byte*>(
                    std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)),
                &std::free) {
    if (!memory_) throw std::bad_alloc();
  }

  std::byte* device() const override { return memory_.get(); }
  std::byte* base() const override { return nullptr; }

  void* Map(uint64_t offset, uint64_t size, tenon_access) override {
    void* copy =
        host_.table()->allocate(host_.table(), std::max<uint64_t>(size, 1), kMemoryAlignment);
    if (!copy) throw std::bad_alloc();
    std::memcpy(copy, device() + offset, size);
    return copy;
  }
  void Unmap(void* pointer, uint64_t offset, uint64_t size, tenon_access access) override {
    if ((access & TENON_ACCESS_WRITE) != 0) std::memcpy(device() + offset, pointer, size);
    host_.table()->free(host_.table(), pointer);
  }

 private:
  sdk::Host host_;
  std::unique_ptr<std::byte, decltype(&std::free)> memory_;
};

}  // namespace

std::shared_ptr<Storage> MakeHandle(sdk::Host host, uint64_t size, uint64_t alignment) {
  return std::make_shared<Handle>(host, size, alignment);
}

}  // namespace tenon::simulator
