// A new backend's project, written from the templates inside the program.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::tools {

struct NewBackend {
  std::string name;
  std::string kind;  // "kernel" or "compiler"
  std::string lang;  // "c" or "c++"
  std::filesystem::path folder;
};

// The name that comes nearest to `wanted` and may be one: lower-case letters, digits and _, a letter first, at most 31;
// "host", "reference" and "simulator" are Tenon's. "" where nothing of it is left.
std::string NearestBackendName(const std::string& wanted);
// Writes the project; gives its files, sorted, as paths in the folder. Throws Failure: kUsage where the name can't be one
// or the folder has something in it, kNotWritable.
std::vector<std::string> Write(const NewBackend& backend);

}  // namespace tenon::tools
