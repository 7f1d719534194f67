// External data: tensors whose bytes stand in files beside the model
// (https://github.com/onnx/onnx/blob/main/docs/ExternalData.md). Only regular files below the model's folder are opened,
// whatever a model says and whatever links stand in the folder.
#pragma once

#include <onnx/onnx-ml.pb.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tenon/graph/file.h"
#include "tenon/model/model.h"

namespace tenon::model {

// What the keys of TensorProto.external_data say. `checksum` (SHA-1 of the file) and `basepath` (of the process that wrote
// it) are not used.
struct ExternalRange {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};
// kInvalidArgument names the key.
Result<ExternalRange> ReadExternalKeys(const ::ONNX_NAMESPACE::TensorProto& tensor);

// The files of one model, each opened once. One thread at a time.
class ExternalFiles {
 public:
  // folder: "" where the model has none. The options must outlive this.
  ExternalFiles(std::string folder, const ImportOptions& options)
      : folder_(std::move(folder)), options_(options) {}
  ~ExternalFiles();
  ExternalFiles(const ExternalFiles&) = delete;
  ExternalFiles& operator=(const ExternalFiles&) = delete;

  // `location` as the model says it.
  Result<std::shared_ptr<const graph::File>> Open(const std::string& location);
  const std::vector<std::shared_ptr<const graph::File>>& files() const { return files_; }
  const std::map<std::string, std::shared_ptr<const graph::File>>& by_location() const {
    return by_location_;
  }

 private:
  Status OpenFolder();

  std::string folder_;
  const ImportOptions& options_;
  int descriptor_ = -1;  // of the folder
  std::map<std::string, std::shared_ptr<const graph::File>> by_location_;
  std::vector<std::shared_ptr<const graph::File>> files_;
};

// Opens a regular file below `folder` for reading, or gives -1 and errno: EXDEV where it would lead out. How it is done
// where the kernel has no openat2 is visible for tests: links are then refused altogether (ELOOP).
int OpenBeneath(int folder, const char* path);
int OpenBeneathByParts(int folder, const std::string& path);

}  // namespace tenon::model
