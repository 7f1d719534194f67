// A file whose bytes are constants of a graph. Immutable and thread-safe; lives as long as a blob that lies in it.
//
// Small files are read into memory. Larger ones are mapped, and should not change meanwhile: where a file is cut, reading
// what is gone ends the process with SIGBUS, which a library can't catch in somebody's process. So Tenon asks Check before
// it reads weights, when a session is made and when a run begins, and copies with Read, which fails instead; a file that is
// cut while a kernel reads it in place is not covered. Who must be safe from that too asks for copies of all files.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "tenon/graph/graph.h"

namespace tenon::graph {

class File {
 public:
  static constexpr uint64_t kLargestRead = 4 << 20;  // larger files are mapped

  // Takes `descriptor` over. kInvalidArgument: no regular file, or above `most` bytes; kDataLoss, kIo. `name` is for
  // messages. `copy`: reads the file, however large it is.
  static Result<std::shared_ptr<const File>> Adopt(int descriptor, std::string name, uint64_t most,
                                                   bool copy);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return {data_, identity_.file_size}; }
  bool mapped() const { return mapped_; }
  BlobIdentity IdentityOf(uint64_t offset, uint64_t length) const;
  // kDataLoss where a mapped file is not what it was when it was opened.
  Status Check() const;
  // Copies a range of bytes(); kDataLoss where a mapped file has lost it.
  Status Read(uint64_t offset, std::span<std::byte> out) const;

 private:
  File() = default;
  Status Map();
  Status ReadAll();

  std::string name_;
  int descriptor_ = -1;  // open while mapped
  const std::byte* data_ = nullptr;
  BlobIdentity identity_;
  bool mapped_ = false;
};

}  // namespace tenon::graph
