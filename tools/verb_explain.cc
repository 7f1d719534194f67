// tenon explain: which node runs where, and why not elsewhere.
#include <fmt/format.h>

#include "session_flags.h"
#include "verbs.h"

namespace tenon::tools {

void AddExplain(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Tells where each node runs, and why not on the backends before it");
  auto flags = std::make_shared<SessionFlags>();
  flags->AddTo(*verb, false);
  verb->footer(
      "Example: tenon explain model.onnx -b simulator,reference --set simulator.claim=seed:7");
  verb->callback([flags, &action] {
    action = [flags] {
      const OpenedSession opened = Open(*flags);
      const std::string text =
          opened.session->Explain(flags->json ? TENON_FORMAT_JSON : TENON_FORMAT_TEXT);
      fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace tenon::tools
