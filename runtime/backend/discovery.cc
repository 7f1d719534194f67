#include <dlfcn.h>
#include <fnmatch.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "library.h"
#include "tenon/backend/backend.h"

namespace tenon::backend {
namespace {

namespace fs = std::filesystem;

// The folder of the file that this code is in: libtenon.so, or the program that it is linked into.
fs::path OwnFolder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void*>(&Discover), &info) || !info.dli_fname) return {};
  // Of a program the loader knows only how it was called: a relative name must not lead into the
  // working directory.
  const bool absolute = info.dli_fname[0] == '/';
  std::error_code error;
  const fs::path path = fs::canonical(absolute ? info.dli_fname : "/proc/self/exe", error);
  return error ? fs::path() : path.parent_path();
}

std::vector<fs::path> Folders(Discovery where) {
  if (where == Discovery::kSystem) return {"/etc/tenon/backends.d", "/usr/lib/tenon/backends.d"};
  const fs::path own = OwnFolder();
  if (where == Discovery::kNone || own.empty()) return {};
  const fs::path beside = own / "tenon/backends.d",
                 installed = own.parent_path() / "lib/tenon/backends.d";
  return beside == installed ? std::vector<fs::path>{beside}
                             : std::vector<fs::path>{beside, installed};
}

// Whether the manifest's ABI range, where it gives one, meets this host's; else why not.
Status CheckAbi(const fs::path& path, const nlohmann::json& backend) {
  const auto abi = backend.find("abi");
  if (abi == backend.end() || !abi->is_object()) return {};
  const auto number = [&](const char* key, int64_t otherwise) {
    const auto found = abi->find(key);
    return found != abi->end() && found->is_number_integer() ? found->get<int64_t>() : otherwise;
  };
  const int64_t major = number("major", TENON_ABI_MAJOR);
  const int64_t least = number("minor_min", 0), most = number("minor_max", INT64_MAX);
  if (major == TENON_ABI_MAJOR && least <= TENON_ABI_MINOR && most >= TENON_ABI_MINOR_LEAST)
    return {};
  return Status(
      Code::kIncompatible,
      path.string() + ": speaks ABI " + std::to_string(major) + "." + std::to_string(least) +
          " to " + std::to_string(major) + "." + std::to_string(most) + ", this host accepts " +
          std::to_string(TENON_ABI_MAJOR) + "." + std::to_string(TENON_ABI_MINOR_LEAST) + " to " +
          std::to_string(TENON_ABI_MAJOR) + "." + std::to_string(TENON_ABI_MINOR));
}

// A library that was named directly: what its note says is its manifest. Nothing is loaded to learn its name.
Result<Manifest> FromLibrary(const std::string& path) {
  Manifest manifest;
  manifest.library_path = fs::absolute(path).lexically_normal().string();
  TENON_ASSIGN(const tenon_note note, ReadNote(manifest.library_path));
  manifest.name = note.name;
  manifest.vendor = note.vendor;
  return manifest;
}

// Of two backends of one name the first stays; a library that is found twice is found once.
Status CheckNew(const Manifest& manifest, const DiscoveryResult& result) {
  for (const Manifest& known : result.manifests) {
    if (known.name != manifest.name || known.library_path == manifest.library_path) continue;
    const bool named = manifest.manifest_path.empty();
    return Status(Code::kFailedPrecondition,
                  (named ? manifest.library_path : manifest.manifest_path) + ": backend " +
                      manifest.name + " is there already, from " + known.library_path);
  }
  return {};
}

// A manifest whose library is there and says, in its note, the same name. One without a note is asked when it is loaded.
Result<Manifest> FromManifest(const std::string& path) {
  TENON_ASSIGN(Manifest manifest, ReadManifest(path));
  const std::string where = manifest.manifest_path + ": its library " + manifest.library_path;
  std::error_code error;
  if (!fs::exists(manifest.library_path, error))
    return Status(Code::kNotFound,
                  where + " does not exist; \"library_path\" is relative to the manifest");
  const Result<tenon_note> note = ReadNote(manifest.library_path);
  if (note.ok() && manifest.name != note->name) {
    return Status(Code::kIncompatible, where + " is the backend '" + note->name +
                                           "', but the manifest's \"name\" is '" + manifest.name +
                                           "'");
  }
  return manifest;
}

