#include "tenon/graph/file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace tenon::graph {
namespace {

constexpr std::align_val_t kAlignment{64};

uint64_t ModifiedNs(const struct stat& info) {
  return static_cast<uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(info.st_mtim.tv_nsec);
}

}  // namespace

Result<std::shared_ptr<const File>> File::Adopt(int descriptor, std::string name, uint64_t most,
                                                bool copy) {
  std::shared_ptr<File> file(new File);
  file->name_ = std::move(name);
  file->descriptor_ = descriptor;
  struct stat info {};
  if (fstat(descriptor, &info) != 0)
    return Status(Code::kIo, file->name_ + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return Status(Code::kInvalidArgument, file->name_ + ": not a regular file");
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > most) {
    return Status(Code::kInvalidArgument, file->name_ + ": " + std::to_string(size) +
                                              " bytes, the limit is " + std::to_string(most));
  }
  file->identity_ = {info.st_dev, info.st_ino, ModifiedNs(info), size, 0, 0};
  if (size != 0)
    TENON_RETURN_IF_ERROR(copy || size <= kLargestRead ? file->ReadAll() : file->Map());
  if (!file->mapped_) close(std::exchange(file->descriptor_, -1));
  return std::shared_ptr<const File>(std::move(file));
}

File::~File() {
  if (mapped_)
    munmap(const_cast<std::byte*>(data_), identity_.file_size);
  else
    ::operator delete[](const_cast<std::byte*>(data_), kAlignment);
  if (descriptor_ >= 0) close(descriptor_);
}

Status File::Map() {
  void* data = mmap(nullptr, identity_.file_size, PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (data == MAP_FAILED)
    return Status(Code::kIo, name_ + ": can't be mapped: " + std::strerror(errno));
  data_ = static_cast<const std::byte*>(data);
  mapped_ = true;
  return {};
}

Status File::ReadAll() {
  auto* data = static_cast<std::byte*>(::operator new[](identity_.file_size, kAlignment));
  data_ = data;
  return Read(0, {data, identity_.file_size});
}

BlobIdentity File::IdentityOf(uint64_t offset, uint64_t length) const {
  BlobIdentity identity = identity_;
  identity.offset = offset;
  identity.length = length;
  return identity;
}

Status File::Check() const {
  if (!mapped_) return {};
  struct stat info {};
  if (fstat(descriptor_, &info) != 0) return Status(Code::kIo, name_ + ": " + std::strerror(errno));
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size == identity_.file_size && ModifiedNs(info) == identity_.mtime_ns) return {};
  return Status(
      Code::kDataLoss,
      name_ + ": the file was changed while the model was in use (" +
          std::to_string(identity_.file_size) + " bytes then, " + std::to_string(size) +
          " now): open the model again; to replace such a file, write another and rename it");
}

Status File::Read(uint64_t offset, std::span<std::byte> out) const {
  if (descriptor_ < 0) {
    std::memcpy(out.data(), data_ + offset, out.size());
    return {};
  }
  for (size_t done = 0; done < out.size();) {
    const ssize_t got =
        pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status(Code::kIo, name_ + ": can't be read: " + std::strerror(errno));
    if (got == 0) {
      return Status(Code::kDataLoss, name_ + ": ends at byte " + std::to_string(offset + done) +
                                         ": it was cut while it was read");
    }
    done += static_cast<size_t>(got);
  }
  return {};
}

}  // namespace tenon::graph
