#include "verb_backends_new.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "checks.h"
#include "failure.h"
#include "files.h"

namespace tenon::tools {
namespace {

// The prefix in which this program is installed; "PREFIX" where it is not.
std::string InstalledPrefix() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto prefix = program.parent_path().parent_path();
  const bool installed = !error && std::filesystem::exists(prefix / "include/tenon", error);
  return installed ? prefix.string() : "PREFIX";
}

void PrintNext(const NewBackend& backend, size_t files) {
  const std::string folder = backend.folder.string();
  fmt::print("{} files in {}/, a backend on a simulated device. Build and test it:\n\n", files,
             folder);
  fmt::print("  cmake -S {0} -B {0}/build -DCMAKE_PREFIX_PATH={1}\n", folder, InstalledPrefix());
  fmt::print("  cmake --build {0}/build\n  ctest --test-dir {0}/build\n\n", folder);
  fmt::print("Then {}/README.md leads from the simulated device to yours.\n", folder);
}

}  // namespace

int BackendsNew::Run() const {
  NewBackend made = backend;
  made.folder = output.empty() ? backend.name : output;
  const std::vector<std::string> files = Write(made);
  if (json) {
    const nlohmann::ordered_json out = {{"version", 1},          {"name", made.name},
                                        {"kind", made.kind},     {"lang", made.lang},
                                        {"folder", made.folder}, {"files", files}};
    PrintJson(out);
  } else {
    PrintNext(made, files.size());
  }
  return kOk;
}

std::shared_ptr<BackendsNew> AddBackendsNew(CLI::App& backends) {
  auto made = std::make_shared<BackendsNew>();
  made->backend.kind = "kernel";
  made->backend.lang = "c++";
  made->verb = backends.add_subcommand(
      "new", "Writes the project of a new backend, which builds and passes its tests at once");
  made->verb->add_option("name", made->backend.name, "Lower-case letters, digits and _")
      ->required()
      ->type_name("NAME");
  made->verb
      ->add_option("--kind", made->backend.kind, "Runs operators one by one, or compiles segments")
      ->check(OneOf({"kernel", "compiler"}))
      ->capture_default_str();
  made->verb->add_option("--lang", made->backend.lang, "Language of its sources")
      ->check(OneOf({"c", "c++"}))
      ->capture_default_str();
  made->verb->add_option("--output", made->output, "Folder (default: NAME)")->type_name("DIR");
  made->verb->add_flag("--json", made->json, "Print JSON on stdout");
  made->verb->footer("Example: tenon backends new acme --kind compiler --lang c");
  return made;
}

}  // namespace tenon::tools
