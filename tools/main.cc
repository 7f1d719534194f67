// `tenon`: runs, measures and explains models. Results go to stdout, messages to stderr; exit codes are in failure.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "failure.h"
#include "help.h"
#include "nearest.h"
#include "tenon/runtime/tenon.hpp"
#include "verbs.h"

namespace tenon::tools {
namespace {

// The first argument that nothing knows, with the nearest that is known.
std::string Suggest(const CLI::App& app, int argc, char** argv) {
  const CLI::App* scope = &app;
  std::vector<std::string> known;
  for (const CLI::App* verb : app.get_subcommands({})) known.push_back(verb->get_name());
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (scope == &app && word == "help") return "it is tenon --help, or tenon VERB --help";
    if (scope == &app && word.starts_with('-'))
      return fmt::format("no option '{}' before the verb; it is tenon VERB {}", word, word);
    if (scope == &app) {
      const auto verbs =
          app.get_subcommands([&](const CLI::App* verb) { return verb->get_name() == word; });
      const CLI::App* verb = verbs.empty() ? nullptr : verbs.front();
      if (!verb) {
        const std::string nearest = DidYouMean(word, known);
        return fmt::format("no verb '{}'{}", word,
                           nearest.empty() ? "; tenon --help lists them" : nearest);
      }
      scope = verb;
      continue;
    }
    if (!word.starts_with('-')) {  // a verb of a verb: backends info
      const auto below =
          scope->get_subcommands([&](const CLI::App* verb) { return verb->get_name() == word; });
      if (!below.empty()) {
        scope = below.front();
      } else if (const auto verbs = scope->get_subcommands({}); !verbs.empty() && i == 2) {
        known.clear();
        for (const CLI::App* verb : verbs) known.push_back(verb->get_name());
        return fmt::format("{}: no verb '{}'{}; there are: {}", scope->get_name(), word,
                           DidYouMean(word, known), fmt::join(known, ", "));
      }
      continue;
    }
    if (!word.starts_with("--")) continue;
    const std::string flag = word.substr(0, word.find('='));
    std::vector<std::string> flags;
    for (const CLI::Option* option : scope->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
    if (std::find(flags.begin(), flags.end(), flag) == flags.end()) {
      const std::string nearest = DidYouMean(flag, flags);
      return fmt::format("no option '{}'{}", flag,
                         nearest.empty() ? "; --help lists them" : nearest);
    }
  }
  return {};
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Runs ONNX models on backends that are loaded at run time, measures them, and explains where "
      "nodes run.");
  app.name("tenon");
  app.set_version_flag("--version", std::string("tenon ") + tenon_version());
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(
      "Begin with: tenon run MODEL.onnx; tenon bench MODEL.onnx; tenon VERB --help tells more.\n"
      "Exit codes: 0 ok, 1 mismatch or regression, 2 usage, 3 model rejected, 4 backend failed or "
      "budget exceeded, 5 inconclusive or output not writable.\n"
      "Environment: TENON_ADD_BACKEND_FILES (shared objects or manifests, joined by :, besides "
      "those that are found), TENON_BACKEND_FILES (instead of them), TENON_BACKENDS_SELECT, "
      "TENON_BACKENDS_DISABLE (names or patterns, joined by a comma), TENON_LAYERS=validate "
      "(checks backends against the rules of the ABI), TENON_ARTIFACT_CACHE (as --cache).");
  Action action;
  AddRun(app, action);
  AddBench(app, action);
  AddProfile(app, action);
  AddExplain(app, action);
  AddInspect(app, action);
  AddVerify(app, action);
  AddCompare(app, action);
  AddBackends(app, action);
  AddOps(app, action);
  AddDoctor(app, action);
  AddCompletion(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    action = [&app, wanted] { return app.exit(wanted); };
  } catch (const CLI::ParseError& error) {
    const std::string hint = argc > 1 ? Suggest(app, argc, argv) : "";
    if (argc < 2)
      fmt::print(stderr, "{}", app.help());
    else
      fmt::print(stderr, "tenon: {}\n", hint.empty() ? error.what() : hint);
    return kUsage;
  }
  const int code = action();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Failure(kNotWritable, fmt::format("stdout: can't be written: {}", std::strerror(errno)));
  return code;
}

}  // namespace
}  // namespace tenon::tools

int main(int argc, char** argv) {
  try {
    return tenon::tools::Main(argc, argv);
  } catch (const tenon::tools::Failure& failure) {
    fmt::print(stderr, "tenon: {}\n", failure.what());
    return failure.code();
  } catch (const std::exception& error) {
    fmt::print(stderr, "tenon: {}\n", error.what());
    return std::ferror(stdout) ? tenon::tools::kNotWritable : tenon::tools::kBackendFailed;
  }
}
