// tenon completion: what a shell needs to complete the command line, made from the verbs themselves.
#include <fmt/format.h>

#include "failure.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

struct Words {
  std::string path;  // "backends info"
  std::vector<std::string> verbs, flags;
  std::vector<std::string> value_flags;  // of the flags, those that take a value
};

void Collect(const CLI::App& app, const std::string& path, std::vector<Words>& out) {
  Words words{path, {}, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.flags.push_back("--" + name);
      if (option->get_items_expected_max() > 0) words.value_flags.push_back("--" + name);
    }
    for (const std::string& name : option->get_snames()) {
      words.flags.push_back("-" + name);
      if (option->get_items_expected_max() > 0) words.value_flags.push_back("-" + name);
    }
  }
  const std::vector<const CLI::App*> verbs =
      app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* verb : verbs) words.verbs.push_back(verb->get_name());
  out.push_back(std::move(words));
  for (const CLI::App* verb : verbs)
    Collect(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name(), out);
}

// Completes verbs, flags, and files where neither fits; asks the program for backends after -b.
std::string Bash(const std::vector<Words>& all) {
  std::string cases;
  for (const Words& words : all) {
    cases += fmt::format("    '{}') verbs='{}' flags='{}' valued='{}' ;;\n", words.path,
                         fmt::join(words.verbs, " "), fmt::join(words.flags, " "),
                         fmt::join(words.value_flags, " "));
  }
  return R"bash(# bash completion of tenon: source <(tenon completion bash)
_tenon_words() {
  case $1 in
)bash" + cases +
         R"bash(    *) verbs= flags= valued= ;;
  esac
}
_tenon() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= verbs flags valued word i
  _tenon_words ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ " $verbs " == *" $word "* ]]; then
      path=${path:+$path }$word
      _tenon_words "$path"
    fi
  done
  COMPREPLY=()
  local words=$flags head=
  case $previous in
    -b | --backends)
      words=$("${COMP_WORDS[0]}" backends list 2>/dev/null | cut -d' ' -f1)
      if [[ $current == *[,+]* ]]; then
        word=${current##*[,+]}
        head=${current%"$word"}
        current=$word
      fi ;;
    --class) words='strict standard fast' ;;
    --fallback) words='report forbid' ;;
    --stage) words='imported canonical optimised placed program' ;;
    --lang) words='c c++' ;;
    --kind) words='kernel compiler' ;;
    completion) words='bash zsh' ;;
    *)
      if [[ $previous == -* && " $valued " == *" $previous "* ]]; then
        words=
      elif [[ $current != -* ]]; then
        words=$verbs
      fi ;;
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -P "$head" -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _tenon tenon
)bash";
}

// zsh runs bash's completion by its own bashcompinit.
std::string Zsh(const std::vector<Words>& all) {
  return "#compdef tenon\n# zsh completion of tenon: source <(tenon completion zsh)\n"
         "autoload -Uz compinit bashcompinit\n"
         "(( $+functions[compdef] )) || compinit\nbashcompinit\n" +
         Bash(all);
}

}  // namespace

void AddCompletion(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("completion", "Prints the completion script of a shell");
  auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh"}));
  verb->footer("Example: source <(tenon completion bash)");
  verb->callback([shell, &app, &action] {
    action = [shell, &app] {
      std::vector<Words> words;
      Collect(app, "", words);
      fmt::print("{}", *shell == "bash" ? Bash(words) : Zsh(words));
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace tenon::tools
