// The kind "unified": coherent memory that host and queues use through the same pointers.
#include <cstdlib>
#include <new>

#include "storage.h"

namespace tenon::simulator {
namespace {

class Unified : public Storage {
 public:
  Unified(std::byte* memory, uint64_t size, void (*release)(void*))
      : Storage(kUnified, size), memory_(memory, release) {}

  std::byte* device() const override { return memory_.get(); }
  std::byte* base() const override { return memory_.get(); }
  void* Map(uint64_t offset, uint64_t, tenon_access) override { return memory_.get() + offset; }
  void Unmap(void*, uint64_t, uint64_t, tenon_access) override {}

 private:
  std::unique_ptr<std::byte, void (*)(void*)> memory_;
};

}  // namespace

std::shared_ptr<Storage> MakeUnified(uint64_t size, uint64_t alignment) {
  auto* memory = static_cast<std::byte*>(
      std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment));
  if (!memory) throw std::bad_alloc();
  return std::make_shared<Unified>(memory, size, &std::free);
}

std::shared_ptr<Storage> BorrowUnified(void* pointer, uint64_t size) {
  return std::make_shared<Unified>(
      static_cast<std::byte*>(pointer), size, +[](void*) {});
}

}  // namespace tenon::simulator