void Add(const std::string& path, DiscoveryResult* result) {
  Result<Manifest> manifest = path.ends_with(".json") ? FromManifest(path) : FromLibrary(path);
  Status why = manifest.ok() ? CheckNew(*manifest, *result) : std::move(manifest).status();
  if (!why.ok()) {
    result->refusals.push_back({path, std::move(why)});
    return;
  }
  const bool known = std::ranges::any_of(result->manifests, [&](const Manifest& other) {
    return other.library_path == manifest->library_path;
  });
  if (!known) result->manifests.push_back(std::move(manifest).value());
}

// Of two backends of one name, one that was named as a file is meant rather than one that was found.
void Prefer(DiscoveryResult named, DiscoveryResult* result) {
  std::erase_if(result->manifests, [&](const Manifest& found) {
    return std::ranges::find(named.manifests, found.name, &Manifest::name) != named.manifests.end();
  });
  std::ranges::move(named.manifests, std::back_inserter(result->manifests));
  std::ranges::move(named.refusals, std::back_inserter(result->refusals));
}

void AddFolder(const fs::path& folder, DiscoveryResult* result) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".json") files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) Add(file.string(), result);
}

// A variable's parts between ':' (files) or ',' (globs); nothing with raised privileges.
std::vector<std::string> FromEnvironment(const char* variable, char separator) {
  std::vector<std::string> parts;
  const char* value = getauxval(AT_SECURE) ? nullptr : secure_getenv(variable);
  std::istringstream stream(value ? value : "");
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool MatchesAny(const std::string& name, const std::vector<std::string>& globs) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace

Result<Manifest> ReadManifest(const std::string& file) {
  const fs::path path = fs::absolute(file);
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return Status(Code::kNotFound, path.string() + ": no such manifest, or not readable");
  constexpr size_t kLargest = 1 << 20;
  std::string text_of_file(kLargest, '\0');
  stream.read(text_of_file.data(), static_cast<std::streamsize>(kLargest));
  text_of_file.resize(static_cast<size_t>(stream.gcount()));
  const nlohmann::json json = nlohmann::json::parse(text_of_file, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("backend") ||
      !json["backend"].is_object()) {
    return Status(Code::kInvalidArgument,
                  path.string() + ": not a manifest (JSON with an object \"backend\")");
  }
  const std::string version = json.value("file_format_version", nlohmann::json()).is_string()
                                  ? json["file_format_version"].get<std::string>()
                                  : std::string();
  if (!version.starts_with("1.")) {
    return Status(Code::kIncompatible, path.string() + ": \"file_format_version\" is '" + version +
                                           "', this host reads 1.x");
  }
  const auto& backend = json["backend"];
  TENON_RETURN_IF_ERROR(CheckAbi(path, backend));
  const auto text = [&](const char* key) {
    return backend.contains(key) && backend[key].is_string() ? backend[key].get<std::string>()
                                                             : std::string();
  };
  Manifest manifest;
  manifest.name = text("name");
  manifest.vendor = text("vendor");
  manifest.manifest_path = path.string();
  const std::string library = text("library_path");
  if (manifest.name.empty() || library.empty()) {
    return Status(Code::kInvalidArgument,
                  path.string() + ": \"backend\" needs \"name\" and \"library_path\"");
  }
  manifest.library_path = (path.parent_path() / library).lexically_normal().string();
  if (backend.contains("devices") && backend["devices"].is_array()) {
    for (const auto& device : backend["devices"]) {
      if (device.is_string()) manifest.devices.push_back(device.get<std::string>());
    }
  }
  manifest.threads = backend.contains("threads") && backend["threads"].is_boolean() &&
                     backend["threads"].get<bool>();
  return manifest;
}

DiscoveryResult Discover(const DiscoveryOptions& options) {
  DiscoveryResult result;
  const auto only = options.use_environment ? FromEnvironment("TENON_BACKEND_FILES", ':')
                                            : std::vector<std::string>();
  for (const std::string& file : only) Add(file, &result);
  if (only.empty()) {
    for (const fs::path& folder : Folders(options.where)) AddFolder(folder, &result);
  }
  DiscoveryResult named;
  for (const std::string& file : options.files) Add(file, &named);
  if (options.use_environment) {
    for (const std::string& file : FromEnvironment("TENON_ADD_BACKEND_FILES", ':'))
      Add(file, &named);
  }
  Prefer(std::move(named), &result);
  if (!options.use_environment) return result;
  const auto select = FromEnvironment("TENON_BACKENDS_SELECT", ',');
  const auto disable = FromEnvironment("TENON_BACKENDS_DISABLE", ',');
  std::erase_if(result.manifests, [&](const Manifest& manifest) {
    return (!select.empty() && !MatchesAny(manifest.name, select)) ||
           MatchesAny(manifest.name, disable);
  });
  return result;
}

}  // namespace tenon::backend
