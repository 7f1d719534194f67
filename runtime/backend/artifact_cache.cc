// A file is {magic, digest of what follows, size of the key, key, zeros to a multiple of kAlignment},
// and then the bytes. It is written beside its place and renamed.
#include "artifact_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

#include "tenon/backend/digest.h"

namespace tenon::backend {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "tenonar2";
constexpr size_t kAlignment = 64;  // of the bytes in the file, so that they are aligned when mapped
constexpr size_t kDigestAt = 8, kKeyAt = 24;

// A name of one path element. What it cannot say is kept apart by a digest.
std::string FileName(std::string_view text, size_t longest) {
  std::string name;
  for (const char c : text.substr(0, longest)) {
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '_';
  }
  char digest[20];
  std::snprintf(digest, sizeof digest, "-%016llx", static_cast<unsigned long long>(Digest(text)));
  return name + digest;
}

Result<fs::path> PathOf(const HostTable& host, const std::string& key) {
  if (key.empty() || key.size() > 255) {
    return Status(Code::kInvalidArgument,
                  "a cache key has 1 to 255 characters, not " + std::to_string(key.size()));
  }
  const std::string folder = FileName(host.backend() + "-" + host.version(), 100);
  return fs::path(host.services().cache_directory) / folder / FileName(key, 100);
}

size_t HeaderSize(const std::string& key) {
  return (kKeyAt + key.size() + kAlignment - 1) / kAlignment * kAlignment;
}

std::string Header(const std::string& key, std::string_view bytes) {
  std::string header(kMagic);
  header.resize(HeaderSize(key));
  const uint64_t key_size = key.size();
  std::memcpy(header.data() + kKeyAt - sizeof key_size, &key_size, sizeof key_size);
  std::memcpy(header.data() + kKeyAt, key.data(), key.size());
  const uint64_t digest = Digest(bytes, Digest(header.substr(kKeyAt - sizeof key_size)));
  std::memcpy(header.data() + kDigestAt, &digest, sizeof digest);
  return header;
}

class File {
 public:
  explicit File(int handle) : handle_(handle) {}
  ~File() {
    if (handle_ >= 0) close(handle_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int handle() const { return handle_; }
  bool Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t done = write(handle_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(done));
    }
    return true;
  }

 private:
  int handle_;
};

// The whole file, mapped; empty where there is none.
Result<OwnedBytes> Map(const fs::path& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (file.handle() < 0 || fstat(file.handle(), &facts) != 0)
    return Status(Code::kNotFound, std::strerror(errno));
  const auto size = static_cast<size_t>(facts.st_size);
  if (size == 0) return OwnedBytes{};
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.handle(), 0);
  if (data == MAP_FAILED) return Status(Code::kNotFound, std::strerror(errno));
  return OwnedBytes{std::shared_ptr<const void>(data, [size](void* at) { munmap(at, size); }),
                    {static_cast<const char*>(data), size}};
}

}  // namespace

Result<OwnedBytes> CacheGet(const HostTable& host, const std::string& key) {
  if (host.services().cache_directory.empty()) {
    return Status(Code::kNotFound, "the artifact cache is off");
  }
  TENON_ASSIGN(const fs::path path, PathOf(host, key));
  Result<OwnedBytes> mapped = Map(path);
  if (!mapped.ok()) return Status(Code::kNotFound, "nothing is cached under '" + key + "'");
  OwnedBytes whole = std::move(mapped).value();
  const size_t header_size = HeaderSize(key);
  if (whole.bytes.size() < header_size ||
      whole.bytes.substr(0, header_size) != Header(key, whole.bytes.substr(header_size))) {
    const std::string why = path.string() + ": truncated, damaged or of another version of Tenon";
    host.Log(TENON_LOG_WARNING, "artifact cache: " + why + "; it is made again");
    return Status(Code::kNotFound, why);
  }
  return OwnedBytes{std::move(whole.owner), whole.bytes.substr(header_size)};
}

Status CachePut(const HostTable& host, const std::string& key, std::string_view bytes) {
  if (host.services().cache_directory.empty()) return {};
  TENON_ASSIGN(const fs::path path, PathOf(host, key));
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  // The address of a local tells the threads of this process apart.
  const std::string temporary = path.string() + "." + std::to_string(getpid()) + "." +
                                std::to_string(reinterpret_cast<uintptr_t>(&error)) + ".tmp";
  const File file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.handle() >= 0 && file.Write(Header(key, bytes)) && file.Write(bytes) &&
      rename(temporary.c_str(), path.c_str()) == 0) {
    return {};
  }
  const std::string why = std::strerror(errno);
  unlink(temporary.c_str());
  return Status(Code::kIo, path.string() + ": can't be written (" + why + ")");
}

}  // namespace tenon::backend
