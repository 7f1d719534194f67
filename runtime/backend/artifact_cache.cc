// The artifact cache. A file holds its digest, the key and the bytes; it is written beside its
// place and renamed, so that readers see all of it or nothing.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "host_table.h"

namespace tenon::backend {
namespace {

namespace fs = std::filesystem;

// FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv): finds damage, not attacks.
uint64_t Digest(std::string_view bytes) {
  uint64_t hash = 14695981039346656037ull;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ull;
  return hash;
}

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

std::string Header(const std::string& key) {
  const auto size = static_cast<uint32_t>(key.size());
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + key;
}

}  // namespace

Result<std::string> CacheGet(const HostTable& host, const std::string& key) {
  if (host.services().cache_directory.empty()) {
    return Status(Code::kNotFound, "the artifact cache is off");
  }
  TENON_ASSIGN(const fs::path path, PathOf(host, key));
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Code::kNotFound, "nothing is cached under '" + key + "'");
  std::ostringstream stream;
  stream << file.rdbuf();
  const std::string whole = std::move(stream).str();
  const std::string header = Header(key);
  uint64_t digest = 0;
  if (whole.size() < sizeof digest + header.size()) {
    return Status(Code::kNotFound, path.string() + ": truncated");
  }
  std::memcpy(&digest, whole.data(), sizeof digest);
  const std::string_view rest = std::string_view(whole).substr(sizeof digest);
  if (digest != Digest(rest)) return Status(Code::kNotFound, path.string() + ": damaged");
  if (!rest.starts_with(header)) return Status(Code::kNotFound, path.string() + ": of another key");
  return std::string(rest.substr(header.size()));
}

Status CachePut(const HostTable& host, const std::string& key, std::string_view bytes) {
  if (host.services().cache_directory.empty()) return {};
  TENON_ASSIGN(const fs::path path, PathOf(host, key));
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  // The address of a local tells the threads of this process apart.
  const fs::path temporary = path.string() + "." + std::to_string(getpid()) + "." +
                             std::to_string(reinterpret_cast<uintptr_t>(&error)) + ".tmp";
  std::string whole = Header(key);
  whole.append(bytes);
  const uint64_t digest = Digest(whole);
  std::ofstream file(temporary, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&digest), sizeof digest);
  file.write(whole.data(), static_cast<std::streamsize>(whole.size()));
  file.close();
  if (file) fs::rename(temporary, path, error);
  if (!file || error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    return Status(Code::kIo, path.string() + ": can't be written" +
                                 (error ? " (" + error.message() + ")" : std::string()));
  }
  return {};
}

}  // namespace tenon::backend
