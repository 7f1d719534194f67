// The kind "locked": a memory file, mapped twice. Queues use one view. The other is the host's: all
// of its pages are closed (PROT_NONE) but those in mappings, so that a host that follows a base
// without mapping it faults.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "storage.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::simulator {
namespace {

uint64_t PageSize() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

[[noreturn]] void Failed(const char* call) {
  if (errno == ENOMEM) throw std::bad_alloc();
  throw sdk::Failure(TENON_IO, std::string(call) + " for locked memory: " + std::strerror(errno));
}

// An area of address space, given back at the end.
class Area {
 public:
  Area(uint64_t size, int protection, int flags, int file)
      : data_(mmap(nullptr, size, protection, flags, file, 0)), size_(size) {
    if (data_ == MAP_FAILED) Failed("mmap");
  }
  ~Area() { munmap(data_, size_); }
  Area(const Area&) = delete;
  Area& operator=(const Area&) = delete;
  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_;
  uint64_t size_;
};

class MemoryFile {
 public:
  explicit MemoryFile(uint64_t size) : file_(memfd_create("tenon-simulator", MFD_CLOEXEC)) {
    if (file_ < 0) Failed("memfd_create");
    if (ftruncate(file_, static_cast<off_t>(size)) == 0) return;
    close(file_);
    Failed("ftruncate");
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

uint64_t WholePages(uint64_t size) { return (size + PageSize() - 1) / PageSize() * PageSize(); }

class Locked : public Storage {
 public:
  Locked(uint64_t size, uint64_t alignment, const MemoryFile& file)
      : Storage(kLocked, size),
        device_(WholePages(size), PROT_READ | PROT_WRITE, MAP_SHARED, file.get()),
        // More than asked for, so that an aligned part of it can be the view.
        reserved_(WholePages(size) + alignment, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1) {
    const auto start = reinterpret_cast<uintptr_t>(reserved_.data());
    host_ = reserved_.data() + ((start + alignment - 1) / alignment * alignment - start);
    if (mmap(host_, WholePages(size), PROT_NONE, MAP_SHARED | MAP_FIXED, file.get(), 0) ==
        MAP_FAILED)
      Failed("mmap");
  }

  std::byte* device() const override { return device_.data(); }
  std::byte* base() const override { return host_; }

  void* Map(uint64_t offset, uint64_t size, tenon_access access) override {
    std::lock_guard lock(mutex_);
    mappings_.push_back({ownership().Granules(offset, size), access});
    Protect(mappings_.back().range);
    return host_ + offset;
  }
  void Unmap(void*, uint64_t offset, uint64_t size, tenon_access access) override {
    const Range range = ownership().Granules(offset, size);
    std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(mappings_, [&](const Mapping& m) {
      return m.range.begin == range.begin && m.range.end == range.end && m.access == access;
    });
    if (found == mappings_.end()) return;
    mappings_.erase(found);
    Protect(range);
  }

 private:
  struct Mapping {
    Range range;
    tenon_access access;
  };
  int ProtectionAt(uint64_t page) const {
    int protection = PROT_NONE;
    for (const Mapping& m : mappings_) {
      if (page < m.range.begin || page >= m.range.end) continue;
      protection |= (m.access & TENON_ACCESS_WRITE) != 0 ? PROT_READ | PROT_WRITE : PROT_READ;
    }
    return protection;
  }
  // Sets the protection of the pages of a range, in runs of equal ones.
  void Protect(const Range& range) {
    for (uint64_t begin = range.begin; begin < range.end;) {
      const int protection = ProtectionAt(begin);
      uint64_t end = begin + PageSize();
      while (end < range.end && ProtectionAt(end) == protection) end += PageSize();
      if (mprotect(host_ + begin, end - begin, protection) != 0) Failed("mprotect");
      begin = end;
    }
  }

  Area device_, reserved_;
  std::byte* host_;
  std::mutex mutex_;
  std::vector<Mapping> mappings_;
};

}  // namespace

std::shared_ptr<Storage> MakeLocked(uint64_t size, uint64_t alignment) {
  const MemoryFile file(WholePages(size));  // the mappings keep it
  return std::make_shared<Locked>(size, std::max(alignment, PageSize()), file);
}

uint64_t GranuleOf(uint32_t kind) { return kind == kLocked ? PageSize() : 1; }

}  // namespace tenon::simulator
