#include <dlfcn.h>
#include <fnmatch.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tenon/backend/backend.h"

namespace tenon::backend {
namespace {

namespace fs = std::filesystem;

// The folder of the file that this code is in: libtenon.so, or the program that it is linked into.
fs::path OwnFolder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void*>(&Discover), &info) || !info.dli_fname) return {};
  std::error_code error;
  fs::path path = fs::canonical(info.dli_fname, error);
  if (error) path = fs::canonical("/proc/self/exe", error);
  return error ? fs::path() : path.parent_path();
}

std::vector<fs::path> Folders(Discovery where) {
  if (where == Discovery::kSystem) return {"/etc/tenon/backends.d", "/usr/lib/tenon/backends.d"};
  const fs::path own = OwnFolder();
  if (where == Discovery::kNone || own.empty()) return {};
  return {own / "tenon/backends.d", own.parent_path() / "lib/tenon/backends.d"};
}

Result<Manifest> ReadManifest(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Code::kNotFound, path.string() + ": no such manifest, or not readable");
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("backend") || !json["backend"].is_object()) {
    return Status(Code::kInvalidArgument, path.string() + ": not a manifest (JSON with an object \"backend\")");
  }
  const auto& backend = json["backend"];
  const auto text = [&](const char* key) {
    return backend.contains(key) && backend[key].is_string() ? backend[key].get<std::string>() : std::string();
  };
  Manifest manifest;
  manifest.name = text("name");
  manifest.vendor = text("vendor");
  manifest.manifest_path = path.string();
  const std::string library = text("library_path");
  if (manifest.name.empty() || library.empty()) {
    return Status(Code::kInvalidArgument, path.string() + ": \"backend\" needs \"name\" and \"library_path\"");
  }
  manifest.library_path = (path.parent_path() / library).lexically_normal().string();
  if (backend.contains("devices") && backend["devices"].is_array()) {
    for (const auto& device : backend["devices"]) {
      if (device.is_string()) manifest.devices.push_back(device.get<std::string>());
    }
  }
  manifest.threads = backend.contains("threads") && backend["threads"].is_boolean() && backend["threads"].get<bool>();
  return manifest;
}

// A library that was named directly: what its note says is its manifest.
Manifest FromLibrary(const std::string& path) {
  Manifest manifest;
  manifest.library_path = fs::absolute(path).lexically_normal().string();
  Result<tenon_note> note = ReadNote(manifest.library_path);
  if (note.ok()) {
    manifest.name = note->name;
    manifest.vendor = note->vendor;
  } else {
    manifest.name = fs::path(path).stem().string();
  }
  return manifest;
}

void Add(const std::string& path, DiscoveryResult* result) {
  if (!path.ends_with(".json")) {
    result->manifests.push_back(FromLibrary(path));
    return;
  }
  Result<Manifest> manifest = ReadManifest(fs::absolute(path));
  if (manifest.ok()) result->manifests.push_back(std::move(manifest).value());
  else result->refusals.push_back({path, std::move(manifest).status()});
}

void AddFolder(const fs::path& folder, DiscoveryResult* result) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) Add(file.string(), result);
}

// A variable's parts between ':' (files) or ',' (globs); nothing with raised privileges.
std::vector<std::string> FromEnvironment(const char* variable, char separator) {
  std::vector<std::string> parts;
  const char* value = getauxval(AT_SECURE) ? nullptr : std::getenv(variable);
  std::istringstream stream(value ? value : "");
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool MatchesAny(const std::string& name, const std::vector<std::string>& globs) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

}  // namespace

DiscoveryResult Discover(const DiscoveryOptions& options) {
  DiscoveryResult result;
  const auto only = options.use_environment ? FromEnvironment("TENON_BACKEND_FILES", ':') : std::vector<std::string>();
  for (const std::string& file : only) Add(file, &result);
  if (only.empty()) {
    for (const fs::path& folder : Folders(options.where)) AddFolder(folder, &result);
  }
  for (const std::string& file : options.files) Add(file, &result);
  if (!options.use_environment) return result;
  for (const std::string& file : FromEnvironment("TENON_ADD_BACKEND_FILES", ':')) Add(file, &result);
  const auto select = FromEnvironment("TENON_BACKENDS_SELECT", ',');
  const auto disable = FromEnvironment("TENON_BACKENDS_DISABLE", ',');
  std::erase_if(result.manifests, [&](const Manifest& manifest) {
    return (!select.empty() && !MatchesAny(manifest.name, select)) || MatchesAny(manifest.name, disable);
  });
  return result;
}

}  // namespace tenon::backend
