#include "external.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace tenon::model {
namespace {

Status BadKey(const std::string& key, const std::string& what) {
  return Status(Code::kInvalidArgument, "external data: key \"" + key + "\"" + what);
}

// A file may hold anything: what is shown of it is short and printable.
std::string Shown(const std::string& text) {
  std::string out = text.substr(0, 80);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }, '?');
  return "\"" + out + (text.size() > 80 ? "\"..." : "\"");
}

Result<uint64_t> ReadNumber(const std::string& key, const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && at == end && number <= INT64_MAX) return number;
  return BadKey(key, " is " + Shown(text) + ", expected a whole number from 0 to 2^63 - 1");
}

Status CheckLocation(const std::string& location) {
  const auto refuse = [&](const std::string& what) {
    return BadKey("location", " is " + Shown(location) + ": " + what);
  };
  if (location.empty()) return refuse("expected the path of a file in the model's folder");
  if (location.find('\0') != std::string::npos) return refuse("it holds a zero byte");
  if (location[0] == '/')
    return refuse("an absolute path; expected one that starts in the model's folder");
  for (size_t at = 0; at <= location.size();) {
    const size_t end = std::min(location.find('/', at), location.size());
    if (location.compare(at, end - at, "..") == 0)
      return refuse("\"..\" leads out; only files in the model's folder are read");
    at = end + 1;
  }
  return {};
}

constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

}  // namespace

Result<ExternalRange> ReadExternalKeys(const ::ONNX_NAMESPACE::TensorProto& tensor) {
  ExternalRange range;
  std::vector<std::string> seen;
  for (const auto& entry : tensor.external_data()) {
    const std::string& key = entry.key();
    static constexpr const char* kKeys[] = {"location", "offset", "length", "checksum", "basepath"};
    if (std::ranges::find(kKeys, key) == std::end(kKeys)) {
      return Status(Code::kInvalidArgument,
                    "external data: unknown key " + Shown(key) +
                        "; there are location, offset, length, checksum and basepath");
    }
    if (std::ranges::find(seen, key) != seen.end()) return BadKey(key, " stands twice");
    seen.push_back(key);
    if (key == "location") {
      range.location = entry.value();
    } else if (key == "offset") {
      TENON_ASSIGN(range.offset, ReadNumber(key, entry.value()));
    } else if (key == "length") {
      TENON_ASSIGN(range.length, ReadNumber(key, entry.value()));
    }
  }
  TENON_RETURN_IF_ERROR(CheckLocation(range.location));
  return range;
}

int OpenBeneathByParts(int folder, const std::string& path) {
  int at = dup(folder);
  for (size_t begin = 0; at >= 0 && begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    const bool last = path.find_first_not_of("/.", end) == std::string::npos;
    int next = -1;
    if (part == "..")
      errno = EXDEV;
    else
      next =
          openat(at, part.c_str(), O_NOFOLLOW | (last ? kFlags : O_PATH | O_DIRECTORY | O_CLOEXEC));
    const int error = errno;
    close(at);
    // A link where a folder should be is no folder.
    errno = !last && error == ENOTDIR ? ELOOP : error;
    at = next;
  }
  return at;
}

int OpenBeneath(int folder, const char* path) {
  open_how how = {};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: somebody renamed a folder meanwhile.
  for (int tries = 0; tries < 100; ++tries) {
    const auto file = static_cast<int>(syscall(SYS_openat2, folder, path, &how, sizeof how));
    if (file >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOSYS && errno != EPERM))
      return file;
    if (errno == ENOSYS || errno == EPERM) break;  // old, or forbidden by a sandbox
  }
  return OpenBeneathByParts(folder, path);
}

ExternalFiles::~ExternalFiles() {
  if (descriptor_ >= 0) close(descriptor_);
}

Status ExternalFiles::OpenFolder() {
  if (descriptor_ >= 0) return {};
  if (folder_.empty()) {
    return Status(Code::kInvalidArgument,
                  "external data: the model was opened from memory and has no folder: open the "
                  "file, or name its folder (tenon_limits.data_folder)");
  }
  descriptor_ = open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ >= 0) return {};
  return Status(
      errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kIo,
      "external data: the folder " + folder_ + " can't be opened: " + std::strerror(errno));
}

Result<std::shared_ptr<const graph::File>> ExternalFiles::Open(const std::string& location) {
  if (auto found = by_location_.find(location); found != by_location_.end()) return found->second;
  TENON_RETURN_IF_ERROR(OpenFolder());
  const std::string name = folder_ + "/" + Shown(location);
  const int descriptor = OpenBeneath(descriptor_, location.c_str());
  if (descriptor < 0) {
    const int error = errno;
    if (error == EXDEV || error == ELOOP) {
      return Status(Code::kInvalidArgument,
                    "external data: " + name +
                        " is a link that leads out of the model's folder; only files in the folder "
                        "are read: put the file there");
    }
    const bool none = error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
    return Status(none ? Code::kNotFound : Code::kIo,
                  "external data: " + name + " can't be opened: " + std::strerror(error));
  }
  Result<std::shared_ptr<const graph::File>> opened =
      graph::File::Adopt(descriptor, name, options_.max_model_bytes, options_.copy_files);
  if (!opened.ok()) return std::move(opened).status().WithContext("external data");
  std::shared_ptr<const graph::File> file = std::move(opened).value();
  // Two ways to write the same path.
  for (const auto& known : files_) {
    if (known->IdentityOf(0, 0) == file->IdentityOf(0, 0)) file = known;
  }
  if (std::ranges::find(files_, file) == files_.end()) files_.push_back(file);
  by_location_[location] = file;
  return file;
}

}  // namespace tenon::model
