#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "host_table.h"

namespace tenon::backend {
namespace {

// FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv): finds damage, not attacks.
uint64_t Digest(std::string_view bytes) {
  uint64_t hash = 14695981039346656037ull;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ull;
  return hash;
}

Result<std::filesystem::path> PathOf(const HostTable& host, const std::string& key) {
  if (host.services().cache_directory.empty()) return Status(Code::kNotFound, "the artifact cache is off");
  if (key.empty() || key.size() > 255) {
    return Status(Code::kInvalidArgument, "a cache key has 1 to 255 characters, not " + std::to_string(key.size()));
  }
  std::string file;
  for (const char c : key) file += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '_';
  char digest[20];
  std::snprintf(digest, sizeof digest, "-%016llx", static_cast<unsigned long long>(Digest(key)));
  return std::filesystem::path(host.services().cache_directory) / (host.backend() + "-" + host.version()) /
         (file.substr(0, 120) + digest);
}

}  // namespace

Result<std::string> CacheGet(const HostTable& host, const std::string& key) {
  TENON_ASSIGN(const std::filesystem::path path, PathOf(host, key));
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Code::kNotFound, "nothing is cached under '" + key + "'");
  std::ostringstream stream;
  stream << file.rdbuf();
  std::string bytes = std::move(stream).str();
  uint64_t digest = 0;
  if (bytes.size() < sizeof digest) return Status(Code::kNotFound, path.string() + ": truncated");
  std::memcpy(&digest, bytes.data(), sizeof digest);
  bytes.erase(0, sizeof digest);
  if (digest != Digest(bytes)) return Status(Code::kNotFound, path.string() + ": damaged");
  return bytes;
}

Status CachePut(const HostTable& host, const std::string& key, std::string_view bytes) {
  if (host.services().cache_directory.empty()) return {};
  TENON_ASSIGN(const std::filesystem::path path, PathOf(host, key));
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  // Written beside it and renamed, so that readers see all of it or nothing.
  const std::filesystem::path temporary = path.string() + "." + std::to_string(getpid()) + "." +
                                          std::to_string(reinterpret_cast<uintptr_t>(&error)) + ".tmp";
  const uint64_t digest = Digest(bytes);
  std::ofstream file(temporary, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&digest), sizeof digest);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) std::filesystem::rename(temporary, path, error);
  if (!file || error) {
    std::filesystem::remove(temporary, error);
    return Status(Code::kIo, path.string() + ": can't be written");
  }
  return {};
}

}  // namespace tenon::backend
