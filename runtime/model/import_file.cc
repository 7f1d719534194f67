#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "importer.h"

namespace tenon::model {
namespace {

class Mapping {
 public:
  Mapping(void* data, size_t size) : data_(data), size_(size) {}
  ~Mapping() { munmap(data_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  void* data_;
  size_t size_;
};

Result<graph::Graph> Parse(Source source, const ImportOptions& options) {
  if (source.bytes.empty()) return Status(Code::kDataLoss, "the model is empty (0 bytes)");
  if (source.bytes.size() > options.max_model_bytes) {
    return Status(Code::kInvalidArgument, "the model has " + std::to_string(source.bytes.size()) +
                                              " bytes, the limit is " +
                                              std::to_string(options.max_model_bytes));
  }
  TENON_ASSIGN(StrippedModel stripped, StripModel(source.bytes, options.max_depth));
  if (stripped.proto.size() > INT_MAX) {
    return Status(Code::kUnsupported, "the model has more than 2 GB besides its tensors' raw data");
  }
  onnx::ModelProto model;
  if (!model.ParseFromArray(stripped.proto.data(), static_cast<int>(stripped.proto.size()))) {
    return Status(Code::kDataLoss, "not an ONNX model: protobuf can't parse it");
  }
  source.raw = std::move(stripped.raw);
  return ImportModel(model, source, options);
}

// Libraries may throw, bad_alloc above all.
Result<graph::Graph> ParseGuarded(Source source, const ImportOptions& options) {
  try {
    return Parse(std::move(source), options);
  } catch (const std::bad_alloc&) {
    return Status(Code::kOutOfMemory, "memory ran out while the model was imported");
  } catch (const std::exception& thrown) {
    return Status(Code::kInternal, std::string("import failed: ") + thrown.what());
  }
}

}  // namespace

Result<graph::Graph> ImportFile(const std::string& path, const ImportOptions& options) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return Status(errno == ENOENT ? Code::kNotFound : Code::kIo,
                  path + ": can't be opened: " + std::strerror(errno));
  }
  struct stat info {};
  void* data = MAP_FAILED;
  const bool regular = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  const auto size = static_cast<size_t>(info.st_size);
  if (regular && size > 0) data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const int error = errno;
  close(file);
  if (!regular) return Status(Code::kInvalidArgument, path + ": not a regular file");
  if (size == 0) return Status(Code::kDataLoss, path + ": the file is empty");
  if (data == MAP_FAILED)
    return Status(Code::kIo, path + ": can't be mapped: " + std::strerror(error));
  auto mapping = std::make_shared<Mapping>(data, size);
  Source source;
  source.bytes = mapping->bytes();
  source.file = {info.st_dev,
                 info.st_ino,
                 static_cast<uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
                     static_cast<uint64_t>(info.st_mtim.tv_nsec),
                 size,
                 0,
                 0};
  source.owner = std::move(mapping);
  Result<graph::Graph> graph = ParseGuarded(std::move(source), options);
  if (graph.ok()) return graph;
  return std::move(graph).status().WithContext(path);
}

Result<graph::Graph> ImportMemory(std::span<const std::byte> bytes,
                                  std::shared_ptr<const void> owner, const ImportOptions& options) {
  Source source;
  source.bytes = bytes;
  source.owner = std::move(owner);
  return ParseGuarded(std::move(source), options);
}

}  // namespace tenon::model
